"""Where one frame's bytes lie: native pixels, or fragments of compressed ones (PS3.5 annex A.4)."""

from __future__ import annotations

import struct
import weakref
from threading import Lock
from typing import Any

from heartbox.contract import limit
from heartbox.intake.elements import DEFLATED, open_values
from heartbox.intake.headers import Header
from heartbox.problems import Problem

_ITEM, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE0DD
_END_OF_IMAGE = b"\xff\xd9"

Fragment = tuple[int, int]  # first byte, count of bytes


class FrameBytes:
    """The bytes of a file's frames, still compressed where they are.

    The file is opened for each frame and closed again; only one of several frames that cannot be
    jumped to (inside a zip, deflated) is read from a stream that stays open and goes forwards.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        self._table: list[list[Fragment]] | None = None
        self._stream: Any = None
        self._lock = Lock()
        self._forwards = len(header.planes) > 1 and (header.member.path is None or header.syntax == DEFLATED)

    def find(self) -> None:
        """Find every frame without reading one; problems as `frame_table`."""
        if self._table is None:
            self._table = frame_table(self.header)

    def read(self, index: int) -> bytes:
        """Read the bytes of one frame (from 0); ``slice-truncated`` when some are missing."""
        self.find()
        parts = [self._native(index)] if self._table is None else self._table[index]
        if self._forwards:
            with self._lock:
                return self._join(self._opened(parts[0][0]), parts)
        with open_values(self.header.member, self.header.syntax) as stream:
            return self._join(stream, parts)

    def _native(self, index: int) -> Fragment:
        size = self.header.frame_bytes
        return self.header.pixels.start + index * size, size

    def _join(self, stream: Any, parts: list[Fragment]) -> bytes:
        return b"".join(_read(stream, start, count, self.header) for start, count in parts)

    def _opened(self, start: int) -> Any:
        if self._stream is None or self._stream.tell() > start:
            self._stream = open_values(self.header.member, self.header.syntax)
            weakref.finalize(self, self._stream.close)
        return self._stream


def frame_table(header: Header) -> list[list[Fragment]] | None:
    """Find the fragments of every frame without reading them; None for native pixels.

    Raises
    ------
    Problem
        ``slice-truncated`` when a fragment runs past the end of the file; ``dicom-damaged`` when
        fragments and frames do not match.
    """
    if header.pixels.length is not None:
        return None
    if header.syntax == DEFLATED:
        raise Problem("dicom-damaged", name=header.name, reason="fragments inside a deflated file")
    with header.member.open() as stream:
        offsets, fragments = _fragments(stream, header)
        frames = len(header.planes)
        offsets = list(header.offsets) or offsets
        if frames == 1:
            return [fragments]
        if offsets:
            return _by_offsets(header, fragments, offsets)
        if len(fragments) == frames:
            return [[fragment] for fragment in fragments]
        return _by_end_markers(stream, header, fragments)


def _fragments(stream: Any, header: Header) -> tuple[list[int], list[Fragment]]:
    """Return the basic offset table and the fragments that follow it."""
    order = "<" if header.little else ">"
    at, size = header.pixels.start, header.member.n_bytes
    most = int(limit("dicom_elements"))
    items: list[Fragment] = []
    stream.seek(at)
    while at + 8 <= size:
        high, low, count = struct.unpack(order + "HHI", stream.read(8))
        tag = high << 16 | low
        if tag == _SEQUENCE_END:
            break
        if tag != _ITEM or len(items) > most:
            reason = "too many fragments" if tag == _ITEM else "bad fragments"
            raise Problem("dicom-damaged", name=header.name, reason=reason)
        if at + 8 + count > size:
            raise Problem("slice-truncated", name=header.name, reason="a fragment runs past the end")
        items.append((at + 8, count))
        at += 8 + count
        stream.seek(at)
    if len(items) < 2:
        raise Problem("slice-truncated", name=header.name, reason="no pixel fragments")
    start, count = items[0]
    table = _read(stream, start, count, header)
    return list(struct.unpack(f"{order}{count // 4}I", table[: count // 4 * 4])), items[1:]


def _by_offsets(header: Header, fragments: list[Fragment], offsets: list[int]) -> list[list[Fragment]]:
    """Group fragments by a table of offsets, counted from the first fragment's item tag."""
    first = fragments[0][0]
    begins = {start - first: number for number, (start, _) in enumerate(fragments)}
    numbers = [begins.get(offset, -1) for offset in offsets]
    if len(numbers) != len(header.planes) or numbers[0] != 0 or sorted(set(numbers)) != numbers:
        raise Problem("dicom-damaged", name=header.name, reason="its offset table does not fit its frames")
    ends = [*numbers[1:], len(fragments)]
    return [fragments[begin:end] for begin, end in zip(numbers, ends, strict=True)]


def _by_end_markers(stream: Any, header: Header, fragments: list[Fragment]) -> list[list[Fragment]]:
    """Group fragments without a table: a frame ends with the fragment that ends its stream."""
    frames: list[list[Fragment]] = [[]]
    for start, count in fragments:
        frames[-1].append((start, count))
        tail = min(count, 8)
        if _END_OF_IMAGE in _read(stream, start + count - tail, tail, header):
            frames.append([])
    if frames[-1] or len(frames) - 1 != len(header.planes):
        raise Problem("dicom-damaged", name=header.name, reason="its fragments do not fit its frames")
    return frames[:-1]


def _read(stream: Any, start: int, count: int, header: Header) -> bytes:
    stream.seek(start)
    data: bytes = stream.read(count)
    if len(data) < count:
        reason = f"{len(data)} bytes where {count} are due"
        raise Problem("slice-truncated", name=header.name, reason=reason)
    return data
