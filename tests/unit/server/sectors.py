"""Sectors for the server's tests, and a client that speaks tus to it."""

from __future__ import annotations

import base64
import functools
import hashlib
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from heartbox.geometry import Grid
from heartbox.jobs.executor import Executor
from heartbox.nrrd import write_nrrd
from heartbox.sector import Sector, sector_fields
from heartbox.server.app import Keeping, Settings, create_app, keeping
from heartbox.server.security import Guard
from heartbox.volume import Volume
from unit.jobs.works import Inline

with warnings.catch_warnings():
    # Starlette's client works with httpx and asks for its successor.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = "application/offset+octet-stream"
QUICK = "unit.jobs.works:quick"


@dataclass(frozen=True)
class Sent:
    """A sector as it travels: the file's bytes, their digest and the fields beside them."""

    data: bytes
    sha256: str
    fields: dict[str, Any]


@functools.cache
def make_sector(seed: int = 0, side: int = 24) -> Sent:
    """Noise on a small grid."""
    grid = Grid(
        (side, side, side), np.array([[0.7, 0, 0, -9], [0, 0.7, 0, 3], [0, 0, 1.5, 2], [0, 0, 0, 1.0]])
    )
    hu = np.random.default_rng(seed).integers(-1000, 1000, grid.shape, dtype=np.int16)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sector.nrrd"
        write_nrrd(path, hu, grid)
        data = path.read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    box = grid.bounds_mm
    return Sent(data, sha256, sector_fields(Sector(Volume(hu, grid), box, box, (0.0,) * 6, "drawn"), sha256))


def metadata(sha256: str) -> str:
    return "sha256 " + base64.b64encode(sha256.encode()).decode()


def announce(sent: Sent, **changed: str) -> dict[str, str]:
    """The headers of a creation."""
    return {**TUS, "Upload-Length": str(len(sent.data)), "Upload-Metadata": metadata(sent.sha256), **changed}


def at(offset: int) -> dict[str, str]:
    """The headers of a PATCH at this offset."""
    return {**TUS, "Upload-Offset": str(offset), "Content-Type": BYTES}


class Api:
    """One server in this process."""

    def __init__(self, client: TestClient, kept: Keeping) -> None:
        self.client = client
        self.kept = kept

    def create(self, sent: Sent) -> str:
        answer = self.client.post("/api/uploads", headers=announce(sent))
        assert answer.status_code == 201, answer.text
        return str(answer.headers["Location"])

    def offset(self, upload: str) -> int:
        answer = self.client.head(upload, headers=TUS)
        assert answer.status_code == 200
        return int(answer.headers["Upload-Offset"])

    def upload(self, sent: Sent) -> str:
        """Send a sector whole and return the upload's id."""
        place = self.create(sent)
        answer = self.client.patch(place, content=sent.data, headers=at(0))
        assert answer.status_code == 204, answer.text
        return place.rsplit("/", 1)[1]

    def job(self, sent: Sent) -> str:
        """Send a sector, have it accepted and return the job's path."""
        wanted = {"upload": self.upload(sent), "fields": sent.fields}
        answer = self.client.post("/api/jobs", json=wanted)
        assert answer.status_code == 202, answer.text
        return str(answer.headers["Location"])

    def ended(self, job: str) -> dict[str, Any]:
        """Listen to a job until it has ended and return it."""
        assert self.client.get(f"{job}/events").status_code == 200
        document: dict[str, Any] = self.client.get(job).json()
        return document


@contextmanager
def running(settings: Settings, executor: Executor | None = None, work: str = QUICK) -> Iterator[Api]:
    """Run a server in this process, around an open data folder."""
    with keeping(settings.data, executor or Inline(), work) as kept:
        app = Guard(create_app(kept, settings))
        with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as client:
            yield Api(client, kept)
