"""A contrasted thoracic aorta in closed form, with ventricle, root and arch branches, on any grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from heartbox.geometry import Box, Grid, Points, apply_affine, isotropic_grid
from heartbox.volume import Volume

Numbers = npt.NDArray[np.float64]

ASCENDING_MM, DESCENDING_MM = 14.0, 11.0
ARCH_RADIUS_MM, ARCH_TOP_Z_MM, ARCH_CENTRE_Y_MM = 30.0, 30.0, 10.0
ANNULUS_Z_MM, ANNULUS_MM, SINUSES_MM, JUNCTION_MM = -55.0, 11.5, 16.5, 13.2
FOOT_Z_MM = -110.0
BLOOD_HU, SOFT_HU, LUNG_HU = 350.0, 40.0, -850.0
BRANCHES = {"brachiocephalic": (125.0, 5.5), "left_carotid": (95.0, 3.4), "left_subclavian": (65.0, 4.2)}
SECTOR = Box(-45.0, 66.0, -65.0, 75.0, -112.0, 100.0)


@dataclass(frozen=True)
class Tube:
    """A line with radii, LPS mm."""

    points_mm: Points
    radii_mm: Numbers


def trunk() -> Tube:
    """Build the aorta from annulus to the sector's lower face, 1 mm steps."""
    rise_z = np.arange(ANNULUS_Z_MM, ARCH_TOP_Z_MM, 1.0)
    rise = np.stack([0 * rise_z, np.full_like(rise_z, ARCH_CENTRE_Y_MM - ARCH_RADIUS_MM), rise_z], axis=1)
    turn = np.radians(np.linspace(180, 0, 96))
    arch = on_arch(turn)
    fall_z = np.arange(ARCH_TOP_Z_MM, FOOT_Z_MM - 8, -1.0)
    fall = np.stack([0 * fall_z, np.full_like(fall_z, ARCH_CENTRE_Y_MM + ARCH_RADIUS_MM), fall_z], axis=1)
    height = rise_z - ANNULUS_Z_MM
    root = np.interp(height, [0, 11, 23, 40], [ANNULUS_MM, SINUSES_MM, JUNCTION_MM, ASCENDING_MM])
    radii = [root, np.linspace(ASCENDING_MM, DESCENDING_MM, 96), np.full(len(fall_z), DESCENDING_MM)]
    return Tube(np.concatenate([rise, arch, fall]), np.concatenate(radii))


def on_arch(turn: Numbers) -> Points:
    """Return the arch's centres at angles (pi = ascending, 0 = descending), (n, 3) LPS mm."""
    y = ARCH_CENTRE_Y_MM + ARCH_RADIUS_MM * np.cos(turn)
    return np.stack([0 * turn, y, ARCH_TOP_Z_MM + ARCH_RADIUS_MM * np.sin(turn)], axis=1)


def branch(name: str) -> Tube:
    """Build one arch branch: straight up from the arch's centre."""
    degrees, radius = BRANCHES[name]
    foot = on_arch(np.radians([degrees]))[0]
    z = np.arange(foot[2], SECTOR.z1 + 8, 1.0)
    return Tube(np.stack([0 * z + foot[0], 0 * z + foot[1], z], axis=1), np.full(len(z), radius))


def ventricle() -> Tube:
    """Build outflow tract and left ventricle below the annulus: to the left and down."""
    start = np.array([0.0, ARCH_CENTRE_Y_MM - ARCH_RADIUS_MM, ANNULUS_Z_MM + 1.0])
    along = np.array([0.55, 0.0, -0.83])
    reach = np.arange(0.0, 75.0, 1.0)
    radii = np.interp(reach, [0, 9, 25, 75], [ANNULUS_MM, ANNULUS_MM, 19.0, 19.0])
    return Tube(start + reach[:, None] * along, radii)


def cane_sector(grid: Grid | None = None, blood_hu: float = BLOOD_HU, noise_hu: float = 8.0) -> Volume:
    """Paint the cane: blood in its tubes, soft tissue around them, lung beyond.

    Noise depends on the place, not on the voxel's index, so that a flipped grid shows the same image.
    """
    grid = grid or isotropic_grid(SECTOR, 1.6)
    k, j, i = np.indices(grid.shape)
    points = apply_affine(grid.affine, np.stack([i, j, k], axis=-1).reshape(-1, 3))
    depth = np.full(len(points), np.inf)
    for tube in [trunk(), ventricle(), *(branch(name) for name in BRANCHES)]:
        away, nearest = cKDTree(tube.points_mm).query(points)
        depth = np.minimum(depth, away - tube.radii_mm[nearest])
    blood = np.clip(0.5 - depth / 1.2, 0, 1)
    soft = np.clip(0.5 - (depth - 8) / 1.2, 0, 1)
    hu = LUNG_HU + soft * (SOFT_HU - LUNG_HU) + blood * (blood_hu - SOFT_HU)
    hu += noise_hu * np.sin(points @ np.array([1.7, 2.3, 1.1])) * np.sin(points @ np.array([-0.9, 1.3, 2.9]))
    return Volume(np.rint(hu).astype(np.int16).reshape(grid.shape), grid)


def flipped(volume: Volume) -> Volume:
    """Store the same image with all three axes reversed and rows exchanged with columns."""
    nz, ny, nx = volume.grid.shape
    turn = np.zeros((4, 4))
    turn[0, 1], turn[1, 0], turn[2, 2], turn[3, 3] = -1.0, -1.0, -1.0, 1.0
    turn[:3, 3] = [nx - 1, ny - 1, nz - 1]
    hu = np.ascontiguousarray(volume.hu[::-1, ::-1, ::-1].swapaxes(1, 2))
    return Volume(hu, Grid((nz, nx, ny), volume.grid.affine @ turn))
