"""A zip read in place: its directory is judged first, nothing is extracted, no name becomes a path."""

from __future__ import annotations

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO, cast

from heartbox.contract import limit
from heartbox.intake.files import Member, is_hidden, printable
from heartbox.problems import Problem

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END_BYTES = 22
_COMMENT_BYTES = 65535
#: What one entry of a zip's directory takes at most, when names are not made to fill memory.
_ENTRY_BYTES = 1024


def is_zip(first: bytes) -> bool:
    """Tell a zip by its first bytes."""
    return first[:4] in (b"PK\x03\x04", b"PK\x05\x06")


def list_zip(path: Path) -> list[Member]:
    """List the files inside a zip.

    Folders, links, hidden files and zips inside the zip are not looked at. Entries are read as
    streams when somebody needs them; their names are only ever shown, so that a name which climbs
    out of the folder leads nowhere.

    Raises
    ------
    Problem
        ``zip-unsafe`` with the reason (encrypted, damaged, inflates too much, overlapping entries);
        ``too-many-files``, ``too-large``.
    """
    name = printable(path.name)
    _require_small_directory(path, name)
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, struct.error, NotImplementedError) as error:
        raise Problem("zip-unsafe", name=name, reason="it is damaged") from error
    entries = [entry for entry in archive.infolist() if _is_file(entry)]
    _require_safe(entries, name)
    return [_member(archive, entry, name) for entry in entries]


def _require_small_directory(path: Path, name: str) -> None:
    """Read the count of entries before anything is built from them."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _END_BYTES - _COMMENT_BYTES))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END_BYTES > len(tail):
        raise Problem("zip-unsafe", name=name, reason="it has no directory")
    count, n_bytes = struct.unpack("<HI", tail[at + 10 : at + 16])
    most = int(limit("files"))
    if count > most or n_bytes > most * _ENTRY_BYTES:
        raise Problem("too-many-files", name=name, limit=most)


def _is_file(entry: zipfile.ZipInfo) -> bool:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    return kind in (0, stat.S_IFREG) and not entry.is_dir() and not is_hidden(entry.filename)


def _require_safe(entries: list[zipfile.ZipInfo], name: str) -> None:
    inflated = sum(entry.file_size for entry in entries)
    deflated = sum(entry.compress_size for entry in entries)
    for entry in entries:
        if entry.flag_bits & 1:
            raise Problem("zip-unsafe", name=name, reason="it is encrypted")
        if entry.compress_type not in _METHODS:
            raise Problem("zip-unsafe", name=name, reason="it uses an unusual compression")
        if entry.file_size > limit("file_bytes"):
            raise Problem("too-large", name=printable(entry.filename), limit=int(limit("file_bytes")))
    if inflated > limit("study_bytes"):
        raise Problem("too-large", name=name, limit=int(limit("study_bytes")))
    if inflated > limit("zip_ratio") * max(deflated, 1):
        raise Problem("zip-unsafe", name=name, reason="it inflates to far more than it is")
    end = 0
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            raise Problem("zip-unsafe", name=name, reason="its entries overlap")
        end = entry.header_offset + entry.compress_size


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str) -> Member:
    def opened() -> BinaryIO:
        with _refusing(name, inside):
            return cast("BinaryIO", _Entry(archive.open(entry), name, inside))

    inside = printable(entry.filename)
    return Member(inside, entry.file_size, opened)


class _Entry:
    """One entry as a stream whose damage is a problem, not an exception of the library."""

    def __init__(self, stream: IO[bytes], name: str, inside: str) -> None:
        self.stream = stream
        self.names = name, inside

    def __enter__(self) -> _Entry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the entry, not the zip."""
        self.stream.close()

    def read(self, n: int = -1) -> bytes:
        """Return the next bytes, inflated; ``zip-unsafe``."""
        with _refusing(*self.names):
            return self.stream.read(n)

    def seek(self, to: int) -> int:
        """Go to a place, by inflating what lies before it; ``zip-unsafe``."""
        with _refusing(*self.names):
            return self.stream.seek(to)

    def tell(self) -> int:
        """Return the place."""
        return self.stream.tell()


@contextmanager
def _refusing(name: str, inside: str) -> Iterator[None]:
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise Problem("zip-unsafe", name=name, reason=f"its entry {inside} is damaged") from error
