"""A NIfTI file, header first, its slices read from the (gzip) file when asked for.

Format: nifti.nimh.nih.gov. The affine (sform before qform, as nibabel takes them) ends in RAS mm
and is turned into LPS here. Planes lie one behind the other, so one is read without the others; a
gzip file is read forwards and begun again only when an earlier plane is asked for.
"""

from __future__ import annotations

import gzip
import weakref
import zlib
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO, cast

import nibabel
import numpy as np
from nibabel.spatialimages import HeaderDataError

from heartbox.contract import limit
from heartbox.geometry import Grid, lps_from_ras
from heartbox.intake.files import Member
from heartbox.problems import Problem
from heartbox.volume import AIR_HU, HuSlice, LazyVolume

_GZIP = b"\x1f\x8b"
_HEADER_BYTES = {348: nibabel.Nifti1Header, 540: nibabel.Nifti2Header}
_TYPES = frozenset(("int8", "uint8", "int16", "uint16", "int32", "uint32", "float32", "float64"))
_HIGHEST_HU = np.iinfo(np.int16).max


def is_nifti(path: Path) -> bool:
    """Tell a NIfTI file, packed by gzip or not, by its first bytes."""
    try:
        with _opened(path) as file:
            return _header_class(file.read(544)) is not None
    except (OSError, EOFError, zlib.error):
        return False


def open_nifti(member: Member) -> LazyVolume:
    """Open a NIfTI file.

    Parameters
    ----------
    member : the file, on disk

    Returns
    -------
    LazyVolume, int16 HU; the scale of the header is applied, real values are rounded

    Raises
    ------
    Problem
        ``nifti-unreadable`` with the reason, ``too-large``; the same code when a slice is read
        that the file does not have.
    """
    path = cast("Path", member.path)
    try:
        with _opened(path) as file:
            header = _header(file.read(544), member.name)
    except (OSError, EOFError, zlib.error) as error:
        raise Problem("nifti-unreadable", name=member.name, reason="it is damaged") from error
    grid = _grid(header, member.name)
    planes = _Planes(path, header, grid.shape, member)
    return LazyVolume(grid, planes.read)


def _header_class(first: bytes) -> Any:
    for size, kind in _HEADER_BYTES.items():
        if int.from_bytes(first[:4], "little") == size or int.from_bytes(first[:4], "big") == size:
            magic = first[344:348] if size == 348 else first[4:8]
            return kind if magic[:3] in (b"n+1", b"n+2") else None
    return None


def _header(first: bytes, name: str) -> Any:
    kind = _header_class(first)
    if kind is None:
        raise Problem("nifti-unreadable", name=name, reason="it is no single NIfTI file")
    try:
        return kind.from_fileobj(BytesIO(first), check=True)
    except (HeaderDataError, ValueError, OSError) as error:
        raise Problem("nifti-unreadable", name=name, reason="its header is damaged") from error


def _grid(header: Any, name: str) -> Grid:
    shape = [int(n) for n in header.get_data_shape()]
    while len(shape) > 3 and shape[-1] == 1:
        shape.pop()
    if len(shape) != 3 or min(shape) < 1:
        raise Problem("nifti-unreadable", name=name, reason="it does not have three axes")
    if max(shape) > limit("axis_voxels") or np.prod(shape, dtype=float) > limit("volume_voxels"):
        raise Problem("too-large", name=name, limit=int(limit("volume_voxels")))
    if not (header["sform_code"] or header["qform_code"]):
        raise Problem("nifti-unreadable", name=name, reason="it does not say where it lies in the patient")
    if header.get_xyzt_units()[0] not in ("mm", "unknown"):
        raise Problem("nifti-unreadable", name=name, reason="its unit of length is not mm")
    nx, ny, nz = shape
    try:
        return Grid((nz, ny, nx), lps_from_ras(np.asarray(header.get_best_affine(), dtype=np.float64)))
    except (ValueError, HeaderDataError) as error:
        raise Problem("nifti-unreadable", name=name, reason="its place in space is damaged") from error


class _Planes:
    """The planes of one file, through one stream that is kept open."""

    def __init__(self, path: Path, header: Any, shape: tuple[int, int, int], member: Member) -> None:
        self.dtype = header.get_data_dtype()
        if self.dtype.name not in _TYPES:
            raise Problem("nifti-unreadable", name=member.name, reason=f"voxel type {self.dtype.name}")
        self.name = member.name
        self.rows, self.columns = shape[1:]
        self.plane_bytes = self.rows * self.columns * self.dtype.itemsize
        self.begin = int(header.get_data_offset())
        slope, intercept = header.get_slope_inter()
        self.slope = 1.0 if slope is None else float(slope)
        self.intercept = 0.0 if intercept is None else float(intercept)
        self.stream = _opened(path)
        self.lock = Lock()
        weakref.finalize(self, self.stream.close)
        needed = self.begin + shape[0] * self.plane_bytes
        if not isinstance(self.stream, gzip.GzipFile) and needed > member.n_bytes:
            raise self.short()

    def read(self, k: int) -> HuSlice:
        """Read plane k as (y, x) int16 HU."""
        try:
            with self.lock:
                self.stream.seek(self.begin + k * self.plane_bytes)
                data = self.stream.read(self.plane_bytes)
        except (OSError, EOFError, zlib.error) as error:
            raise self.short() from error
        if len(data) < self.plane_bytes:
            raise self.short()
        plane = np.frombuffer(data, dtype=self.dtype).reshape(self.rows, self.columns)
        hu = np.nan_to_num(plane * self.slope + self.intercept, nan=AIR_HU)
        return np.clip(np.rint(hu), AIR_HU, _HIGHEST_HU).astype(np.int16)

    def short(self) -> Problem:
        """Return the refusal of a file that ends too early."""
        return Problem("nifti-unreadable", name=self.name, reason="it has fewer voxels than its header says")


def _opened(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast("BinaryIO", gzip.open(path, "rb")) if packed else path.open("rb")
