"""The aorta's lumen in a sector: its pieces with their outlines, or the reason why there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from heartbox.aorta.contrast import (
    LEAST_BRIGHT_SHARE,
    Levels,
    bright_share,
    lung_share,
)
from heartbox.aorta.grids import Block, search_block
from heartbox.aorta.identity import Choice, choose_tracks, is_contrasted
from heartbox.aorta.lumen import Band, Contours, fit_contours
from heartbox.aorta.root import RootPlanes, find_root_planes
from heartbox.aorta.track import CircleSearch, Track, find_circles, find_tracks
from heartbox.geometry import Points
from heartbox.volume import Volume

Progress = Callable[[float, str], None]
Numbers = npt.NDArray[np.float64]
PieceKind = Literal["whole", "ascending", "descending"]
EndKind = Literal["annulus", "end", "sector_face"]

_LEAST_LUNG_SHARE = 0.035
_LEAST_FREE_MM = 60
_EDGE_REACH_MM, _EDGE_REACH_PIXELS = 1.6, 0.7
_FOLLOW_MM = 12.0
_MOST_FOLLOWED = 6
_FOLLOW_SUPPORT = 0.6
_FOLLOW_RADIUS_SHARE = 0.3
_FACE_REACH_MM = 12.0
_ROOT_CAP = 1.35
_ROOT_WINDOW_MM = 60


@dataclass(frozen=True)
class Piece:
    """A part of the aorta in one run, in the direction of the blood.

    Parameters
    ----------
    kind : ``whole`` (ascending, arch and descending joined), ``ascending`` or ``descending``
    contours : Contours
    start, end : what lies at the two ends
    root : RootPlanes counted on this piece's planes, or None
    arch : first and last plane of the arch, where the two straight tracks end, or None
    """

    kind: PieceKind
    contours: Contours
    start: EndKind
    end: EndKind
    root: RootPlanes | None
    arch: tuple[int, int] | None


@dataclass(frozen=True)
class Lumen:
    """The aorta's lumen, or why there is none.

    Parameters
    ----------
    refusal : code of the notice that says why nothing was measured, or None
    pieces : whole aorta, or ascending and descending apart, or the descending alone
    levels : Levels inside the descending aorta, or None
    margin : by how much the choice of tracks beats the next one
    block : Block the search ran on
    """

    refusal: str | None
    pieces: tuple[Piece, ...]
    levels: Levels | None
    margin: float
    block: Block


def segment(sector: Volume, progress: Progress) -> Lumen:
    """Find the aorta's lumen in a sector.

    Parameters
    ----------
    sector : Volume on any affine
    progress : called with a share 0..1 and a word
    """
    progress(0.0, "search grid")
    block = search_block(sector)
    if bright_share(block) < LEAST_BRIGHT_SHARE:
        return _refused("no-contrast", block)
    if lung_share(block) < _LEAST_LUNG_SHARE:
        return _refused("no-aorta", block)
    progress(0.1, "circles")
    search = CircleSearch(edge_reach_mm=_edge_reach_mm(sector))
    tracks = find_tracks(find_circles(block, search), search)
    if not any(is_contrasted(track) for track in tracks):
        return _refused("no-contrast", block)
    progress(0.25, "choice of vessels")
    choice = choose_tracks(block, tracks)
    progress(0.4, "contours")
    pieces = _pieces(sector, choice) if choice is not None else ()
    if choice is None or not any(_is_anchored(piece) for piece in pieces):
        return _refused("no-aorta", block)
    return Lumen(None, pieces, choice.levels, choice.margin, block)


def _refused(reason: str, block: Block) -> Lumen:
    return Lumen(reason, (), None, 0.0, block)


def _is_anchored(piece: Piece) -> bool:
    """Tell whether a piece reaches the heart, the arch or a face, or is long: no short one floats free."""
    anchored = piece.kind == "whole" or piece.start != "end" or piece.end != "end"
    return anchored or len(piece.contours) >= _LEAST_FREE_MM


def _edge_reach_mm(sector: Volume) -> float:
    """Return how far from a circle its fall of HU may lie: coarse pixels blur it."""
    in_plane = float(np.sort(sector.grid.spacing_mm)[:2].max())
    return max(_EDGE_REACH_MM, _EDGE_REACH_PIXELS * in_plane)


def _pieces(sector: Volume, choice: Choice) -> tuple[Piece, ...]:
    down = _track_line(choice.descending, rising=False)
    if choice.ascending is None:
        return (_fit(sector, choice, "descending", [down]),)
    up = _track_line(choice.ascending, rising=True)
    root = [] if choice.root is None else [(choice.root.points_mm, choice.root.width_mm + 1.0)]
    if choice.arch is None:
        return (
            _fit(sector, choice, "ascending", [*root, up]),
            _fit(sector, choice, "descending", [down]),
        )
    arch = (choice.arch.points_mm, choice.arch.width_mm + 1.0)
    return (_fit(sector, choice, "whole", [*root, up, arch, down]),)


def _track_line(track: Track, rising: bool) -> tuple[Points, Numbers]:
    order = slice(None) if rising else slice(None, None, -1)
    return track.circles.centres_mm[order], track.circles.radii_mm[order]


def _fit(sector: Volume, choice: Choice, kind: PieceKind, runs: list[tuple[Points, Numbers]]) -> Piece:
    points, expected = _joined(runs)
    with_root = kind != "descending" and choice.root is not None
    points, expected, start_at_face = _to_face(sector, points, expected, at_start=True, wanted=not with_root)
    points, expected, end_at_face = _to_face(sector, points, expected, at_start=False, wanted=True)
    radius = choice.descending.radius_mm
    if kind != "descending" and choice.ascending is not None:
        radius = max(radius, choice.ascending.radius_mm)
    band = Band(cap_mm=_ROOT_CAP * radius)
    contours = fit_contours(sector, points, expected, choice.levels, band)
    for _ in range(_MOST_FOLLOWED):
        further = None if end_at_face or kind == "ascending" else _followed(sector, contours, choice, band)
        if further is None:
            break
        contours, end_at_face = further
    start: EndKind = "sector_face" if start_at_face else "end"
    end: EndKind = "sector_face" if end_at_face else "end"
    root = None
    if with_root:
        root = find_root_planes(contours.diameter_mm, _ROOT_WINDOW_MM)
    if root is not None:
        contours = contours.part(root.annulus, len(contours))
        root = root.counted_from_annulus()
        start = "annulus"
    arch = _arch_planes(contours, choice) if kind == "whole" else None
    return Piece(kind, contours, start, end, root, arch)


def _followed(sector: Volume, contours: Contours, choice: Choice, band: Band) -> tuple[Contours, bool] | None:
    """Follow the descending aorta on where its circles were lost: straight on, as long as edges are seen."""
    line, radii = contours.points_mm, np.median(contours.radii_mm, axis=1)
    along = line[-1] - line[-min(len(line), 12)]
    along = along / max(float(np.linalg.norm(along)), 1e-6)
    ahead = line[-1] + np.arange(1.0, _FOLLOW_MM + 1.0)[:, None] * along
    usual = float(np.median(radii[-25:]))
    points = np.concatenate([line, ahead])
    expected = np.concatenate([radii, np.full(len(ahead), usual)])
    points, expected, at_face = _to_face(sector, points, expected, at_start=False, wanted=True)
    longer = fit_contours(sector, points, expected, choice.levels, band)
    new = longer.part(len(longer) - len(points) + len(line), len(longer))
    blood_low = choice.levels.blood_hu - 0.35 * choice.levels.drop_hu
    off = np.abs(new.diameter_mm / 2 / usual - 1)
    kept = new.support.mean() >= _FOLLOW_SUPPORT and new.blood_hu.min() > blood_low
    return (longer, at_face) if kept and off.max() < _FOLLOW_RADIUS_SHARE else None


def _joined(runs: list[tuple[Points, Numbers]]) -> tuple[Points, Numbers]:
    """Join runs, leaving out points that step back where two runs overlap."""
    points, radii = runs[0]
    for more, more_radii in runs[1:]:
        gap = np.linalg.norm(more - points[-1], axis=1)
        first = int(gap.argmin())
        keep = np.linalg.norm(more[first:] - points[-1], axis=1) > 1.0
        points = np.concatenate([points, more[first:][keep]])
        radii = np.concatenate([radii, more_radii[first:][keep]])
    return points, radii


def _to_face(
    sector: Volume, points: Points, expected: Numbers, *, at_start: bool, wanted: bool
) -> tuple[Points, Numbers, bool]:
    """Run a line on to the sector's face when it ends close to one."""
    if not wanted:
        return points, expected, False
    order = slice(None, None, -1) if at_start else slice(None)
    line, width = points[order], expected[order]
    reach = min(len(line), 5)
    along = line[-1] - line[-reach]
    along = along / max(float(np.linalg.norm(along)), 1e-6)
    steps = np.arange(1.0, _FACE_REACH_MM + 1.0)
    ahead = line[-1] + steps[:, None] * along
    shape = np.array(sector.grid.shape[::-1])
    voxels = ahead @ sector.grid.inverse[:3, :3].T + sector.grid.inverse[:3, 3]
    outside = ((voxels < -0.5) | (voxels > shape - 0.5)).any(axis=1)
    if not outside.any():
        return points, expected, False
    inner = ahead[: int(outside.argmax())]
    line = np.concatenate([line, inner])
    width = np.concatenate([width, np.full(len(inner), width[-1])])
    return line[order], width[order], True


def _arch_planes(contours: Contours, choice: Choice) -> tuple[int, int]:
    """Return the planes next to the upper ends of both tracks."""
    ends = [track.circles.centres_mm[-1] for track in (choice.ascending, choice.descending) if track]
    first, last = (int(np.linalg.norm(contours.points_mm - end, axis=1).argmin()) for end in ends)
    return min(first, last), max(first, last)
