"""From the ascending aorta down: the way into the ventricle, and where the annulus lies on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label
from scipy.signal import argrelextrema

from heartbox.aorta.paths import Blood, Way, find_way
from heartbox.aorta.planes import smooth_along
from heartbox.geometry import Points

_ABOVE_SEED_VOXELS = 2
_BASIN_AWAY_MM = 35.0
_BASIN_AT_MOST_AWAY_MM = 75.0
_BASIN_WIDER_MM = 2.0
_LEVEL_STEP_MM = 0.5
_LEAST_BOTTLENECK_MM = 3.5

_SMOOTH_PLANES = 1.5
_MOST_VENTRICLE_RISE_MM = 4.0
_MOST_BULGE_RISE_MM = 6.0
_COST_PER_MM = 0.05
_SINUS_REACH_MM = 26
_SAME_WAIST_SHARE = 0.18
_WAIST_TO_BULGE_MM = 40
_LEAST_RISE_MM = 1.0
#: The bulge ends where this share of its fall is left: the tube beyond it is nearly even.
_FALL_DONE_SHARE = 0.08


@dataclass(frozen=True)
class RootPlanes:
    """Numbers of the planes (from the ventricle on) where annulus, sinuses and junction lie.

    ``sinuses`` and ``junction`` (sinotubular) are None when the root shows no bulge; ``clear`` tells
    whether the annulus is a real waist.
    """

    annulus: int
    sinuses: int | None
    junction: int | None
    clear: bool

    def counted_from_annulus(self) -> RootPlanes:
        """Return the same planes counted from the annulus on."""
        sinuses = None if self.sinuses is None else self.sinuses - self.annulus
        junction = None if self.junction is None else self.junction - self.annulus
        return RootPlanes(0, sinuses, junction, self.clear)


def way_to_ventricle(blood: Blood, seed_mm: Points) -> Way | None:
    """Find the way from the ascending aorta's lowest sure place down into the left ventricle.

    Parameters
    ----------
    blood : Blood (strict)
    seed_mm : (3,) float64, LPS mm

    Returns
    -------
    Way from the ventricle up to the seed, or None

    Notes
    -----
    A flood by falling width (maximin path): the width is lowered until the seed's part of the blood
    holds a basin that is wider than the bottleneck on the way. The outflow tract is wider than any
    leak through a wall, so it opens first.
    """
    block = blood.block
    seed = np.rint(block.kji(seed_mm)).astype(int)
    top = min(int(seed[0]) + _ABOVE_SEED_VOXELS, block.hu.shape[0] - 1)
    width = blood.width_mm[: top + 1]
    around = width[max(seed[0] - 2, 0) :, seed[1] - 2 : seed[1] + 3, seed[2] - 2 : seed[2] + 3]
    if around.size == 0 or around.max() <= _LEAST_BOTTLENECK_MM:
        return None
    start = np.argwhere(width == around.max())
    start = start[np.linalg.norm(start - seed, axis=1).argmin()]
    away = _distance_mm(width.shape, seed, block.spacing_mm)
    far = (away >= _BASIN_AWAY_MM) & (away <= _BASIN_AT_MOST_AWAY_MM)
    for bottleneck in np.arange(float(around.max()), _LEAST_BOTTLENECK_MM, -_LEVEL_STEP_MM):
        parts, _ = label(width >= bottleneck)
        mine = parts == parts[tuple(start)]
        basin = mine & far & (width >= bottleneck + _BASIN_WIDER_MM)
        if basin.any():
            way = _way_from(blood, mine, basin, start)
            return None if way is None else _cut_at_basin(way, bottleneck + _BASIN_WIDER_MM)
    return None


def _way_from(
    blood: Blood, mine: npt.NDArray[np.bool_], basin: npt.NDArray[np.bool_], start: npt.NDArray[np.int64]
) -> Way | None:
    widest = np.where(basin, blood.width_mm[: len(basin)], 0)
    goal = np.array(np.unravel_index(int(widest.argmax()), widest.shape))
    allowed = np.zeros(blood.mask.shape, dtype=np.bool_)
    allowed[: len(mine)] = mine
    return find_way(blood, blood.block.point_mm(goal), blood.block.point_mm(start), allowed)


def _cut_at_basin(way: Way, wide_mm: float) -> Way:
    """Keep the way from its first wide place beyond the root: it may run on into the atrium."""
    away = np.linalg.norm(way.points_mm - way.points_mm[-1], axis=1)
    basin = np.flatnonzero((away >= _BASIN_AWAY_MM) & (way.width_mm >= wide_mm))
    first = int(basin[-1]) if len(basin) else 0
    return Way(way.points_mm[first:], way.width_mm[first:])


def _distance_mm(
    shape: tuple[int, ...], seed: npt.NDArray[np.int64], spacing_mm: float
) -> npt.NDArray[np.float32]:
    k, j, i = np.ogrid[: shape[0], : shape[1], : shape[2]]
    square = (k - seed[0]) ** 2 + (j - seed[1]) ** 2 + (i - seed[2]) ** 2
    return np.asarray(np.sqrt(square.astype(np.float32)) * spacing_mm)


def find_root_planes(diameter_mm: npt.NDArray[np.float64], most: int) -> RootPlanes | None:
    """Read annulus, sinuses and sinotubular junction off the width along the vessel.

    Parameters
    ----------
    diameter_mm : (n,) float64, equivalent diameter on planes 1 mm apart, from the ventricle on
    most : planes looked at for the annulus (the root's search window)

    Returns
    -------
    RootPlanes, or None when no waist is seen

    Notes
    -----
    The annulus is the waist with the largest rise to both sides, at the upper end of the waist: the
    outflow tract below it is often as narrow.
    """
    width = smooth_along(diameter_mm, _SMOOTH_PLANES)
    window = min(most, len(width) - 2)
    waists = [int(n) for n in argrelextrema(width[:window], np.less_equal, order=2)[0] if 0 < n < window - 1]
    if not waists:
        return None
    rises = [_rises(width, n) for n in waists]
    worth = [down + up - _COST_PER_MM * n for n, (down, up) in zip(waists, rises, strict=True)]
    best = int(np.argmax(worth))
    down, up = rises[best]
    annulus = _upper_end(width, waists[best])
    clear = min(down, up) >= _LEAST_RISE_MM
    sinuses, junction = _bulge_above(width, annulus)
    return RootPlanes(annulus, sinuses, junction, clear)


def _rises(width: npt.NDArray[np.float64], waist: int) -> tuple[float, float]:
    below = width[max(waist - _SINUS_REACH_MM, 0) : waist + 1].max() - width[waist]
    above = width[waist : waist + _SINUS_REACH_MM].max() - width[waist]
    return min(float(below), _MOST_VENTRICLE_RISE_MM), min(float(above), _MOST_BULGE_RISE_MM)


def _upper_end(width: npt.NDArray[np.float64], waist: int) -> int:
    """Climb the waist: the outflow tract is as narrow as the annulus above it."""
    bulge = waist + int(width[waist : waist + _WAIST_TO_BULGE_MM].argmax())
    limit = width[waist] + _SAME_WAIST_SHARE * (width[bulge] - width[waist])
    same = np.flatnonzero(width[waist:bulge] <= limit)
    return waist + int(same[-1]) if len(same) else waist


def _bulge_above(width: npt.NDArray[np.float64], annulus: int) -> tuple[int | None, int | None]:
    reach = width[annulus : annulus + _SINUS_REACH_MM]
    sinuses = annulus + int(reach.argmax())
    if width[sinuses] - width[annulus] < _LEAST_RISE_MM or sinuses - annulus < 3:
        return None, None
    for n in range(sinuses + 1, min(sinuses + _SINUS_REACH_MM, len(width) - 2)):
        if width[n] <= width[n - 1] and width[n] <= width[n + 1]:
            limit = width[n] + _FALL_DONE_SHARE * (width[sinuses] - width[n])
            return sinuses, sinuses + int(np.argmax(width[sinuses : n + 1] <= limit))
    return sinuses, None
