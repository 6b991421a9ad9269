from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import pytest

from heartbox.server.app import Settings
from unit.server.sectors import TUS, Api, at, make_sector, running

SENT = make_sector()
OTHER = make_sector(1)


def _post(api: Api, upload: str, fields: Any) -> tuple[int, Any]:
    answer = api.client.post("/api/jobs", json={"upload": upload, "fields": fields})
    return answer.status_code, answer.json()


def test_a_sector_becomes_a_job_with_results(api: Api) -> None:
    answer = api.client.post("/api/jobs", json={"upload": api.upload(SENT), "fields": SENT.fields})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/api/jobs/{answer.json()['id']}"
    job = api.ended(answer.headers["Location"])
    assert (job["state"], job["verdict"], job["progress"]) == ("done", "degraded", 1.0)
    assert [warning["code"] for warning in job["warnings"]] == ["arch-not-found"]
    assert job["sector_sha256"] == SENT.sha256
    assert api.client.get("/api/jobs").json() == [job]


def test_a_result_comes_with_its_digest_as_a_strong_tag(api: Api) -> None:
    place = api.job(SENT)
    (result,) = api.ended(place)["results"]
    url = f"{place}/results/{result['name']}"
    answer = api.client.get(url)
    assert hashlib.sha256(answer.content).hexdigest() == result["sha256"]
    assert answer.headers["ETag"] == f'"{result["sha256"]}"'
    assert answer.headers["Content-Type"] == result["media_type"]
    assert len(answer.content) == result["bytes"]
    known = api.client.get(url, headers={"If-None-Match": answer.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert api.client.get(f"{place}/results/..%2F..%2Fheartbox.db").json()["code"] == "route-unknown"
    assert api.client.get(f"{place}/results/none.json").json()["code"] == "result-unknown"


def test_a_result_that_was_damaged_on_the_disk_is_not_given_out(api: Api) -> None:
    place = api.job(SENT)
    (result,) = api.ended(place)["results"]
    (path,) = (api.kept.folders.root / "results").rglob(result["sha256"])
    path.write_bytes(b"{" + path.read_bytes()[1:-1] + b" ")
    for _ in range(2):
        answer = api.client.get(f"{place}/results/{result['name']}")
        assert (answer.status_code, answer.json()["code"]) == (500, "result-damaged")
        path.unlink(missing_ok=True)


def test_the_same_sector_twice_is_one_job_and_one_file(api: Api) -> None:
    place = api.job(SENT)
    first = api.ended(place)
    assert api.job(SENT) == place
    assert api.client.get(place).json() == first
    assert len(api.kept.folders.uploads()) == 1


def test_an_answer_that_was_lost_can_be_asked_for_again(api: Api) -> None:
    upload = api.upload(SENT)
    first, again = (_post(api, upload, SENT.fields) for _ in range(2))
    assert first[0] == again[0] == 202
    assert first[1]["id"] == again[1]["id"]
    assert api.kept.folders.uploads() == [upload]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"PatientName": "DOE^JANE"}, "sector-unfit"),
        ({"schema": "heartbox.sector/9"}, "sector-unfit"),
        ({"margin_mm": [-1, 0, 0, 0, 0, 0]}, "sector-unfit"),
        ({"shape_zyx": [24, 24, 25]}, "sector-unfit"),
        ({"affine_lps": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]}, "sector-unfit"),
        ({"sha256": OTHER.sha256}, "sector-unfit"),
    ],
)
def test_fields_that_do_not_fit_their_sector_are_refused(
    api: Api, changed: dict[str, Any], code: str
) -> None:
    status, problem = _post(api, api.upload(SENT), {**SENT.fields, **changed})
    assert (status, problem["code"]) == (422, code)
    assert "DOE" not in str(problem)
    assert "Patient" not in str(problem)
    assert api.client.get("/api/jobs").json() == []


def test_a_sector_that_is_not_whole_becomes_no_job(api: Api) -> None:
    place = api.create(SENT)
    api.client.patch(place, content=SENT.data[:100], headers=at(0))
    status, problem = _post(api, place.rsplit("/", 1)[1], SENT.fields)
    assert (status, problem["code"]) == (409, "upload-incomplete")
    assert api.offset(place) == 100


@pytest.mark.parametrize("flipped", [40, -20])
def test_one_bit_that_changed_on_the_disk_is_found(tmp_path: Path, flipped: int) -> None:
    """Between two servers: the one that follows judges the file anew."""
    settings = Settings(tmp_path, page=None)
    with running(settings) as api:
        upload = api.upload(SENT)
        path = api.kept.folders.upload(upload) / "sector.nrrd"
    data = bytearray(path.read_bytes())
    data[flipped] ^= 1
    path.write_bytes(bytes(data))
    with running(settings) as api:
        status, problem = _post(api, upload, SENT.fields)
        assert status == 422
        assert problem["code"] in ("digest-mismatch", "nrrd-unreadable")
        assert api.client.head(f"/api/uploads/{upload}", headers=TUS).status_code == 404


def test_a_sound_upload_outlives_its_server(tmp_path: Path) -> None:
    settings = Settings(tmp_path, page=None)
    with running(settings) as api:
        upload = api.upload(SENT)
    with running(settings) as api:
        assert _post(api, upload, SENT.fields)[0] == 202


def test_deleting_removes_rows_sector_and_results(api: Api) -> None:
    place = api.job(SENT)
    api.ended(place)
    assert api.client.delete(place).status_code == 204
    gone = (("GET", place), ("DELETE", place), ("POST", f"{place}/cancel"), ("GET", f"{place}/events"))
    for method, path in gone:
        answer = api.client.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "job-unknown")
    assert api.client.get("/api/jobs").json() == []
    kept = [path for name in ("uploads", "results") for path in (api.kept.folders.root / name).rglob("*")]
    assert kept == []
    rows = b"".join(path.read_bytes() for path in api.kept.folders.root.glob("heartbox.db*"))
    assert b"CREATE TABLE" in rows
    assert SENT.sha256.encode() not in rows


def test_a_finished_job_is_not_cancelled(api: Api) -> None:
    place = api.job(SENT)
    api.ended(place)
    answer = api.client.post(f"{place}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "job-over")


def test_a_running_job_is_cancelled_and_begins_anew_when_sent_again(tmp_path: Path) -> None:
    with running(Settings(tmp_path, page=None), work="unit.jobs.works:slow") as api:
        place = api.job(SENT)
        assert api.client.post(f"{place}/cancel").json()["state"] == "cancelled"
        assert api.ended(place)["results"] == []
        (tmp_path / "go").touch()
        assert api.job(SENT) == place
        assert api.ended(place)["state"] == "done"


def test_ten_thousand_ranges_cost_nothing(api: Api) -> None:
    place = api.job(SENT)
    (result,) = api.ended(place)["results"]
    begun = time.monotonic()
    many = {"Range": "bytes=" + ",".join(f"{start}-{start + 1}" for start in range(10_000))}
    answer = api.client.get(f"{place}/results/{result['name']}", headers=many)
    assert answer.status_code in (200, 206, 400, 416, 422)
    assert len(answer.content) < 1 << 20
    assert time.monotonic() - begun < 5
    few = api.client.get(f"{place}/results/{result['name']}", headers={"Range": "bytes=0-3"})
    assert (few.status_code, len(few.content)) == (206, 4)
