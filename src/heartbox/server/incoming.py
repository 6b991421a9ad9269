"""Uploads on the disk: what is accepted is the file's size, and nothing else keeps count.

A killed server leaves a file that is a true beginning of the sector; the next one asks the disk how
long it is. Nothing is acknowledged before it is synced.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from heartbox.contract import limit
from heartbox.geometry import Grid
from heartbox.jobs.folders import Folders, aside, is_id, new_id, remove, sync_folder
from heartbox.problems import Problem
from heartbox.sector import FIELDS_NAME, VOXELS_NAME
from heartbox.server.sector_stream import SectorStream

_ANNOUNCED = "announced.json"
_READ_BYTES = 1 << 20
_DAY_SECONDS = 86400


@dataclass(frozen=True)
class Upload:
    """One upload: what was announced of it, and how many bytes have arrived."""

    id: str
    length_bytes: int
    sha256: str
    offset_bytes: int

    @property
    def whole(self) -> bool:
        """Whether all bytes have arrived."""
        return self.offset_bytes == self.length_bytes


class Incoming:
    """The uploads of one data folder.

    Parameters
    ----------
    folders : where they lie; every problem of the disk is ``storage-unwritable``
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._streams: dict[str, SectorStream] = {}
        self._sound: dict[str, Grid] = {}

    def create(self, length_bytes: int, sha256: str) -> Upload:
        """Make room for an upload.

        Parameters
        ----------
        length_bytes, sha256 : what its sender announces

        Raises
        ------
        Problem
            ``too-large`` above the limit ``upload_bytes``, ``uploads-too-many``.
        """
        if length_bytes > limit("upload_bytes"):
            raise Problem("too-large", name="The sector", limit=int(limit("upload_bytes")))
        with self._lock:
            if len(self._open()) >= limit("uploads_open"):
                raise Problem("uploads-too-many", limit=int(limit("uploads_open")))
            upload = Upload(new_id(), length_bytes, sha256, 0)
            with disk_problems():
                self._make(upload)
        return upload

    def get(self, upload: str) -> Upload:
        """Return what is known of an upload; Problem ``upload-unknown``."""
        if not is_id(upload) or not self._folders.upload(upload).is_dir():
            raise Problem("upload-unknown")
        return self._read(upload)

    @contextmanager
    def holding(self, upload: str) -> Iterator[Upload]:
        """Keep everybody else away from an upload; Problem ``upload-unknown``, ``upload-busy``."""
        with self._lock:
            if upload in self._held:
                raise Problem("upload-busy")
            self._held.add(upload)
        try:
            yield self.get(upload)
        finally:
            with self._lock:
                self._held.discard(upload)

    def delete(self, upload: str) -> None:
        """Delete an upload that is held."""
        self._streams.pop(upload, None)
        self._sound.pop(upload, None)
        with disk_problems():
            remove(self._folders.upload(upload))

    def append(self, upload: Upload) -> Writer:
        """Open a held upload for writing at its end."""
        try:
            stream = self._stream(upload)
        except Problem:
            self.delete(upload.id)
            raise
        return Writer(self, upload, self._voxels(upload.id), stream)

    def keep_stream(self, upload: str, stream: SectorStream) -> None:
        """Keep what was learnt of an upload's content until its next bytes come."""
        self._streams[upload] = stream

    def sound(self, upload: Upload) -> Grid:
        """Judge a held upload that is whole, and return its grid; an unsound one is deleted.

        Raises
        ------
        Problem
            ``upload-incomplete``, ``digest-mismatch``, ``nrrd-unreadable``, ``too-large``.
        """
        if not upload.whole:
            offset, length = upload.offset_bytes, upload.length_bytes
            raise Problem("upload-incomplete", offset=offset, length=length)
        known = self._sound.get(upload.id)
        if known is not None:
            return known
        try:
            grid = self._sound[upload.id] = self._stream(upload).finish()
        except Problem:
            self.delete(upload.id)
            raise
        return grid

    def settle(self, upload: str, fields: object) -> None:
        """Lay the sector's fields beside its voxels: from now on this is what ``read_sector`` reads."""
        with disk_problems():
            _write_synced(self._folders.upload(upload) / FIELDS_NAME, json.dumps(fields, indent=1).encode())
        self._sound.pop(upload, None)

    def forget_old(self, now_seconds: float, in_use: set[str]) -> None:
        """Delete uploads that nobody has written to for ``upload_days``, but for the sectors of jobs."""
        oldest = now_seconds - limit("upload_days") * _DAY_SECONDS
        for upload in self._folders.uploads():
            if upload not in in_use and self._voxels(upload).stat().st_mtime < oldest:
                self.delete(upload)

    def _open(self) -> list[str]:
        folder = self._folders.upload
        return [upload for upload in self._folders.uploads() if not (folder(upload) / FIELDS_NAME).exists()]

    def _voxels(self, upload: str) -> Path:
        return self._folders.upload(upload) / VOXELS_NAME

    def _read(self, upload: str) -> Upload:
        try:
            text = (self._folders.upload(upload) / _ANNOUNCED).read_text(encoding="ascii")
            size = self._voxels(upload).stat().st_size
        except FileNotFoundError as error:
            raise Problem("upload-unknown") from error
        announced = json.loads(text)
        return Upload(upload, announced["length_bytes"], announced["sha256"], size)

    def _make(self, upload: Upload) -> None:
        folder = self._folders.upload(upload.id)
        making = aside(folder)
        making.mkdir(mode=0o700)
        announced = {"length_bytes": upload.length_bytes, "sha256": upload.sha256}
        _write_synced(making / _ANNOUNCED, json.dumps(announced).encode())
        _write_synced(making / VOXELS_NAME, b"")
        making.rename(folder)
        sync_folder(folder.parent)

    def _stream(self, upload: Upload) -> SectorStream:
        """Take up what was learnt, or read again what lies on the disk (after a restart, a step back)."""
        known = self._streams.pop(upload.id, None)
        if known is not None and known.seen_bytes == upload.offset_bytes:
            return known
        stream = SectorStream(upload.sha256)
        with self._voxels(upload.id).open("rb") as file:
            while chunk := file.read(_READ_BYTES):
                stream.feed(chunk)
        return stream


class Writer:
    """Appends to one held upload; ends with `close`, which tells how far it came."""

    def __init__(self, incoming: Incoming, upload: Upload, path: Path, stream: SectorStream) -> None:
        self._incoming = incoming
        self._upload = upload
        self._stream = stream
        self._file: BinaryIO = path.open("r+b")
        self._file.seek(upload.offset_bytes)

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises
        ------
        Problem
            ``upload-too-long``: the file is as it was before this request; ``storage-unwritable``:
            likewise; ``nrrd-unreadable``, ``too-large``: the upload is deleted.
        """
        if self._stream.seen_bytes + len(chunk) > self._upload.length_bytes:
            self._step_back()
            raise too_long(self._upload)
        try:
            self._stream.feed(chunk)
            with disk_problems():
                self._file.write(chunk)
                self._file.flush()
        except Problem as problem:
            if problem.code == "storage-unwritable":
                self._step_back()
            else:
                self._file.close()
                self._incoming.delete(self._upload.id)
            raise

    def close(self) -> Upload:
        """Sync to the disk, and return the upload as it now is; an unsound whole one is refused."""
        if self._file.closed:
            return self._upload
        try:
            with disk_problems():
                os.fsync(self._file.fileno())
        except Problem:
            # After a failed sync nobody knows what the disk holds of it: back to what was promised.
            self._step_back()
            raise
        self._file.close()
        upload = self._upload
        now = Upload(upload.id, upload.length_bytes, upload.sha256, self._stream.seen_bytes)
        self._incoming.keep_stream(upload.id, self._stream)
        if now.whole:
            self._incoming.sound(now)
        return now

    def _step_back(self) -> None:
        with disk_problems():
            os.ftruncate(self._file.fileno(), self._upload.offset_bytes)
            os.fsync(self._file.fileno())
            self._file.close()


@contextmanager
def disk_problems() -> Iterator[None]:
    """Turn what the operating system says of the disk into ``storage-unwritable``."""
    try:
        yield
    except OSError as error:
        raise Problem("storage-unwritable", reason=error.strerror or "no reason given") from error


def too_long(upload: Upload) -> Problem:
    """Say that more was sent than announced."""
    return Problem("upload-too-long", length=upload.length_bytes, offset=upload.offset_bytes)


def _write_synced(path: Path, content: bytes) -> None:
    """Write a small file whole or not at all, and put it on the disk."""
    making = path.with_name(path.name + ".new")
    with making.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)
    sync_folder(path.parent)
