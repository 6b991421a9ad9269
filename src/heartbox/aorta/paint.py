"""Paint a vessel's outlines into voxels, on any grid."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from heartbox.aorta.lumen import Contours
from heartbox.geometry import Grid, apply_affine


def paint(labels: npt.NDArray[np.uint8], grid: Grid, contours: Contours, value: int) -> None:
    """Give the voxels inside a vessel a label; voxels that have one keep it.

    Parameters
    ----------
    labels : (z, y, x) uint8, changed in place
    grid : Grid of the same shape
    contours : Contours
    value : the label

    Notes
    -----
    A voxel lies inside when, between the two planes around it, its distance from the interpolated
    centre is below the interpolated radius at its angle. Cost O(planes x voxels around a plane).
    """
    outline = apply_affine(grid.inverse, contours.outline_mm)
    most = np.array(grid.shape[::-1]) - 1
    low = np.clip(np.floor(outline.min(axis=1)), 0, most + 1).astype(np.int64)
    high = np.clip(np.ceil(outline.max(axis=1)), -1, most).astype(np.int64)
    frames = contours.frames
    _paint(
        labels,
        np.ascontiguousarray(grid.affine),
        (np.minimum(low[:-1], low[1:]), np.maximum(high[:-1], high[1:])),
        (contours.points_mm, frames.tangent, frames.u, frames.v),
        np.ascontiguousarray(contours.radii_mm),
        np.uint8(value),
    )


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _paint(labels: Any, affine: Any, bounds: Any, planes: Any, radii: Any, value: Any) -> Any:
    low, high = bounds
    place = np.empty(3)
    for n in range(radii.shape[0] - 1):
        for k in range(low[n, 2], high[n, 2] + 1):
            for j in range(low[n, 1], high[n, 1] + 1):
                for i in range(low[n, 0], high[n, 0] + 1):
                    if labels[k, j, i] == 0:
                        for a in range(3):
                            place[a] = affine[a, 0] * i + affine[a, 1] * j + affine[a, 2] * k + affine[a, 3]
                        if _is_between(place, n, planes, radii):
                            labels[k, j, i] = value


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _is_between(place: Any, n: Any, planes: Any, radii: Any) -> Any:
    """Tell whether a place lies between planes n and n + 1 and inside both outlines."""
    points, tangent, u, v = planes
    before, after = 0.0, 0.0
    for a in range(3):
        before += (place[a] - points[n, a]) * tangent[n, a]
        after += (points[n + 1, a] - place[a]) * tangent[n + 1, a]
    if before < 0 or after <= 0:
        return False
    share = before / (before + after)
    across, up = 0.0, 0.0
    for a in range(3):
        off = place[a] - points[n, a] - share * (points[n + 1, a] - points[n, a])
        across += off * ((1 - share) * u[n, a] + share * u[n + 1, a])
        up += off * ((1 - share) * v[n, a] + share * v[n + 1, a])
    rays = radii.shape[1]
    angle = (np.arctan2(up, across) / (2 * np.pi)) % 1.0 * rays
    ray = int(angle) % rays
    turn = angle - int(angle)
    ahead = (ray + 1) % rays
    inner = radii[n, ray] * (1 - turn) + radii[n, ahead] * turn
    outer = radii[n + 1, ray] * (1 - turn) + radii[n + 1, ahead] * turn
    reach = inner * (1 - share) + outer * share
    return across * across + up * up < reach * reach
