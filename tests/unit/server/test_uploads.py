from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox.contract import limit
from heartbox.server.app import Settings
from unit.server.sectors import TUS, Api, announce, at, make_sector, metadata, running

SENT = make_sector()
WHOLE = len(SENT.data)
HALF = WHOLE // 2


def test_options_tell_what_is_spoken(api: Api) -> None:
    answer = api.client.options("/api/uploads")
    assert answer.status_code == 204
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,termination"
    assert int(answer.headers["Tus-Max-Size"]) == limit("upload_bytes")


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"Tus-Resumable": "0.2.2"}, 412, "upload-version-unfit"),
        ({"Tus-Resumable": ""}, 412, "upload-version-unfit"),
        ({"Upload-Length": "-5"}, 400, "upload-unfit"),
        ({"Upload-Length": ""}, 400, "upload-unfit"),
        ({"Upload-Length": "0"}, 400, "upload-unfit"),
        ({"Upload-Length": "1e3"}, 400, "upload-unfit"),
        ({"Upload-Length": str(2**62)}, 400, "upload-unfit"),
        ({"Upload-Length": "314572801"}, 413, "too-large"),
        ({"Upload-Metadata": ""}, 400, "upload-unfit"),
        ({"Upload-Metadata": "sha256"}, 400, "upload-unfit"),
        ({"Upload-Metadata": "sha256 !!!"}, 400, "upload-unfit"),
        ({"Upload-Metadata": metadata("A" * 64)}, 400, "upload-unfit"),
        ({"Upload-Metadata": metadata("a" * 63)}, 400, "upload-unfit"),
        ({"Upload-Metadata": metadata("a" * 64) + ",filename RE9FXkpBTkU="}, 400, "upload-unfit"),
        ({"Upload-Metadata": metadata("a" * 64).replace("sha256", "filename")}, 400, "upload-unfit"),
    ],
)
def test_a_creation_that_does_not_fit_is_refused(
    api: Api, changed: dict[str, str], status: int, code: str
) -> None:
    answer = api.client.post("/api/uploads", headers=announce(SENT, **changed))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Tus-Version"] == "1.0.0"
    assert api.kept.folders.uploads() == []


def test_a_creation_names_a_path_that_no_proxy_header_can_bend(api: Api) -> None:
    foreign = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
    }
    answer = api.client.post("/api/uploads", headers=announce(SENT, **foreign))
    place, upload = answer.headers["Location"].rsplit("/", 1)
    assert (answer.status_code, place) == (201, "/api/uploads")
    assert len(upload) == 32
    assert int(upload, 16) >= 0
    assert answer.headers["Tus-Resumable"] == "1.0.0"


def test_head_tells_offset_length_and_metadata(api: Api) -> None:
    place = api.create(SENT)
    answer = api.client.head(place, headers=TUS)
    assert answer.status_code == 200
    assert (answer.headers["Upload-Offset"], answer.headers["Upload-Length"]) == ("0", str(WHOLE))
    assert answer.headers["Upload-Metadata"] == metadata(SENT.sha256)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("changed", "status", "code"),
    [
        ({"Tus-Resumable": "2.0.0"}, 412, "upload-version-unfit"),
        ({"Content-Type": "application/octet-stream"}, 415, "upload-media-type-unfit"),
        ({"Upload-Offset": ""}, 400, "upload-unfit"),
        ({"Upload-Offset": "-1"}, 400, "upload-unfit"),
        ({"Upload-Offset": "5"}, 409, "upload-offset-wrong"),
        ({"Upload-Offset": str(WHOLE)}, 409, "upload-offset-wrong"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(
    api: Api, changed: dict[str, str], status: int, code: str
) -> None:
    place = api.create(SENT)
    api.client.patch(place, content=SENT.data[:100], headers=at(0))
    answer = api.client.patch(place, content=SENT.data[100:], headers={**at(100), **changed})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert api.offset(place) == 100


@pytest.mark.parametrize("name", ["0" * 32, "0" * 31, ".locks", "..%2F..%2Fetc%2Fpasswd"])
def test_what_is_no_upload_is_not_found(api: Api, name: str) -> None:
    for method in ("HEAD", "PATCH", "DELETE"):
        answer = api.client.request(method, f"/api/uploads/{name}", headers=at(0))
        assert answer.status_code == 404
        if method != "HEAD" and "%2F" not in name:
            assert answer.json()["code"] == "upload-unknown"


def test_pieces_make_a_whole(api: Api) -> None:
    place = api.create(SENT)
    for start in range(0, WHOLE, 7001):
        answer = api.client.patch(place, content=SENT.data[start : start + 7001], headers=at(start))
        assert answer.status_code == 204
        assert int(answer.headers["Upload-Offset"]) == min(start + 7001, WHOLE) == api.offset(place)
    assert _on_disk(api, place) == SENT.data


def test_an_empty_patch_changes_nothing(api: Api) -> None:
    place = api.create(SENT)
    api.client.patch(place, content=SENT.data, headers=at(0))
    for _ in range(2):
        answer = api.client.patch(place, content=b"", headers=at(WHOLE))
        assert (answer.status_code, answer.headers["Upload-Offset"]) == (204, str(WHOLE))
    assert _on_disk(api, place) == SENT.data


@pytest.mark.parametrize("chunked", [False, True])
def test_more_than_announced_is_refused_and_what_was_accepted_stays(api: Api, chunked: bool) -> None:
    place = api.create(SENT)
    api.client.patch(place, content=SENT.data[:HALF], headers=at(0))
    body: Any = SENT.data[HALF:] + b"x" * (3 << 20)
    content = (body[start : start + 65536] for start in range(0, len(body), 65536)) if chunked else body
    answer = api.client.patch(place, content=content, headers=at(HALF))
    assert (answer.status_code, answer.json()["code"]) == (413, "upload-too-long")
    assert api.offset(place) == HALF
    assert api.client.patch(place, content=SENT.data[HALF:], headers=at(HALF)).status_code == 204
    assert _on_disk(api, place) == SENT.data


def test_a_patch_beside_another_is_refused(api: Api) -> None:
    place = api.create(SENT)
    upload = place.rsplit("/", 1)[1]
    with api.kept.incoming.holding(upload):
        for method in ("PATCH", "DELETE"):
            answer = api.client.request(method, place, content=b"NRRD", headers=at(0))
            assert (answer.status_code, answer.json()["code"]) == (423, "upload-busy")
    assert api.client.patch(place, content=SENT.data, headers=at(0)).status_code == 204


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"PK\x03\x04" + SENT.data[4:], "nrrd-unreadable"),
        (SENT.data.replace(b"24 24 24", b"4096 4096 4096"), "too-large"),
        (SENT.data.replace(b"int16", b"uint8"), "nrrd-unreadable"),
    ],
    ids=["no NRRD", "too many voxels", "another type"],
)
def test_what_is_no_sector_is_refused_early_and_goes(api: Api, data: bytes, code: str) -> None:
    place = api.create(SENT)
    answer = api.client.patch(place, content=data[:1000], headers=at(0))
    assert answer.json()["code"] == code
    assert api.client.head(place, headers=TUS).status_code == 404
    assert api.kept.folders.uploads() == []


def test_another_sector_than_announced_is_refused_when_it_is_whole(api: Api) -> None:
    other = make_sector(1).data
    data = other[:WHOLE].ljust(WHOLE, b"\0")
    place = api.create(SENT)
    answer = api.client.patch(place, content=data, headers=at(0))
    assert answer.status_code == 422
    assert answer.json()["code"] in ("digest-mismatch", "nrrd-unreadable")
    assert api.client.head(place, headers=TUS).status_code == 404


def test_a_given_up_upload_is_gone(api: Api) -> None:
    place = api.create(SENT)
    api.client.patch(place, content=SENT.data[:HALF], headers=at(0))
    assert api.client.delete(place, headers=TUS).status_code == 204
    assert api.client.head(place, headers=TUS).status_code == 404
    assert not list((api.kept.folders.root / "uploads").rglob("*"))


def test_the_sector_of_a_job_is_not_given_up(api: Api) -> None:
    job = api.ended(api.job(SENT))
    known = api.kept.store.get(job["id"])
    assert known is not None
    answer = api.client.delete(f"/api/uploads/{known.upload}", headers=TUS)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload-in-use")


def test_too_many_unfinished_uploads_are_refused(api: Api) -> None:
    for _ in range(int(limit("uploads_open"))):
        api.create(SENT)
    answer = api.client.post("/api/uploads", headers=announce(SENT))
    assert (answer.status_code, answer.json()["code"]) == (429, "uploads-too-many")


def test_old_unfinished_uploads_go_and_young_ones_stay(api: Api) -> None:
    old, settled, young = (api.create(SENT).rsplit("/", 1)[1] for _ in range(3))
    api.kept.incoming.settle(settled, SENT.fields)  # and then the server was killed
    job = api.kept.store.get(api.ended(api.job(SENT))["id"])
    assert job is not None
    for upload in (old, settled, job.upload):
        os.utime(api.kept.folders.upload(upload) / "sector.nrrd", (0, 0))
    api.kept.incoming.forget_old(limit("upload_days") * 86400 + 1, {job.upload})
    assert api.kept.folders.uploads() == sorted([young, job.upload])


def test_a_silent_sender_is_let_go_and_what_arrived_stays(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    import anyio

    from heartbox.server import uploads

    async def stream() -> Any:
        yield SENT.data[:HALF]
        await anyio.sleep(60)

    monkeypatch.setattr(uploads, "limit", lambda name: 0.2 if name == "upload_idle_seconds" else limit(name))
    monkeypatch.setattr("starlette.requests.Request.stream", lambda self: stream())
    place = api.create(SENT)
    answer = api.client.patch(place, content=SENT.data, headers=at(0))
    assert (answer.status_code, answer.json()["code"]) == (408, "upload-too-slow")
    assert api.offset(place) == HALF


@pytest.mark.parametrize("broken", ["fsync", "write"])
def test_a_full_disk_is_said_and_nothing_unsure_is_kept(
    api: Api, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    place = api.create(SENT)
    api.client.patch(place, content=SENT.data[:100], headers=at(0))
    real = os.fsync
    calls: list[int] = []

    def full(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(handle)

    if broken == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        _fill_the_disk(api, place, monkeypatch)
    answer = api.client.patch(place, content=SENT.data[100:], headers=at(100))
    assert (answer.status_code, answer.json()["code"]) == (507, "storage-unwritable")
    monkeypatch.undo()
    assert api.offset(place) == 100
    assert api.client.patch(place, content=SENT.data[100:], headers=at(100)).status_code == 204
    assert _on_disk(api, place) == SENT.data


def _fill_the_disk(api: Api, place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let half of a piece reach the file, then nothing more."""
    from heartbox.server import incoming

    real = incoming.Writer.write

    def half(writer: incoming.Writer, chunk: bytes) -> None:
        file = writer._file

        class Full:
            def write(self, piece: bytes) -> None:
                file.write(piece[: len(piece) // 2])
                file.flush()
                raise OSError(errno.ENOSPC, "No space left on device")

            def __getattr__(self, name: str) -> Any:
                return getattr(file, name)

        monkeypatch.setattr(writer, "_file", Full())
        real(writer, chunk)

    monkeypatch.setattr(incoming.Writer, "write", half)


@pytest.fixture(scope="module")
def steady(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    with running(Settings(tmp_path_factory.mktemp("steady"), page=None)) as api:
        yield api


PATCHES = st.lists(
    st.tuples(
        st.sampled_from(["right", "right", "right", "wrong", "surplus", "forget"]), st.integers(0, 9000)
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(patches=PATCHES)
def test_the_offset_is_what_was_accepted_whatever_is_sent(
    steady: Api, patches: list[tuple[str, int]]
) -> None:
    """A model of one upload: a number, and the beginning of the sector of that length."""
    place, accepted = steady.create(SENT), 0
    for kind, number in patches:
        if kind == "forget":  # as a restart does
            steady.kept.incoming._streams.clear()
        elif kind == "right":
            piece = SENT.data[accepted : accepted + number]
            status = steady.client.patch(place, content=piece, headers=at(accepted)).status_code
            assert status == 204
            accepted += len(piece)
        elif kind == "wrong":
            answer = steady.client.patch(place, content=b"x", headers=at(accepted + 1 + number))
            assert answer.status_code == 409
        else:
            surplus = SENT.data[accepted:] + b"x" * (1 + number)
            assert steady.client.patch(place, content=surplus, headers=at(accepted)).status_code == 413
        assert steady.offset(place) == accepted
        assert _on_disk(steady, place) == SENT.data[:accepted]
    rest = steady.client.patch(place, content=SENT.data[accepted:], headers=at(accepted))
    assert (rest.status_code, steady.offset(place)) == (204, WHOLE)
    assert steady.client.delete(place, headers=TUS).status_code == 204


def _on_disk(api: Api, place: str) -> bytes:
    path: Path = api.kept.folders.upload(place.rsplit("/", 1)[1]) / "sector.nrrd"
    return path.read_bytes()
