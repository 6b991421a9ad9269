from __future__ import annotations

import json
from pathlib import Path

import pytest

from heartbox.server.app import Settings
from unit.server.sectors import Api, running


def test_without_an_example_there_is_none(api: Api) -> None:
    for path in ("/api/example", "/api/example/1.dcm"):
        answer = api.client.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, "example-missing")


def test_the_examples_files_are_listed_and_given_out(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    folder.mkdir()
    (folder / "2.dcm").write_bytes(b"two")
    (folder / "1.dcm").write_bytes(b"1")
    (folder / ".hidden").write_bytes(b"no")
    (folder / "link.dcm").symlink_to("/etc/passwd")
    about = {"name": "A chest", "attribution": "A collection, CC BY 3.0"}
    (folder / ".example.json").write_text(json.dumps(about), encoding="utf-8")
    with running(Settings(tmp_path / "data", folder, page=None)) as api:
        files = [{"name": "1.dcm", "bytes": 1}, {"name": "2.dcm", "bytes": 3}]
        assert api.client.get("/api/example").json() == {**about, "files": files}
        answer = api.client.get("/api/example/2.dcm")
        assert (answer.content, answer.headers["Content-Type"]) == (b"two", "application/octet-stream")
        for name in (".hidden", "link.dcm", ".example.json", "..%2Fdata%2Fheartbox.db", "none.dcm"):
            assert api.client.get(f"/api/example/{name}").status_code == 404


def test_an_example_without_a_card_has_a_plain_name(tmp_path: Path) -> None:
    (tmp_path / "DOE^JANE").mkdir()
    (tmp_path / "DOE^JANE" / "1.dcm").write_bytes(b"1")
    with running(Settings(tmp_path / "data", tmp_path / "DOE^JANE", page=None)) as api:
        told = api.client.get("/api/example").json()
        assert (told["name"], told["attribution"]) == ("Example study", "")


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_a_folder_without_files_is_no_example(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    with running(Settings(tmp_path / "data", tmp_path / folder, page=None)) as api:
        assert api.client.get("/api/example").status_code == 404
