"""Where each frame lies and how its values become HU: image plane, plane groups, rescale.

PS3.3 C.7.6.2 (image plane) and, for multi-frame files, C.7.6.16.2 (functional groups: a frame's own
group counts before the shared one).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from pydicom.dataset import Dataset

from heartbox.geometry import ORIENTATION_TOLERANCE
from heartbox.intake.values import text_of, value_of, values_of
from heartbox.problems import Problem

Numbers: TypeAlias = tuple[float, ...]

#: Rescale types of values that are Hounsfield units, or do not say.
_HOUNSFIELD = frozenset(("", "HU", "HU_MOD", "US"))
#: Row and column direction may leave unit length and right angles by this much.
_DIRECTION_TOLERANCE = 1e-3
#: Pixel sizes of one series agree to this (mm).
_PIXEL_TOLERANCE_MM = 1e-4
#: Whole slopes and intercepts below this keep 16-bit values inside 32 bits.
_SMALL = 1 << 14


@dataclass(frozen=True)
class Plane:
    """Where one frame lies and how its stored values become HU.

    Parameters
    ----------
    position_mm : centre of the first pixel, (x, y, z) LPS mm
    orientation : direction of a row (along rising columns), then of a column, six cosines, LPS
    pixel_mm : distance between rows, between columns (DICOM's order), mm
    slope, intercept : HU = slope x stored + intercept
    """

    position_mm: Numbers
    orientation: Numbers
    pixel_mm: Numbers
    slope: float
    intercept: float

    @property
    def is_whole(self) -> bool:
        """Whether slope and intercept are whole numbers that cannot overflow 32 bits."""
        return all(n.is_integer() and abs(n) < _SMALL for n in (self.slope, self.intercept))


def read_planes(data: Dataset, frames: int, has_hu: bool, name: str) -> tuple[Plane, ...]:
    """Collect the planes of a file.

    Parameters
    ----------
    data : the kept data set
    frames : how many there are to be
    has_hu : whether the values become HU without slope and intercept (modality LUT, real pixels)
    name : the file's base name

    Raises
    ------
    Problem
        ``geometry-missing``, ``not-hounsfield``, ``dicom-damaged``.
    """
    per_frame = value_of(data, "PerFrameFunctionalGroupsSequence")
    shared = (value_of(data, "SharedFunctionalGroupsSequence") or [Dataset()])[0]
    if per_frame is None:
        if frames > 1:
            raise Problem("geometry-missing", name=name, reason="several frames without a position each")
        return (_plane([data, shared], has_hu, name),)
    if len(per_frame) != frames:
        reason = f"{frames} frames, but {len(per_frame)} positions"
        raise Problem("dicom-damaged", name=name, reason=reason)
    planes = tuple(_plane([own, shared, data], has_hu, name) for own in per_frame)
    if frames > 1 and len({plane.position_mm for plane in planes}) == 1:
        raise Problem("geometry-missing", name=name, reason="all its frames lie at one place")
    if any(not same_plane(plane, planes[0]) for plane in planes):
        raise Problem("geometry-missing", name=name, reason="its frames are turned against each other")
    return planes


def same_plane(one: Plane, other: Plane) -> bool:
    """Tell whether two frames are parallel and have pixels of one size."""
    for mine, yours, tolerance in (
        (one.orientation, other.orientation, ORIENTATION_TOLERANCE),
        (one.pixel_mm, other.pixel_mm, _PIXEL_TOLERANCE_MM),
    ):
        if any(abs(a - b) > tolerance for a, b in zip(mine, yours, strict=True)):
            return False
    return True


def require_hounsfield_type(kind: str, name: str) -> None:
    """Refuse a rescale type that says something else than HU; ``not-hounsfield``."""
    if kind.upper() not in _HOUNSFIELD:
        raise Problem("not-hounsfield", name=name, reason=f"rescale type {kind[:16]}")


def _plane(groups: list[Dataset], has_hu: bool, name: str) -> Plane:
    """Collect one frame's plane from the most special group that has each part."""
    position = _group(groups, "PlanePositionSequence", "ImagePositionPatient")
    orientation = _group(groups, "PlaneOrientationSequence", "ImageOrientationPatient")
    pixel = _group(groups, "PixelMeasuresSequence", "PixelSpacing")
    slope, intercept = (1.0, 0.0) if has_hu else _rescale(groups, name)
    _require_place(position, orientation, pixel, name)
    return Plane(position, orientation, pixel, slope, intercept)


def _rescale(groups: list[Dataset], name: str) -> tuple[float, float]:
    kind = "PixelValueTransformationSequence"
    slope, intercept = _group(groups, kind, "RescaleSlope"), _group(groups, kind, "RescaleIntercept")
    if not slope or not intercept:
        raise Problem("not-hounsfield", name=name, reason="no rescale slope and intercept")
    if not all(map(math.isfinite, slope + intercept)) or slope[0] == 0:
        reason = f"rescale slope {slope[0]}, intercept {intercept[0]}"
        raise Problem("not-hounsfield", name=name, reason=reason)
    for group in _owners(groups, kind):
        require_hounsfield_type(text_of(group, "RescaleType"), name)
    return slope[0], intercept[0]


def _require_place(position: Numbers, orientation: Numbers, pixel: Numbers, name: str) -> None:
    for what, numbers, due in (
        ("Image Position (Patient)", position, 3),
        ("Image Orientation (Patient)", orientation, 6),
        ("Pixel Spacing", pixel, 2),
    ):
        if len(numbers) != due or not all(map(math.isfinite, numbers)):
            reason = f"no {what}" if not numbers else f"bad {what}"
            raise Problem("geometry-missing", name=name, reason=reason)
    row, column = orientation[:3], orientation[3:]
    off = (_dot(row, row) - 1, _dot(column, column) - 1, _dot(row, column))
    if max(map(abs, off)) > _DIRECTION_TOLERANCE:
        reason = "row and column are not unit directions at right angles"
        raise Problem("geometry-missing", name=name, reason=reason)
    if min(pixel) <= 0:
        raise Problem("geometry-missing", name=name, reason="Pixel Spacing is not above 0")


def _owners(groups: list[Dataset], sequence: str) -> list[Dataset]:
    """Return the data sets that may hold a value: sequence items first, then the plain data set."""
    owners = []
    for group in groups:
        items = value_of(group, sequence)
        owners.append(items[0] if items else group)
    return owners


def _group(groups: list[Dataset], sequence: str, keyword: str) -> Numbers:
    for owner in _owners(groups, sequence):
        if values := values_of(owner, keyword):
            return tuple(float(value) for value in values)
    return ()


def _dot(a: Numbers, b: Numbers) -> float:
    return sum(x * y for x, y in zip(a, b, strict=True))
