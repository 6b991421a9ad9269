from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from heartbox.jobs.folders import Folders, aside, is_id, new_id, remove
from heartbox.problems import Problem


def test_one_server_holds_a_data_folder(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "data")
    with pytest.raises(Problem) as caught:
        Folders(tmp_path / "data")
    assert caught.value.code == "data-in-use"
    folders.close()
    Folders(tmp_path / "data").close()


def test_a_killed_server_lets_the_folder_go(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from heartbox.jobs.folders import Folders;"
        "folders = Folders(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    Folders(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        Folders(tmp_path / "file" / "data")
    assert caught.value.code == "storage-unwritable"


@pytest.mark.parametrize("text", ["", "..", "../" + "a" * 29, "a" * 31, "A" * 32, "a" * 33, "a" * 31 + "\n"])
def test_only_an_id_becomes_a_path(tmp_path: Path, text: str) -> None:
    folders = Folders(tmp_path)
    assert not is_id(text)
    with pytest.raises(ValueError, match="no id"):
        folders.upload(text)
    with pytest.raises(ValueError, match="no id"):
        folders.results(text)
    folders.close()


def test_what_was_not_whole_goes_at_the_next_start(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    whole, half = folders.upload(new_id()), aside(folders.results(new_id()))
    for folder in (whole, half):
        folder.mkdir()
        (folder / "file").write_text("x", encoding="utf-8")
    folders.close()
    folders = Folders(tmp_path)
    assert (whole.exists(), half.exists()) == (True, False)
    assert folders.uploads() == [whole.name]
    folders.close()


def test_removed_means_removed(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "file").write_text("x", encoding="utf-8")
    remove(folder)
    remove(folder)
    assert list(tmp_path.iterdir()) == []
