"""Reads a sector while it arrives: refuses what is none as soon as that can be known.

The dialect is the one that `heartbox.nrrd.write_nrrd` and its twin in the page write, and nothing
else: a closed list of header lines (a header is a place where a name could travel), int16, gzip,
LPS. Memory does not grow with the upload.
"""

from __future__ import annotations

import hashlib
import re
import zlib

import numpy as np

from heartbox.contract import limit
from heartbox.geometry import Affine, Grid
from heartbox.problems import Problem

_NAME = "The upload"
_MAGIC = re.compile(rb"NRRD000[45]\n")
_NUMBER = r"-?[0-9.]{1,24}(?:e[+-]?[0-9]{1,3})?"
_VECTOR = rf"\({_NUMBER},{_NUMBER},{_NUMBER}\)"
#: Every line a header may hold, and what it must say.
_LINES = {
    "type": re.compile(r"int16|short"),
    "dimension": re.compile(r"3"),
    "space": re.compile(r"left-posterior-superior"),
    "sizes": re.compile(r"[0-9]{1,5} [0-9]{1,5} [0-9]{1,5}"),
    "space directions": re.compile(rf"{_VECTOR} {_VECTOR} {_VECTOR}"),
    "kinds": re.compile(r"domain domain domain"),
    "endian": re.compile(r"little"),
    "encoding": re.compile(r"gzip"),
    "space origin": re.compile(_VECTOR),
}
_BYTES_PER_VOXEL = 2
#: Inflated bytes are counted and let go in pieces of this size.
_PIECE_BYTES = 1 << 20


def read_grid(head: bytes) -> Grid:
    """Read the header of a sector's file, up to and without its empty line.

    Returns
    -------
    Grid, voxel -> LPS mm

    Raises
    ------
    Problem
        ``nrrd-unreadable`` with the reason; ``too-large`` above the limits ``axis_voxels`` and
        ``sector_voxels``.
    """
    fields = _fields(head)
    nx, ny, nz = (int(size) for size in fields["sizes"].split())
    if min(nx, ny, nz) < 1:
        raise _unreadable("an axis has no voxel")
    if max(nx, ny, nz) > limit("axis_voxels") or nx * ny * nz > limit("sector_voxels"):
        raise Problem("too-large", name=_NAME, limit=int(limit("sector_voxels")))
    affine: Affine = np.eye(4)
    try:
        columns = [_vector(text) for text in fields["space directions"].split()]
        affine[:3, :3] = np.array(columns).T
        affine[:3, 3] = _vector(fields["space origin"])
        return Grid((nz, ny, nx), affine)
    except ValueError as error:
        raise _unreadable("no usable place in space") from error


class SectorStream:
    """Follows the bytes of one upload in order.

    Parameters
    ----------
    sha256 : hex digest that was announced
    """

    def __init__(self, sha256: str) -> None:
        self.seen_bytes = 0
        self.grid: Grid | None = None
        self._sha256 = sha256
        self._digest = hashlib.sha256()
        self._head = bytearray()
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._inflated_bytes = 0

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises
        ------
        Problem
            ``nrrd-unreadable``, ``too-large``: this will never be a sector.
        """
        self.seen_bytes += len(chunk)
        self._digest.update(chunk)
        if self.grid is None:
            chunk = self._read_head(chunk)
        if self.grid is not None and chunk:
            self._count(chunk, self._expected_bytes(self.grid))

    def finish(self) -> Grid:
        """Judge the whole.

        Raises
        ------
        Problem
            ``nrrd-unreadable``; ``digest-mismatch`` when it is not what was announced.
        """
        if self._digest.hexdigest() != self._sha256:
            raise Problem("digest-mismatch")
        if self.grid is None:
            raise _unreadable("its header does not end")
        if not self._inflate.eof or self._inflated_bytes != self._expected_bytes(self.grid):
            raise _unreadable("fewer voxels than its header says")
        return self.grid

    def _read_head(self, chunk: bytes) -> bytes:
        """Gather the header; return the bytes that follow it."""
        self._head += chunk
        start = bytes(self._head[:9])
        if not (_MAGIC.match(start) if len(start) == 9 else b"NRRD0004\n".startswith(start[:7])):
            raise _unreadable("it does not begin with NRRD")
        end = self._head.find(b"\n\n")
        if (len(self._head) if end < 0 else end) > limit("nrrd_header_bytes"):
            raise _unreadable("its header does not end")
        if end < 0:
            return b""
        self.grid = read_grid(bytes(self._head[:end]))
        rest = bytes(self._head[end + 2 :])
        self._head.clear()
        return rest

    def _count(self, chunk: bytes, expected: int) -> None:
        """Inflate and let go; at most one piece is in memory, and no more than was promised."""
        try:
            while chunk and not self._inflate.eof:
                self._inflated_bytes += len(self._inflate.decompress(chunk, _PIECE_BYTES))
                if self._inflated_bytes > expected:
                    raise _unreadable("more voxels than its header says")
                chunk = self._inflate.unconsumed_tail
        except zlib.error as error:
            raise _unreadable("damaged gzip data") from error
        if chunk or self._inflate.unused_data:
            raise _unreadable("more data than its header says")

    @staticmethod
    def _expected_bytes(grid: Grid) -> int:
        nz, ny, nx = grid.shape
        return nz * ny * nx * _BYTES_PER_VOXEL


def _fields(head: bytes) -> dict[str, str]:
    try:
        lines = head.decode("ascii").split("\n")[1:]
    except UnicodeDecodeError as error:
        raise _unreadable("its header is not plain text") from error
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name not in _LINES or name in fields:
            raise _unreadable("its header holds a line that a sector has not")
        if not _LINES[name].fullmatch(value):
            raise _unreadable(f"its '{name}' is not a sector's")
        fields[name] = value
    missing = [name for name in _LINES if name not in fields and name != "kinds"]
    if missing:
        raise _unreadable(f"its header lacks '{missing[0]}'")
    return fields


def _vector(text: str) -> list[float]:
    return [float(number) for number in text.strip("()").split(",")]


def _unreadable(reason: str) -> Problem:
    return Problem("nrrd-unreadable", name="that was sent", reason=reason)
