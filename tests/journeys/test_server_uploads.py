"""A real server, killed and cut off while a sector travels to it."""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heartbox.bench.uploads import Server, bench_uploads, make_journey

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data")
    server.start()
    yield server
    server.kill()


def _half_a_patch(server: Server, upload: str, data: bytes, sent: int) -> socket.socket:
    """Announce the whole, send a part, and keep the line open."""
    line = socket.create_connection(("127.0.0.1", server.port))
    head = (
        f"PATCH {upload} HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nTus-Resumable: 1.0.0\r\n"
        "Content-Type: application/offset+octet-stream\r\n"
        f"Upload-Offset: 0\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    line.sendall(head.encode() + data[:sent])
    return line


def _arrived(server: Server, upload: str, tmp_path: Path, least: int) -> int:
    """Wait until so many bytes lie on the disk; return how many do."""
    path = tmp_path / "data" / "uploads" / upload.rsplit("/", 1)[1] / "sector.nrrd"
    deadline = time.monotonic() + 30
    while path.stat().st_size < least and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.stat().st_size


def test_a_server_killed_in_mid_patch_loses_nothing_and_the_upload_ends_identical(
    server: Server, tmp_path: Path
) -> None:
    journey = make_journey(1, side=128)
    journey._announce(server)
    line = _half_a_patch(server, journey.upload, journey.data, 2_500_000)
    on_disk = _arrived(server, journey.upload, tmp_path, 2 << 20)
    assert 0 < on_disk < len(journey.data)
    server.kill()
    line.close()
    server.start()
    assert journey.listed(server) == 1
    assert journey.acknowledged_bytes == on_disk
    journey.go_on(server)
    assert journey.listed(server) == 3
    path = tmp_path / "data" / "uploads" / journey.upload.rsplit("/", 1)[1] / "sector.nrrd"
    assert path.read_bytes() == journey.data
    assert journey.sent_bytes == len(journey.data) - on_disk


def test_a_cut_line_keeps_what_arrived_and_a_second_sender_waits_his_turn(
    server: Server, tmp_path: Path
) -> None:
    journey = make_journey(2, side=112)
    journey._announce(server)
    line = _half_a_patch(server, journey.upload, journey.data, 1_400_000)
    assert _arrived(server, journey.upload, tmp_path, 1 << 20) >= 1 << 20
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    status, _, body = server.ask("PATCH", journey.upload, headers, b"NRRD")
    assert (status, json.loads(body)["code"]) == (423, "upload-busy")
    line.close()
    deadline = time.monotonic() + 30
    while server.ask("PATCH", journey.upload, headers, b"NRRD")[0] == 423 and time.monotonic() < deadline:
        time.sleep(0.05)
    journey.listed(server)
    assert journey.acknowledged_bytes == 1_400_000
    journey.go_on(server)
    assert journey.listed(server) == 3


def test_a_wrong_file_in_one_large_request_gets_its_sentence(server: Server) -> None:
    journey = make_journey(6, side=112)
    journey._announce(server)
    headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    status, _, body = server.ask("PATCH", journey.upload, headers, b"PK" + journey.data[2:])
    assert (status, json.loads(body)["code"]) == (422, "nrrd-unreadable")
    assert server.ask("HEAD", journey.upload, TUS)[0] == 404


def test_a_job_that_a_killed_server_had_accepted_is_done_by_the_next(server: Server) -> None:
    journey = make_journey(3, side=48)
    journey.go_on(server)
    server.kill()
    server.start()
    assert journey.listed(server) == 3
    # Events end when the job has: noise holds no aorta.
    status, _, events = server.ask("GET", f"{journey.job}/events")
    assert status == 200
    assert b'"state":"refused"' in events
    job = json.loads(server.ask("GET", journey.job)[2])
    assert (job["verdict"], [result["name"] for result in job["results"]]) == ("refused", ["graph.json"])
    assert job["warnings"]


def test_the_benchmark_counts_what_was_kept() -> None:
    tally = bench_uploads(kills=1, seed=5)
    assert tally.passed
    assert (tally.kills, tally.resumed, tally.identical) == (1, 1, 1)
    assert sum(tally.met.values()) == 1


@pytest.mark.parametrize("kills", [0, 1001])
def test_the_benchmark_is_bounded(kills: int) -> None:
    with pytest.raises(ValueError, match="kills"):
        bench_uploads(kills)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--host", "0.0.0.0"], 2, "The server answers on this computer only until it has a login"),
        (["--example", "nowhere"], 1, "There is nothing at nowhere"),
    ],
)
def test_what_cannot_be_served_is_said_in_one_sentence(
    tmp_path: Path, arguments: list[str], code: int, sentence: str
) -> None:
    command = [sys.executable, "-m", "heartbox.cli.serve", "--data", str(tmp_path / "data"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == code
    assert ended.stderr.startswith(sentence)
    assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("how", "code"), [("SIGINT", 0), ("SIGTERM", 143)])
def test_a_server_that_is_told_to_stop_stops_while_somebody_listens(
    server: Server, how: str, code: int
) -> None:
    import signal

    journey = make_journey(4, side=48)
    journey.go_on(server)
    listener = threading.Thread(target=_listen, args=(server, journey.job))
    listener.start()
    process = server._process
    assert process is not None
    begun = time.monotonic()
    process.send_signal(getattr(signal, how))
    assert process.wait(60) == code
    assert time.monotonic() - begun < 30
    listener.join(30)
    assert not listener.is_alive()


def _listen(server: Server, job: str) -> None:
    try:
        server.ask("GET", f"{job}/events")
    except (OSError, http.client.HTTPException):
        return
