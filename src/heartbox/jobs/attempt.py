"""What every kind of work needs: to tell how far it is, and to leave its files under their digests."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from time import monotonic

from heartbox.jobs.folders import sync_folder
from heartbox.jobs.store import Result, Store
from heartbox.problems import Problem

#: Progress is written this often at most, seconds; each write is synced to the disk.
_REPORT_SECONDS = 0.25

_MEDIA_TYPES = {
    ".json": "application/json",
    ".graphml": "application/xml",
    ".vtp": "application/xml",
    ".stl": "model/stl",
    ".csv": "text/csv; charset=utf-8",
    ".png": "image/png",
    ".html": "text/html; charset=utf-8",
}


class Unwanted(Exception):  # noqa: N818 - an event: the job was cancelled or deleted
    """Nobody waits for this attempt any more."""


class Report:
    """Writes an attempt's progress into its row, not too often.

    Raises
    ------
    Unwanted
        On a call after the job was cancelled, deleted or given to another attempt.
    """

    def __init__(self, store: Store, attempt: str) -> None:
        self._store = store
        self._attempt = attempt
        self._step = ""
        self._written = 0.0

    def __call__(self, share: float, step: str) -> None:
        """Say how far the work is, 0..1, and what is being done."""
        if step == self._step and monotonic() - self._written < _REPORT_SECONDS:
            return
        self._step, self._written = step, monotonic()
        try:
            wanted = self._store.report(self._attempt, share, step)
        except Problem:
            return  # a full disk stops the results, not the news of them
        if not wanted:
            raise Unwanted


def name_by_digest(files: list[Path]) -> list[Result]:
    """Rename files to their SHA-256, put them on the disk, and say what each was called."""
    named = []
    for path in files:
        with path.open("rb+") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            os.fsync(file.fileno())
        size = path.stat().st_size
        path.replace(path.with_name(sha256))
        media_type = _MEDIA_TYPES.get(path.suffix, "application/octet-stream")
        named.append(Result(path.name, size, sha256, media_type))
        sync_folder(path.parent)
    return named
