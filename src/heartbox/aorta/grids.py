"""Two grids: a coarse cube in the patient's frame to search in, the sector's own voxels to measure in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from heartbox.geometry import Affine, Box, Grid, Points, apply_affine, isotropic_grid
from heartbox.volume import AIR_HU, Volume

HuBlock = npt.NDArray[np.float32]  # (z, y, x) HU, axes rising along LPS

#: Edge of the search grid's cubes, mm.
SEARCH_SPACING_MM = 1.5
_MOST_SUBSAMPLES = 3


@dataclass(frozen=True)
class Block:
    """HU on cubic voxels whose axes rise along LPS, whatever the sector's own axes do.

    Parameters
    ----------
    hu : (z, y, x) float32, HU; air where the sector does not reach
    inside : (z, y, x) bool, whether the voxel's centre lies in the sector
    grid : Grid of both
    """

    hu: HuBlock
    inside: npt.NDArray[np.bool_]
    grid: Grid

    @property
    def spacing_mm(self) -> float:
        """Edge of a voxel, mm."""
        return float(self.grid.affine[0, 0])

    def kji(self, points_mm: npt.ArrayLike) -> Points:
        """Turn LPS mm, (..., 3), into fractional array indices (k, j, i), (..., 3) float64."""
        return apply_affine(self.grid.inverse, points_mm)[..., ::-1]

    def point_mm(self, kji: npt.ArrayLike) -> Points:
        """Turn array indices (k, j, i), (..., 3), into LPS mm, (..., 3) float64."""
        return apply_affine(self.grid.affine, np.asarray(kji, dtype=np.float64)[..., ::-1])


def search_block(sector: Volume) -> Block:
    """Resample a whole sector to the search grid, `SEARCH_SPACING_MM`."""
    return resample(sector, sector.grid.bounds_mm, SEARCH_SPACING_MM)


def resample(sector: Volume, box: Box, spacing_mm: float) -> Block:
    """Resample a box of a sector to cubes along LPS: means of trilinear sub-samples.

    Parameters
    ----------
    sector : Volume on any affine, flipped, oblique or sheared
    box : Box, LPS mm
    spacing_mm : edge of the cubes

    Notes
    -----
    As many sub-samples an axis as source voxels fit into a cube (at most three): fine voxels are
    averaged, coarse ones interpolated. Cost O(cubes x sub-samples).
    """
    grid = isotropic_grid(box, spacing_mm)
    counts = np.clip(np.rint(spacing_mm / sector.grid.spacing_mm), 1, _MOST_SUBSAMPLES).astype(int)
    count = int(counts.max())
    offsets = ((np.arange(count) + 0.5) / count - 0.5) * spacing_mm
    nz, ny, nx = grid.shape
    hu = np.empty(grid.shape, dtype=np.float32)
    inside = np.empty(grid.shape, dtype=np.bool_)
    steps = np.stack(np.meshgrid(offsets, offsets, offsets, indexing="ij"), axis=-1).reshape(-1, 3)
    columns, rows = np.meshgrid(np.arange(nx), np.arange(ny))
    flat = np.stack([columns.ravel(), rows.ravel(), np.zeros(nx * ny)], axis=1)
    plane = apply_affine(grid.affine, flat)
    for k in range(nz):
        level = plane + np.array([0.0, 0.0, k * spacing_mm])
        total = np.zeros(nx * ny, dtype=np.float32)
        for step in steps:
            samples = sample_hu(sector, level + step)
            total += np.where(np.isnan(samples), AIR_HU, samples)
        hu[k] = (total / len(steps)).reshape(ny, nx)
        centre = sample_hu(sector, level)
        inside[k] = ~np.isnan(centre).reshape(ny, nx)
    return Block(hu, inside, grid)


def sample_hu(sector: Volume, points_mm: Points) -> npt.NDArray[np.float32]:
    """Read HU at points, trilinear through the sector's affine.

    Parameters
    ----------
    sector : Volume
    points_mm : (..., 3) float64, LPS mm

    Returns
    -------
    (...) float32, HU; NaN beyond the outer faces of the sector's voxels
    """
    flat = np.ascontiguousarray(points_mm.reshape(-1, 3), dtype=np.float64)
    out = np.empty(len(flat), dtype=np.float32)
    _trilinear(np.ascontiguousarray(sector.hu), np.ascontiguousarray(sector.grid.inverse), flat, out)
    return out.reshape(points_mm.shape[:-1])


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _trilinear(
    hu: npt.NDArray[np.int16], inverse: Affine, points: Points, out: npt.NDArray[np.float32]
) -> Any:
    nz, ny, nx = hu.shape
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        i = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2] * z + inverse[0, 3]
        j = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2] * z + inverse[1, 3]
        k = inverse[2, 0] * x + inverse[2, 1] * y + inverse[2, 2] * z + inverse[2, 3]
        beyond = i < -0.5 or j < -0.5 or k < -0.5 or i > nx - 0.5 or j > ny - 0.5 or k > nz - 0.5
        if beyond:
            out[n] = np.nan
            continue
        i, j, k = min(max(i, 0.0), nx - 1.0), min(max(j, 0.0), ny - 1.0), min(max(k, 0.0), nz - 1.0)
        i0, j0, k0 = int(i), int(j), int(k)
        i1, j1, k1 = min(i0 + 1, nx - 1), min(j0 + 1, ny - 1), min(k0 + 1, nz - 1)
        a, b, c = i - i0, j - j0, k - k0
        near = (hu[k0, j0, i0] * (1 - a) + hu[k0, j0, i1] * a) * (1 - b) + (
            hu[k0, j1, i0] * (1 - a) + hu[k0, j1, i1] * a
        ) * b
        far = (hu[k1, j0, i0] * (1 - a) + hu[k1, j0, i1] * a) * (1 - b) + (
            hu[k1, j1, i0] * (1 - a) + hu[k1, j1, i1] * a
        ) * b
        out[n] = near * (1 - c) + far * c
