"""Ways through blood: where it is, how wide it is, and the widest-and-shortest way between two places."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.graph import MCP_Geometric
from skimage.morphology import remove_small_holes

from heartbox.aorta.contrast import Levels
from heartbox.aorta.grids import Block
from heartbox.geometry import Points

Mask = npt.NDArray[np.bool_]

#: Widths beyond this do not make a way cheaper, mm.
_ENOUGH_MM = 9.0
_STRICT_SHARE = 0.33
#: Noise is calmed by this much before blood is marked, and dark specks up to this size are blood.
_CALM_MM, _SPECK_MM3 = 1.2, 200.0
#: Material this much brighter than blood (share of the drop) is bone or undiluted contrast.
_TOO_BRIGHT_SHARE = 0.9
_LEAST_TOO_BRIGHT_HU = 120.0


@dataclass(frozen=True)
class Blood:
    """Where blood is on the search grid.

    Parameters
    ----------
    block : Block
    levels : Levels of the blood
    mask : (z, y, x) bool, brighter than half-way and no bone
    width_mm : (z, y, x) float32, distance to the nearest voxel that is not blood, mm
    likeness : (z, y, x) float32, 0..1, how well the HU fit blood
    """

    block: Block
    levels: Levels
    mask: Mask
    width_mm: npt.NDArray[np.float32]
    likeness: npt.NDArray[np.float32]


@dataclass(frozen=True)
class Way:
    """A path through blood: (n, 3) float64 LPS mm, and the width met at each point, mm."""

    points_mm: Points
    width_mm: npt.NDArray[np.float64]


def blood_in(block: Block, levels: Levels, strict: bool = False) -> Blood:
    """Mark the blood of a block and measure its width.

    Parameters
    ----------
    block : Block
    levels : Levels
    strict : ask for blood nearer to its level than half-way (in late phases the heart's muscle
        passes half-way)
    """
    floor = levels.blood_hu - _STRICT_SHARE * levels.drop_hu if strict else levels.half_hu
    ceiling = levels.blood_hu + max(_TOO_BRIGHT_SHARE * levels.drop_hu, _LEAST_TOO_BRIGHT_HU)
    calm = gaussian_filter(block.hu, _CALM_MM / block.spacing_mm)
    mask = (calm > floor) & (calm < ceiling)
    specks = int(_SPECK_MM3 / block.spacing_mm**3)
    mask = remove_small_holes(mask, max_size=specks)
    edge = distance_transform_edt(mask, sampling=block.spacing_mm) - block.spacing_mm / 2
    width = np.maximum(edge, 0).astype(np.float32)
    off = np.abs(block.hu - levels.blood_hu) / levels.drop_hu
    likeness = np.exp(-((off / 0.45) ** 2)).astype(np.float32)
    return Blood(block, levels, mask, width, likeness)


def find_way(blood: Blood, start_mm: Points, end_mm: Points, allowed: Mask | None = None) -> Way | None:
    """Find the minimal path between two places through blood, preferring its middle.

    Parameters
    ----------
    blood : Blood
    start_mm, end_mm : (3,) float64, LPS mm
    allowed : (z, y, x) bool or None, where the way may go

    Returns
    -------
    Way from start to end, or None when blood does not join them

    Notes
    -----
    Cohen, Kimmel, "Global minimum for active contour models", IJCV 24(1), 1997, with Dijkstra's
    algorithm on 26 neighbours. Cost O(n log n) in the voxels allowed.
    """
    open_voxels = blood.mask if allowed is None else blood.mask & allowed
    start, end = _nearest(open_voxels, blood.block, start_mm), _nearest(open_voxels, blood.block, end_mm)
    if start is None or end is None:
        return None
    worth = np.maximum(blood.likeness, 0.02) * np.minimum(blood.width_mm + 0.3, _ENOUGH_MM) / _ENOUGH_MM
    low, high = _bounds(open_voxels)
    cut = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    cost = np.where(open_voxels[cut], 1.0 / worth[cut] ** 2, np.inf)
    search = MCP_Geometric(cost)
    search.find_costs([tuple(start - low)], [tuple(end - low)])
    try:
        trace = np.array(search.traceback(tuple(end - low))) + low
    except ValueError:
        return None
    k, j, i = trace.T
    return Way(blood.block.point_mm(trace), blood.width_mm[k, j, i].astype(np.float64))


def _nearest(open_voxels: Mask, block: Block, point_mm: Points) -> npt.NDArray[np.int64] | None:
    """Return the open voxel nearest to a point, at most 6 mm away."""
    reach = int(np.ceil(6.0 / block.spacing_mm))
    at = np.rint(block.kji(point_mm)).astype(np.int64)
    low = np.clip(at - reach, 0, np.array(open_voxels.shape))
    high = np.clip(at + reach + 1, 0, np.array(open_voxels.shape))
    cut = open_voxels[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    places = np.argwhere(cut) + low
    if len(places) == 0:
        return None
    return np.asarray(places[np.linalg.norm(places - at, axis=1).argmin()])


def _bounds(mask: Mask) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    low, high = [], []
    for axis in range(3):
        others = tuple(a for a in range(3) if a != axis)
        hits = np.flatnonzero(mask.any(axis=others))
        low.append(int(hits[0]))
        high.append(int(hits[-1]) + 1)
    return np.array(low), np.array(high)
