"""A judged, ordered scan: slices in the order of their positions, an exact affine, and what was odd.

Order and spacing come from Image Position (Patient) along the normal of Image Orientation
(Patient) alone. Spacing is judged by the median step; the affine runs from the first slice to the
last, so that rounding in the header does not add up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from heartbox.contract import limit
from heartbox.geometry import (
    SAME_POSITION_MM,
    SPACING_TOLERANCE_MM,
    SPACING_TOLERANCE_SHARE,
    TILT_TOLERANCE_DEG,
    Grid,
    Points,
)
from heartbox.intake.headers import Header
from heartbox.intake.pixels import Frames
from heartbox.problems import Notice, Problem
from heartbox.volume import HuSlice, LazyVolume

#: No slice may lie farther than this from where the affine puts it.
PLACE_TOLERANCE_MM = 0.1
#: More gaps than this share of all steps are no gaps but another spacing.
_MOST_GAPS = 0.1
#: A plane whose normal leans less than this (30 degrees) from an axis is named after that axis.
_NAMED_PLANE = float(np.cos(np.radians(30)))

Kind: TypeAlias = Literal["dicom", "nifti", "nrrd"]
Orientation: TypeAlias = Literal["axial", "coronal", "sagittal", "oblique"]


@dataclass(frozen=True)
class Series:
    """One scan that can be used.

    Parameters
    ----------
    volume : its voxels, decoded when asked for
    kind, modality : where it comes from
    n_bytes : size of its files as handed over
    notices : what was odd and did not stop the work
    label : a few words for people, without identifiers
    names : base names of its files
    original : False where the header calls the images derived
    """

    volume: LazyVolume
    kind: Kind
    modality: str
    n_bytes: int
    notices: tuple[Notice, ...]
    label: str
    names: tuple[str, ...] = ()
    original: bool = True

    @property
    def orientation(self) -> Orientation:
        """The plane of the slices."""
        return orientation_of(self.volume.grid)

    def summary(self) -> dict[str, Any]:
        """Return the ``series`` object of the schema ``locate``."""
        grid = self.volume.grid
        return {
            "kind": self.kind,
            "modality": self.modality,
            "shape_zyx": list(grid.shape),
            "spacing_xyz_mm": [round(float(mm), 6) for mm in grid.spacing_mm],
            "orientation": self.orientation,
            "bytes": self.n_bytes,
        }


@dataclass(frozen=True)
class RefusedSeries:
    """Files that were handed over and are no usable scan, with the reason.

    Parameters
    ----------
    problem : why
    names : base names of the files
    is_ct : whether they are (or may be) slices of a CT series
    """

    problem: Problem
    names: tuple[str, ...]
    is_ct: bool


@dataclass(frozen=True)
class _Slice:
    """One frame of one file and where it lies."""

    frames: Frames
    index: int

    @property
    def position_mm(self) -> tuple[float, ...]:
        """Centre of the first pixel, LPS mm."""
        return self.frames.header.planes[self.index].position_mm

    @property
    def name(self) -> str:
        """The file, and the frame where there are several."""
        header = self.frames.header
        return header.name if len(header.planes) == 1 else f"{header.name} (frame {self.index + 1})"

    def hu(self) -> HuSlice:
        """Decode the slice, (y, x) int16 HU."""
        return self.frames.hu(self.index)


def order_slices(headers: Sequence[Header]) -> Series:
    """Order the images of one series and judge them.

    Parameters
    ----------
    headers : CT images of one size and orientation, in any order

    Returns
    -------
    Series, slices rising along the normal (row direction x column direction)

    Raises
    ------
    Problem
        ``slices-contradict``, ``too-few-slices``, ``slice-missing``, ``spacing-uneven``,
        ``slices-too-far-apart``; ``slice-truncated`` and ``syntax-unsupported`` of a file.
    """
    slices = [_Slice(frames, index) for frames in map(_opened, headers) for index in range(_count(frames))]
    plane = headers[0].planes[0]
    row, column = np.array(plane.orientation[:3]), np.array(plane.orientation[3:])
    normal = np.cross(row, column)
    slices.sort(key=lambda one: float(np.dot(one.position_mm, normal)))
    slices, notices = _without_duplicates(slices, normal)
    places = np.array([one.position_mm for one in slices])
    if len(slices) < limit("min_slices"):
        raise _too_few(len(slices), float(np.ptp(places @ normal)))
    _require_even(places @ normal, [one.name for one in slices])
    step = (places[-1] - places[0]) / (len(places) - 1)
    _require_line(places, step, slices)
    affine = np.eye(4)
    affine[:3, 0], affine[:3, 1] = row * plane.pixel_mm[1], column * plane.pixel_mm[0]
    affine[:3, 2], affine[:3, 3] = step, places[0]
    grid = Grid((len(slices), headers[0].rows, headers[0].columns), affine)
    require_extent(grid)
    notices += geometry_notices(grid) + _header_notices(headers[0], grid)
    return Series(
        volume=LazyVolume(grid, lambda k: slices[k].hu()),
        kind="dicom",
        modality="CT",
        n_bytes=sum(header.member.n_bytes for header in headers),
        notices=tuple(notices),
        label=label_of(grid),
        names=tuple(header.name for header in headers),
        original=all(header.original for header in headers),
    )


def require_extent(grid: Grid) -> None:
    """Refuse a grid that cannot show a heart; ``too-few-slices``, ``slices-too-far-apart``."""
    most = limit("max_slice_step_mm")
    for count, step in zip(grid.shape[::-1], grid.spacing_mm, strict=True):
        if count < limit("min_slices") or count * step < limit("min_extent_mm"):
            raise _too_few(count, count * step)
        if step > most:
            raise Problem("slices-too-far-apart", step_mm=round(float(step), 2), limit=most)


def geometry_notices(grid: Grid) -> list[Notice]:
    """Tell of a gantry tilt and of slices that are not axial."""
    notices = []
    step = grid.affine[:3, 2] / grid.spacing_mm[2]
    lean = float(np.degrees(np.arccos(np.clip(abs(step @ grid.slice_normal), 0, 1))))
    if lean > TILT_TOLERANCE_DEG:
        notices.append(Notice.of("gantry-tilt", degrees=round(lean, 1)))
    if (orientation := orientation_of(grid)) != "axial":
        notices.append(Notice.of("orientation-unusual", orientation=orientation))
    return notices


def orientation_of(grid: Grid) -> Orientation:
    """Name the plane of the slices after the axis their normal is closest to."""
    normal = np.abs(grid.slice_normal)
    if normal.max() < _NAMED_PLANE:
        return "oblique"
    names: tuple[Orientation, ...] = ("sagittal", "coronal", "axial")
    return names[int(normal.argmax())]


def label_of(grid: Grid) -> str:
    """Return the short label of a scan, e.g. ``CT, 133 slices of 2.5 mm``."""
    orientation = orientation_of(grid)
    plane = "" if orientation == "axial" else f"{orientation}, "
    return f"CT, {plane}{grid.shape[0]} slices of {grid.spacing_mm[2]:.4g} mm"


def _opened(header: Header) -> Frames:
    frames = Frames(header)
    if header.member.path is not None:
        frames.check()
    return frames


def _count(frames: Frames) -> int:
    return len(frames.header.planes)


def _without_duplicates(slices: list[_Slice], normal: Points) -> tuple[list[_Slice], list[Notice]]:
    """Keep one of several slices at one place when they show the same; else ``slices-contradict``."""
    along = np.array([one.position_mm for one in slices]) @ normal
    again = np.flatnonzero(np.diff(along) <= SAME_POSITION_MM) + 1
    if not len(again):
        return slices, []
    for k in again.tolist():
        first, second = slices[k - 1], slices[k]
        apart = np.linalg.norm(np.subtract(first.position_mm, second.position_mm))
        if apart > SAME_POSITION_MM or not np.array_equal(first.hu(), second.hu()):
            raise Problem("slices-contradict", count=len(again), first=first.name, second=second.name)
    names = names_of([slices[k].name for k in again.tolist()])
    kept = [one for k, one in enumerate(slices) if k not in set(again.tolist())]
    return kept, [Notice.of("duplicate-slices", count=len(again), names=names)]


def names_of(names: Sequence[str]) -> str:
    """List some names in one line."""
    most = 3
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _require_even(along: Points, names: list[str]) -> None:
    """Judge the steps against their median; a gap is a step of several medians."""
    steps = np.diff(along)
    median = float(np.median(steps))
    tolerance = max(SPACING_TOLERANCE_MM, SPACING_TOLERANCE_SHARE * median)
    off = np.flatnonzero(np.abs(steps - median) > tolerance)
    if not len(off):
        return
    times = np.rint(steps[off] / median)
    gaps = (times >= 2) & (np.abs(steps[off] - times * median) <= tolerance * times)
    at = int(off[0])
    if gaps.all() and len(off) <= max(1, _MOST_GAPS * len(steps)):
        raise Problem(
            "slice-missing", count=int(times[0]) - 1, before=names[at], after=names[at + 1],
            gap_mm=round(float(steps[at]), 3), step_mm=round(median, 3), gaps=len(off),
        )  # fmt: skip
    raise Problem(
        "spacing-uneven", before=names[at], after=names[at + 1], least_mm=round(float(steps.min()), 3),
        most_mm=round(float(steps.max()), 3), step_mm=round(median, 3),
    )  # fmt: skip


def _require_line(places: Points, step: Points, slices: list[_Slice]) -> None:
    """Refuse slices that lie off the straight line from the first to the last."""
    due = places[0] + np.arange(len(places))[:, None] * step
    off = np.linalg.norm(places - due, axis=1)
    if off.max() <= PLACE_TOLERANCE_MM:
        return
    at = int(off.argmax())
    steps = np.linalg.norm(np.diff(places, axis=0), axis=1)
    raise Problem(
        "spacing-uneven", before=slices[at - 1].name, after=slices[at].name,
        least_mm=round(float(steps.min()), 3), most_mm=round(float(steps.max()), 3),
        step_mm=round(float(np.median(steps)), 3),
    )  # fmt: skip


def _header_notices(header: Header, grid: Grid) -> list[Notice]:
    step = float(abs(grid.affine[:3, 2] @ grid.slice_normal))
    said = header.header_step_mm
    tolerance = max(SPACING_TOLERANCE_MM, SPACING_TOLERANCE_SHARE * step)
    if said is None or abs(abs(said) - step) <= tolerance:
        return []
    return [Notice.of("spacing-disagrees", header_mm=said, step_mm=round(step, 3))]


def _too_few(count: int, extent_mm: float) -> Problem:
    least = int(limit("min_slices"))
    return Problem("too-few-slices", count=count, extent_mm=round(float(extent_mm), 1), least=least)
