"""Make a sampled cube look like another scanner's, phase's or patient's; all in place, HU."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from heartbox.network import Tensor


def recolour(hu: Tensor, blood: Tensor, spacing_mm: float, rng: np.random.Generator) -> None:
    """Give blood another contrast phase, left and right of a soft plane apart.

    Parameters
    ----------
    hu : (z, y, x) float32, HU, changed
    blood : (z, y, x) float32, share of blood pools
    spacing_mm : edge of a voxel
    rng : source of chance
    """
    if not blood.any():
        return
    first, second = (rng.uniform(-20, 150) if rng.random() < 0.5 else rng.uniform(100, 450) for _ in "ab")
    if rng.random() < 0.4:
        second = first
    k, j, i = (float(mean) for mean in ndimage.center_of_mass(blood))
    direction = rng.normal(size=3) * np.array([0.5, 0.7, 1.0])
    direction /= np.linalg.norm(direction)
    z, y, x = np.ogrid[: hu.shape[0], : hu.shape[1], : hu.shape[2]]
    away = direction[0] * (z - k) + direction[1] * (y - j) + direction[2] * (x - i)
    side = np.clip(away * np.float32(spacing_mm / 16) + 0.5, 0, 1).astype(np.float32)
    hu += blood * (np.float32(first) * side + np.float32(second) * (1 - side))


def degrade(hu: Tensor, spacing_mm: float, rng: np.random.Generator) -> None:
    """Fill lungs, blur, shift and scale HU, add noise, coarsen the greys.

    Parameters
    ----------
    hu : (z, y, x) float32, HU, changed
    spacing_mm : edge of a voxel
    rng : source of chance
    """
    if rng.random() < 0.25:
        for _ in range(int(rng.integers(1, 4))):
            _fill_lung(hu, spacing_mm, rng)
    if rng.random() < 0.2:
        hu[:] = ndimage.gaussian_filter(hu, rng.uniform(0.2, 0.8, 3), truncate=2.5)
    if rng.random() < 0.8:
        hu *= np.float32(np.clip(rng.normal(1.0, 0.05), 0.86, 1.14))
        hu += np.float32(np.clip(rng.normal(0.0, 15.0), -45, 45))
    if rng.random() < 0.5:
        sd = min(abs(rng.normal(0.0, 22.0)), 60.0)
        hu += np.float32(sd) * rng.standard_normal(hu.shape, dtype=np.float32)
    if rng.random() < 0.2:
        step = np.float32(rng.uniform(5.0, 110.0))
        hu[:] = np.rint(hu / step) * step + np.float32(rng.uniform(-0.5, 0.5)) * step
    if rng.random() < 0.08:
        np.minimum(hu, np.float32(rng.uniform(250.0, 600.0)), out=hu)


def _fill_lung(hu: Tensor, spacing_mm: float, rng: np.random.Generator) -> None:
    """Put an ellipsoid of soft tissue where there is lung: a mass, fluid, a collapsed lobe."""
    start = rng.integers(0, hu.size, 64)
    lung = start[(hu.ravel()[start] < -600) & (hu.ravel()[start] > -980)]
    if not len(lung):
        return
    k, j, i = np.unravel_index(int(lung[0]), hu.shape)
    radii = rng.uniform(8.0, 45.0, 3) / spacing_mm
    low = [max(int(c - r), 0) for c, r in zip((k, j, i), radii, strict=True)]
    high = [int(c + r) + 2 for c, r in zip((k, j, i), radii, strict=True)]
    part = hu[low[0] : high[0], low[1] : high[1], low[2] : high[2]]
    z, y, x = np.ogrid[: part.shape[0], : part.shape[1], : part.shape[2]]
    square = (
        ((z + low[0] - k) / radii[0]) ** 2
        + ((y + low[1] - j) / radii[1]) ** 2
        + ((x + low[2] - i) / radii[2]) ** 2
    )
    part[(square < 1) & (part < -300)] = rng.uniform(-20.0, 60.0)
