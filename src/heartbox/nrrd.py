"""One strict dialect of NRRD: three axes, attached data, raw or gzip, with a place in the patient.

Format: teem.sourceforge.net/nrrd/format.html. Writing always gives ``space:
left-posterior-superior``, gzip without a time stamp (the same voxels give the same bytes), and
refuses nothing. Reading takes LPS or RAS files of whole or real HU and refuses everything that
the dialect does not know, before it reads a voxel.
"""

from __future__ import annotations

import io
import zlib
from pathlib import Path
from typing import Any, BinaryIO

import nrrd as pynrrd
import numpy as np
import numpy.typing as npt

from heartbox.contract import limit
from heartbox.geometry import Affine, Grid, lps_from_ras
from heartbox.problems import Problem
from heartbox.volume import Volume

_DTYPES = {
    "signed char": "i1", "int8": "i1", "int8_t": "i1",
    "uchar": "u1", "unsigned char": "u1", "uint8": "u1", "uint8_t": "u1",
    "short": "i2", "short int": "i2", "signed short": "i2", "int16": "i2", "int16_t": "i2",
    "ushort": "u2", "unsigned short": "u2", "uint16": "u2", "uint16_t": "u2",
    "int": "i4", "signed int": "i4", "int32": "i4", "int32_t": "i4",
    "float": "f4", "double": "f8",
}  # fmt: skip
_LPS = {"left-posterior-superior", "lps"}
_RAS = {"right-anterior-superior", "ras"}
_DEFLATE_LEVEL = 6
_CHUNK_BYTES = 1 << 20


def read_nrrd(path: Path) -> Volume:
    """Read a scan or a sector.

    Parameters
    ----------
    path : an NRRD file with attached data

    Returns
    -------
    Volume, int16 HU [z, y, x]; real values are rounded, values beyond int16 are clipped

    Raises
    ------
    Problem
        ``nrrd-unreadable`` with the reason, ``too-large``.
    """
    values, grid = read_voxels(path)
    if values.dtype != np.int16:
        low, high = np.iinfo(np.int16).min, np.iinfo(np.int16).max
        values = np.clip(np.rint(np.nan_to_num(values)), low, high).astype(np.int16)
    return Volume(np.ascontiguousarray(values), grid, {"format": "nrrd"})


def read_voxels(path: Path) -> tuple[npt.NDArray[Any], Grid]:
    """Read an NRRD's array as it is stored, (z, y, x), and its grid; problems as `read_nrrd`."""
    with path.open("rb") as file:
        header = _read_header(file, path.name)
        shape, dtype = _shape_and_type(header, path.name)
        grid = _grid(header, shape, path.name)
        expected = int(np.prod(shape)) * dtype.itemsize
        data = _read_data(file, str(header.get("encoding", "")), expected, path.name)
    return np.frombuffer(data, dtype=dtype).reshape(shape).astype(dtype.newbyteorder("=")), grid


def write_nrrd(path: Path, values: npt.NDArray[Any], grid: Grid, content: str = "") -> None:
    """Write a volume in the dialect.

    Parameters
    ----------
    path : where to; an existing file is replaced
    values : (z, y, x) int16 HU, or uint8 labels
    grid : Grid of the same shape, voxel -> LPS mm
    content : one line on what the voxels are

    Raises
    ------
    ValueError
        When the array does not fit the grid or has another type.
    """
    if values.shape != grid.shape:
        raise ValueError(f"voxels {values.shape} do not fit the grid {grid.shape}")
    kind = {"int16": "int16", "uint8": "uint8"}.get(values.dtype.name)
    if kind is None:
        raise ValueError(f"the dialect holds int16 or uint8, not {values.dtype}")
    data = values.astype(values.dtype.newbyteorder("<"), copy=False)
    deflate = zlib.compressobj(_DEFLATE_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    with path.open("wb") as file:
        file.write(_header_text(kind, grid, content).encode("ascii"))
        for plane in data:
            file.write(deflate.compress(np.ascontiguousarray(plane).tobytes()))
        file.write(deflate.flush())


def _header_text(kind: str, grid: Grid, content: str) -> str:
    nz, ny, nx = grid.shape
    columns = " ".join(_vector(grid.affine[:3, axis]) for axis in range(3))
    lines = [
        "NRRD0004",
        f"type: {kind}",
        "dimension: 3",
        "space: left-posterior-superior",
        f"sizes: {nx} {ny} {nz}",
        f"space directions: {columns}",
        "kinds: domain domain domain",
        "endian: little",
        "encoding: gzip",
        f"space origin: {_vector(grid.affine[:3, 3])}",
    ]
    if content:
        lines.insert(1, f"content: {content}")
    return "\n".join(lines) + "\n\n"


def _vector(numbers: npt.NDArray[np.float64]) -> str:
    return "(" + ",".join(repr(float(number)) for number in numbers) + ")"


def _read_header(file: BinaryIO, name: str) -> dict[str, Any]:
    if file.read(4) != b"NRRD":
        raise Problem("nrrd-unreadable", name=name, reason="it does not begin with NRRD")
    file.seek(0)
    cap = int(limit("nrrd_header_bytes"))
    head = file.read(cap)
    ends = [at + len(end) for end in (b"\n\n", b"\r\n\r\n") if (at := head.find(end)) >= 0]
    if not ends:
        raise Problem("nrrd-unreadable", name=name, reason="its header does not end")
    file.seek(min(ends))
    try:
        header = dict(pynrrd.read_header(io.BytesIO(head[: min(ends)])))
    except (pynrrd.NRRDError, ValueError, KeyError, IndexError, TypeError) as error:
        raise Problem("nrrd-unreadable", name=name, reason=f"bad header: {error}") from error
    for field in ("data file", "datafile", "line skip", "byte skip", "lineskip", "byteskip"):
        if header.get(field):
            raise Problem("nrrd-unreadable", name=name, reason=f"it uses '{field}'")
    return header


def _shape_and_type(header: dict[str, Any], name: str) -> tuple[tuple[int, int, int], np.dtype[Any]]:
    sizes = [int(size) for size in header.get("sizes", [])]
    if len(sizes) != 3 or min(sizes) < 1:
        raise Problem("nrrd-unreadable", name=name, reason="it does not have three axes")
    if max(sizes) > limit("axis_voxels") or np.prod(sizes, dtype=float) > limit("volume_voxels"):
        raise Problem("too-large", name=name, limit=int(limit("volume_voxels")))
    kind = _DTYPES.get(str(header.get("type", "")).lower())
    if kind is None:
        raise Problem("nrrd-unreadable", name=name, reason=f"voxel type {header.get('type')}")
    endian = str(header.get("endian", "little"))
    if endian not in ("little", "big"):
        raise Problem("nrrd-unreadable", name=name, reason=f"endian {endian}")
    nx, ny, nz = sizes
    return (nz, ny, nx), np.dtype(kind).newbyteorder("<" if endian == "little" else ">")


def _grid(header: dict[str, Any], shape: tuple[int, int, int], name: str) -> Grid:
    space = str(header.get("space", "")).lower()
    if space not in _LPS | _RAS:
        raise Problem("nrrd-unreadable", name=name, reason="no 'space' of LPS or RAS")
    affine: Affine = np.eye(4)
    try:
        affine[:3, :3] = np.asarray(header["space directions"], dtype=np.float64).T
        affine[:3, 3] = np.asarray(header["space origin"], dtype=np.float64)
        return Grid(shape, affine if space in _LPS else lps_from_ras(affine))
    except (KeyError, ValueError) as error:
        raise Problem("nrrd-unreadable", name=name, reason="no usable place in space") from error


def _read_data(file: BinaryIO, encoding: str, expected: int, name: str) -> bytes:
    if encoding.lower() == "raw":
        data = file.read(expected + 1)
    elif encoding.lower() in ("gzip", "gz"):
        data = _inflate(file, expected, name)
    else:
        raise Problem("nrrd-unreadable", name=name, reason=f"encoding {encoding}")
    if len(data) != expected:
        reason = f"{'fewer' if len(data) < expected else 'more'} voxels than its header says"
        raise Problem("nrrd-unreadable", name=name, reason=reason)
    return data


def _inflate(file: BinaryIO, expected: int, name: str) -> bytes:
    """Inflate at most one byte more than expected, so that a bomb costs nothing."""
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
    data = bytearray()
    try:
        while len(data) <= expected and not inflate.eof:
            chunk = inflate.unconsumed_tail or file.read(_CHUNK_BYTES)
            if not chunk:
                break
            data += inflate.decompress(chunk, expected + 1 - len(data))
    except zlib.error as error:
        raise Problem("nrrd-unreadable", name=name, reason="damaged gzip data") from error
    return bytes(data)
