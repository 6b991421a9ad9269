"""Solids in closed form -> voxels: each solid touches only the voxels of its own bounding box.

A voxel's share of a solid is read from the signed distance of its centre to the surface, over an edge
one voxel wide: partial volume to first order. The loops are compiled (`heartbox.phantom.kernels`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heartbox.geometry import Grid
from heartbox.phantom.kernels import (
    TEXTURE_SIDE,
    Hu,
    blend_distance,
    blend_ellipsoid,
    blend_stack,
    tube_distance,
)
from heartbox.phantom.shapes import Ellipsoid, Shape, Stack, Tube

#: A distance that no voxel of a body has, mm.
_FAR_MM = 1e6


def blend(hu: Hu, grid: Grid, shape: Shape, value_hu: float, texture: tuple[Hu, float]) -> None:
    """Paint one solid into a volume, in place.

    Parameters
    ----------
    hu : (z, y, x) float32 HU on ``grid``
    grid : Grid whose affine maps voxels to the *body frame*
    value_hu : the solid's HU
    texture : ((n, n, n) float32 lattice of zero mean and unit sd with n = `TEXTURE_SIDE`, amplitude in HU)
    """
    edge_mm = edge_width_mm(grid)
    # The edge lies half outside the solid.
    block = grid.voxel_range(shape.bounds_mm.grown([edge_mm] * 6))
    if block is None:
        return
    (k0, j0, i0), (k1, j1, i1) = block
    part = grid.cropped(*block)
    affine = np.ascontiguousarray(part.affine[:3])
    view = hu[k0:k1, j0:j1, i0:i1]
    ink = (texture[0], float(value_hu), float(texture[1]), 1.0 / edge_mm)
    if isinstance(shape, Ellipsoid):
        to_unit = shape.axes / shape.semi_axes_mm[:, None]
        shift = to_unit @ (affine[:, 3] - shape.centre_mm)
        matrix = np.column_stack([to_unit @ affine[:, :3], shift])
        blend_ellipsoid(view, affine, (matrix, to_unit, float(shape.exponent)), ink)
    elif isinstance(shape, Stack):
        table = np.column_stack([shape.centres_mm, shape.half_widths_mm])
        solid = (table, float(shape.z_mm[0]), float(shape.z_mm[-1]), float(shape.exponent))
        blend_stack(view, affine, solid, ink)
    else:
        distance = np.full(view.shape, _FAR_MM, dtype=np.float32)
        inverse = np.ascontiguousarray(part.inverse[:3])
        tube_distance(distance, affine, inverse, (shape.points_mm, shape.radii_mm, _ends(shape)), edge_mm)
        blend_distance(view, distance, affine, ink)


def edge_width_mm(grid: Grid) -> float:
    """Return the width of a solid's soft edge on a grid: the geometric mean of its spacings, mm."""
    return float(abs(np.linalg.det(grid.affine[:3, :3])) ** (1.0 / 3.0))


def texture_bank(rng: np.random.Generator) -> Hu:
    """Draw a periodic lattice of smooth noise, (n, n, n) float32, zero mean, unit sd, n = `TEXTURE_SIDE`."""
    white = rng.standard_normal((TEXTURE_SIDE,) * 3)
    frequency = np.fft.fftfreq(TEXTURE_SIDE)
    z, y, x = np.meshgrid(frequency, frequency, frequency, indexing="ij")
    smooth = np.fft.ifftn(np.fft.fftn(white) * np.exp(-(x**2 + y**2 + z**2) / (2 * 0.12**2))).real
    return np.asarray((smooth - smooth.mean()) / smooth.std(), dtype=np.float32)


def _ends(shape: Tube) -> npt.NDArray[np.bool_]:
    """Mark the points that end a piece: no segment leaves them."""
    ends = np.zeros(len(shape.points_mm), dtype=np.bool_)
    ends[shape.starts[1:] - 1] = True
    ends[-1] = True
    return ends
