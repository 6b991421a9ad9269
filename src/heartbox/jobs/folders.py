"""Where the server keeps things: one folder, in which every name is an id that the server made itself."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from pathlib import Path
from uuid import uuid4

from heartbox.problems import Problem

_ID = re.compile(r"[0-9a-f]{32}")
_PARTIAL = ".partial"


def new_id() -> str:
    """Return 32 hexadecimal digits that nobody can guess."""
    return uuid4().hex


def is_id(text: str) -> bool:
    """Tell whether a text has the shape of `new_id`; nothing else ever becomes a path."""
    return _ID.fullmatch(text) is not None


def sync_folder(folder: Path) -> None:
    """Put a folder's entries on the disk (fsync), where the operating system can."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class Folders:
    """The layout of the data folder, held by one server at a time.

    ``heartbox.db`` the rows; ``uploads/ID/`` a sector as it arrives and stays; ``results/ID/`` the
    results of one attempt, each file named by its SHA-256; ``*.partial`` what is not whole yet.

    Raises
    ------
    Problem
        ``storage-unwritable``; ``data-in-use`` when another server holds the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.database = root / "heartbox.db"
        self._uploads = root / "uploads"
        self._results = root / "results"
        try:
            for folder in (self._uploads, self._results):
                folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Problem("storage-unwritable", reason=error.strerror or "no reason given") from error
        self._lock = _hold(root / "server.lock")
        for entry in (*self._uploads.iterdir(), *self._results.iterdir()):
            if entry.name.endswith(_PARTIAL):
                remove(entry)

    def close(self) -> None:
        """Let the folder go."""
        self._lock.close()

    def upload(self, upload: str) -> Path:
        """Return the folder of one upload; ValueError for what is no id."""
        return self._uploads / _checked(upload)

    def uploads(self) -> list[str]:
        """List the ids of all uploads."""
        return sorted(entry.name for entry in self._uploads.iterdir() if is_id(entry.name))

    def results(self, attempt: str) -> Path:
        """Return the folder of one attempt's results; ValueError for what is no id."""
        return self._results / _checked(attempt)

    def forget_results(self, kept: set[str]) -> None:
        """Remove the results of all attempts but those named."""
        for entry in self._results.iterdir():
            if entry.name not in kept:
                remove(entry)


def aside(folder: Path) -> Path:
    """Return the name under which a folder is made before it is whole, or goes before it is gone."""
    return folder.with_name(folder.name + _PARTIAL)


def remove(folder: Path) -> None:
    """Delete a folder with all it holds; what a crash leaves of it goes at the next start."""
    if not folder.exists():
        return
    going = folder if folder.name.endswith(_PARTIAL) else aside(folder)
    if going != folder:
        shutil.rmtree(going, ignore_errors=True)
        folder.rename(going)
    shutil.rmtree(going)
    sync_folder(folder.parent)


def _checked(text: str) -> str:
    if not is_id(text):
        raise ValueError("this is no id")
    return text


def _hold(path: Path) -> sqlite3.Connection:
    """Lock a file as SQLite does it: on every system, and a killed process lets go."""
    lock = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" in str(error):
            raise Problem("data-in-use") from error
        raise Problem("storage-unwritable", reason=str(error)) from error
    return lock
