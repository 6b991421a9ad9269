"""What leaves the arch: small bright tracks that rise from its upper wall, and their names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_dilation, map_coordinates

from heartbox.aorta.centreline import Centreline
from heartbox.aorta.contrast import Levels
from heartbox.aorta.grids import Block, resample
from heartbox.aorta.identity import trim
from heartbox.aorta.lumen import Band, Contours, fit_contours
from heartbox.aorta.measure import inscribed_radius_mm
from heartbox.aorta.paint import paint
from heartbox.aorta.planes import spread_evenly
from heartbox.aorta.track import CircleSearch, Track, find_circles, find_tracks
from heartbox.geometry import Box, Points
from heartbox.volume import Volume

Numbers = npt.NDArray[np.float64]

_SPACING_MM = 0.8
_SLICE_STEP_MM = 1.6
_RADII_MM = (2.0, 9.0)
_STEP_SHARE = 0.35
_EVENNESS = 0.1
_AROUND_ARCH_MM = 15.0
_ABOVE_ARCH_MM = 60.0
_FROM_WALL_MM = 6.5
_LEAST_RISE_MM = 9.0
_LEAST_SCORE = 2.2
_LEAST_UPWARDS = 0.45
_CHANNEL_SHARE = 0.6
_MOST_TRACKS = 14
_FACE_MM = 3.0
_NAMES = {
    1: ("branch",),
    2: ("brachiocephalic", "left_subclavian"),
    3: ("brachiocephalic", "left_carotid", "left_subclavian"),
    4: ("brachiocephalic", "left_carotid", "branch", "left_subclavian"),
}
_CONFIDENCE = {1: 0.3, 2: 0.5, 3: 0.9, 4: 0.6}


@dataclass(frozen=True)
class ArchBranch:
    """A vessel that leaves the arch.

    Parameters
    ----------
    name : by its order along the arch, else ``branch``
    leaves_at : number of the aorta's plane it leaves from
    points_mm : (n, 3) float64, LPS mm, from the aorta's centreline on
    inscribed_radius_mm, diameter_mm : (n,) float64, mm; inside the aorta those of its mouth
    contours : Contours outside the aorta
    end : where it stops
    confidence : 0..1, of its name
    """

    name: str
    leaves_at: int
    points_mm: Points
    inscribed_radius_mm: Numbers
    diameter_mm: Numbers
    contours: Contours
    end: Literal["end", "sector_face"]
    confidence: float


def find_arch_branches(sector: Volume, centreline: Centreline, levels: Levels) -> list[ArchBranch]:
    """Find the vessels that leave the arch upwards.

    Parameters
    ----------
    sector : Volume
    centreline : Centreline of the whole aorta
    levels : Levels

    Returns
    -------
    list of ArchBranch, in the direction of the blood
    """
    block = _around_arch(sector, centreline)
    painted = _painted(block, centreline)
    search = CircleSearch(
        radii_mm=_RADII_MM,
        slice_step_mm=_SLICE_STEP_MM,
        clip_hu=(levels.background_hu - 90, levels.blood_hu + min(150.0, levels.drop_hu)),
        step_hu=_STEP_SHARE * levels.drop_hu,
        evenness=_EVENNESS,
    )
    emptied = Block(np.where(painted, np.float32(levels.background_hu), block.hu), block.inside, block.grid)
    tracks = find_tracks(find_circles(emptied, search), search, _MOST_TRACKS)
    found = []
    for track in tracks:
        stem = _stem(block, centreline, trim(track)[0], levels)
        if stem is not None:
            found.append(stem)
    found.sort(key=lambda pair: pair[0])
    names = _NAMES.get(len(found), ("branch",) * len(found))
    sure = _CONFIDENCE.get(len(found), 0.3)
    return [
        _branch(sector, centreline, levels, leaves_at, track, (name, sure))
        for (leaves_at, track), name in zip(found, names, strict=True)
    ]


def _around_arch(sector: Volume, centreline: Centreline) -> Block:
    first, last = centreline.piece.arch or (0, len(centreline.points_mm) - 1)
    outline = centreline.piece.contours.part(first, last + 1).outline_mm.reshape(-1, 3)
    arch = Box.around(outline)
    wanted = arch.grown([_AROUND_ARCH_MM] * 4 + [0.0, _ABOVE_ARCH_MM])
    bounds = sector.grid.bounds_mm
    return resample(sector, wanted.intersection(bounds) or bounds, _SPACING_MM)


def _painted(block: Block, centreline: Centreline) -> npt.NDArray[np.bool_]:
    labels = np.zeros(block.hu.shape, dtype=np.uint8)
    paint(labels, block.grid, centreline.piece.contours, 1)
    return np.asarray(binary_dilation(labels > 0, iterations=1))


def _stem(block: Block, centreline: Centreline, track: Track, levels: Levels) -> tuple[int, Track] | None:
    """Keep a track that starts at the arch's upper wall, rises, and hangs on it by blood."""
    foot = track.circles.centres_mm[0]
    off = (track.core_hu - levels.blood_hu) / levels.drop_hu
    if track.length_mm < _LEAST_RISE_MM or track.score < _LEAST_SCORE or not -0.6 < off < 0.3:
        return None
    contours = centreline.piece.contours
    outline = contours.outline_mm
    away = np.linalg.norm(outline - foot, axis=-1)
    plane, ray = np.unravel_index(int(away.argmin()), away.shape)
    wall = outline[plane, ray]
    outwards = wall - contours.points_mm[plane]
    upwards = outwards[2] / max(float(np.linalg.norm(outwards)), 1e-6)
    if away[plane, ray] > _FROM_WALL_MM or upwards < _LEAST_UPWARDS:
        return None
    inner = wall + 0.15 * (contours.points_mm[plane] - wall)
    channel = foot + np.linspace(0, 1, 12)[:, None] * (inner - foot)
    hu = map_coordinates(block.hu, block.kji(channel).T, order=1, mode="nearest")
    if hu.min() < levels.blood_hu - _CHANNEL_SHARE * levels.drop_hu:
        return None
    return int(plane), track


def _branch(
    sector: Volume,
    centreline: Centreline,
    levels: Levels,
    leaves_at: int,
    track: Track,
    named: tuple[str, float],
) -> ArchBranch:
    circles = track.circles
    cap = 1.5 * float(circles.radii_mm.max())
    contours = fit_contours(
        sector, circles.centres_mm, circles.radii_mm, levels, Band(low=0.4, high=1.6, cap_mm=cap)
    )
    lead = spread_evenly(np.stack([centreline.points_mm[leaves_at], contours.points_mm[0]]))[:-1]
    inscribed, diameter = inscribed_radius_mm(contours.radii_mm), contours.diameter_mm
    top = float(contours.points_mm[-1, 2])
    at_face = sector.grid.bounds_mm.z1 - top < _FACE_MM + sector.grid.spacing_mm.max()
    return ArchBranch(
        named[0],
        leaves_at,
        np.concatenate([lead, contours.points_mm]),
        np.concatenate([np.full(len(lead), inscribed[0]), inscribed]),
        np.concatenate([np.full(len(lead), diameter[0]), diameter]),
        contours,
        "sector_face" if at_face else "end",
        named[1],
    )
