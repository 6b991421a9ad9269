"""Kills a real server again and again while it takes sectors, and counts what it lost.

One journey: announce a sector, send it in several requests, have it accepted as a job. At a random
moment the server gets SIGKILL; another starts over the same data. What the first had acknowledged
(an upload's name, its bytes, a job) must be there, and the journey goes on from where the new one
says it is. Everything stays on this computer.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import random
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import IO, Any
from urllib.parse import urlsplit

import numpy as np

from heartbox.geometry import Grid
from heartbox.nrrd import write_nrrd
from heartbox.sector import VOXELS_NAME, Sector, sector_fields
from heartbox.volume import Volume

#: A sector of this many voxels a side: some megabytes of noise.
_SIDE = 112
#: Bytes of one request, and of one block in it.
_PATCH_BYTES = 640 * 1024
_BLOCK_BYTES = 32 * 1024
#: A pause behind each block, so that most kills meet a request half way, seconds.
_PAUSE_SECONDS = 0.002
_START_SECONDS = 120.0
_ANSWER_SECONDS = 60.0
_TUS = {"Tus-Resumable": "1.0.0"}


@dataclass(frozen=True)
class Tally:
    """What a run counted.

    Parameters
    ----------
    kills : servers killed; ``met`` says how many of them by what was under way
    accepted, listed : acknowledged uploads, bytes and jobs, and how many of them were there afterwards
    resumed, identical : sectors that were finished after a kill, and those of the sent bytes on the disk
    sent_share : bytes sent over bytes of the sectors
    """

    kills: int
    met: Mapping[str, int]
    accepted: int
    listed: int
    resumed: int
    identical: int
    sent_share: float
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether nothing was lost and nothing came out wrong."""
        return self.accepted == self.listed and self.kills == self.resumed == self.identical


class Server:
    """A ``heartbox serve`` of its own on a free port of this computer, over one data folder."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Start it and wait until it answers; RuntimeError when it does not."""
        command = [sys.executable, "-m", "heartbox.cli.serve", "--port", "0", "--data", str(self._data)]
        self._process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        self.port = urlsplit(_first_line(self._process).split(" ")[0]).port or 0
        if not self.port:
            raise RuntimeError("the server did not start")
        deadline = monotonic() + _START_SECONDS
        while monotonic() < deadline:
            with suppress(OSError):
                if self.ask("GET", "/api/health")[0] == 200:
                    return
            sleep(0.02)
        raise RuntimeError("the server does not answer")

    def kill(self) -> None:
        """SIGKILL: nothing of it gets to say goodbye."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
            self._process = None

    def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, body: Any = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send one request; OSError or HTTPException when the server is gone."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWER_SECONDS)
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, dict(answer.headers.items()), answer.read()
        finally:
            connection.close()


@dataclass
class Journey:
    """One sector's way into a job, as its sender knows it."""

    data: bytes
    fields: Mapping[str, Any]
    upload: str = ""
    acknowledged_bytes: int = 0
    job: str = ""
    sent_bytes: int = 0
    under_way: str = field(default="before", compare=False)

    def go_on(self, server: Server) -> None:
        """Do what is still to be done; a dead server's OSError or HTTPException ends it half way."""
        if not self.upload:
            self._announce(server)
        while self.acknowledged_bytes < len(self.data):
            self._send(server)
        if not self.job:
            self._have_accepted(server)

    def accepted(self) -> int:
        """Count what was acknowledged: the upload, bytes of it, the job."""
        return bool(self.upload) + bool(self.acknowledged_bytes) + bool(self.job)

    def listed(self, server: Server) -> int:
        """Count what of that the server knows, and take its word for where to go on."""
        found = 0
        if self.upload:
            status, headers, _ = server.ask("HEAD", self.upload, _TUS)
            offset = int(headers.get("Upload-Offset", headers.get("upload-offset", "-1")))
            found += status == 200
            found += 0 < self.acknowledged_bytes <= offset
            self.acknowledged_bytes = max(offset, 0)
        if self.job:
            jobs = json.loads(server.ask("GET", "/api/jobs")[2])
            found += self.job in {f"/api/jobs/{job['id']}" for job in jobs}
        return found

    def _announce(self, server: Server) -> None:
        self.under_way = "announcing"
        digest = base64.b64encode(self.fields["sha256"].encode()).decode()
        headers = {"Upload-Length": str(len(self.data)), "Upload-Metadata": f"sha256 {digest}"}
        _, answered, _ = _expect(201, server.ask("POST", "/api/uploads", {**_TUS, **headers}))
        self.upload = answered["location"]

    def _send(self, server: Server) -> None:
        self.under_way = "sending"
        start = self.acknowledged_bytes
        piece = self.data[start : start + _PATCH_BYTES]
        headers = {
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(piece)),
            "Upload-Offset": str(start),
        }
        answer = server.ask("PATCH", self.upload, {**_TUS, **headers}, self._blocks(piece))
        self.acknowledged_bytes = int(_expect(204, answer)[1]["upload-offset"])

    def _have_accepted(self, server: Server) -> None:
        self.under_way = "accepting"
        body = json.dumps({"upload": self.upload.rsplit("/", 1)[1], "fields": self.fields})
        answer = server.ask("POST", "/api/jobs", {"Content-Type": "application/json"}, body)
        self.job = _expect(202, answer)[1]["location"]
        self.under_way = "accepted"

    def _blocks(self, piece: bytes) -> Iterator[bytes]:
        for start in range(0, len(piece), _BLOCK_BYTES):
            block = piece[start : start + _BLOCK_BYTES]
            yield block
            self.sent_bytes += len(block)
            sleep(_PAUSE_SECONDS)


def bench_uploads(
    kills: int = 20,
    seed: int = 0,
    most_seconds: float = 900.0,
    progress: Callable[[str, float], None] = lambda step, share: None,
) -> Tally:
    """Kill a server at random moments of as many journeys.

    Parameters
    ----------
    kills : servers to kill, 1..1000
    seed : of the moments and the sectors
    most_seconds : no new journey begins after this time
    progress : called with what is being done and its share, 0..1

    Raises
    ------
    ValueError
        For a number of kills out of bounds.
    RuntimeError
        When a server does not start, or answers what it must not.
    """
    if not 1 <= kills <= 1000:
        raise ValueError("between 1 and 1000 kills")
    begun = monotonic()
    moments = random.Random(seed)
    counts = {"accepted": 0, "listed": 0, "resumed": 0, "identical": 0}
    met: dict[str, int] = {}
    sent = size = done = 0
    with tempfile.TemporaryDirectory(prefix="heartbox-bench-") as folder:
        data = Path(folder)
        server = Server(data)
        try:
            server.start()
            # The first journey finds a cold server.
            length_seconds = min(_timed(server, make_journey(seed * 1000)) for _ in range(2))
            for number in range(kills):
                if monotonic() - begun > most_seconds:
                    break
                progress("killing servers", number / kills)
                journey = make_journey(seed * 1000 + number + 1)
                _killed(server, journey, moments.uniform(0, length_seconds))
                done += 1
                met[journey.under_way] = met.get(journey.under_way, 0) + 1
                server.start()
                counts["accepted"] += journey.accepted()
                counts["listed"] += journey.listed(server)
                journey.go_on(server)
                counts["resumed"] += bool(journey.job)
                counts["identical"] += _on_disk(data, journey)
                sent, size = sent + journey.sent_bytes, size + len(journey.data)
                _expect(204, server.ask("DELETE", journey.job))
        finally:
            server.kill()
    progress("killing servers", 1.0)
    share = round(sent / max(size, 1), 3)
    return Tally(kills=done, met=met, sent_share=share, seconds=round(monotonic() - begun, 1), **counts)


def make_journey(seed: int, side: int = _SIDE) -> Journey:
    """Make a sector of noise, ``side`` voxels along each axis, and the fields that travel with it."""
    spacing_mm = 0.8
    grid = Grid((side, side, side), np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0]))
    hu = np.random.default_rng(seed).integers(-200, 200, grid.shape, dtype=np.int16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / VOXELS_NAME
        write_nrrd(path, hu, grid)
        data = path.read_bytes()
    box = grid.bounds_mm
    sector = Sector(Volume(hu, grid), box, box, (0.0,) * 6, "drawn")
    return Journey(data, sector_fields(sector, hashlib.sha256(data).hexdigest()))


def _timed(server: Server, journey: Journey) -> float:
    """Walk one journey unharmed; return how long it took, seconds."""
    begun = monotonic()
    journey.go_on(server)
    taken = monotonic() - begun
    _expect(204, server.ask("DELETE", journey.job))
    return taken


def _killed(server: Server, journey: Journey, after_seconds: float) -> None:
    """Begin a journey and kill its server meanwhile."""
    killer = threading.Timer(after_seconds, server.kill)
    killer.start()
    with suppress(OSError, http.client.HTTPException):
        journey.go_on(server)
    killer.join()


def _on_disk(data: Path, journey: Journey) -> bool:
    path = data / "uploads" / journey.upload.rsplit("/", 1)[1] / VOXELS_NAME
    return path.read_bytes() == journey.data


def _expect(
    status: int, answer: tuple[int, Mapping[str, str], bytes]
) -> tuple[int, Mapping[str, str], bytes]:
    if answer[0] != status:
        raise RuntimeError(f"the server answered {answer[0]}, not {status}: {answer[2][:300]!r}")
    return answer[0], {name.lower(): value for name, value in answer[1].items()}, answer[2]


def _first_line(process: subprocess.Popen[str]) -> str:
    stream: IO[str] | None = process.stderr
    return "" if stream is None else stream.readline().strip()
