from __future__ import annotations

import numpy as np
import pytest

from heartbox.aorta.contrast import Levels
from heartbox.aorta.lumen import Band, Contours, fit_contours
from heartbox.geometry import Box, Points, apply_affine, isotropic_grid
from heartbox.volume import Volume

LEVELS = Levels(340.0, 40.0)
RADIUS_MM = 12.0
DIRECTION = np.array([0.4, -0.3, np.sqrt(0.75)])


def _tube(mouth: bool = False) -> Volume:
    """Paint a leaning tube through the origin; a branch of 4 mm may leave it to the left."""
    grid = isotropic_grid(Box(-50, 50, -45, 45, -40, 40), 1.2)
    k, j, i = np.indices(grid.shape)
    points = apply_affine(grid.affine, np.stack([i, j, k], axis=-1))
    away = np.linalg.norm(points - (points @ DIRECTION)[..., None] * DIRECTION, axis=-1)
    depth = away - RADIUS_MM
    if mouth:
        side = np.hypot(points[..., 1], points[..., 2]) - 4.0
        depth = np.minimum(depth, np.where(points[..., 0] > 0, side, 99.0))
    share = np.clip(0.5 - depth / 1.2, 0, 1)
    return Volume(np.rint(40 + 300 * share).astype(np.int16), grid)


def _fit(sector: Volume, off_mm: Points) -> Contours:
    line = np.linspace(-36, 36, 20)[:, None] * DIRECTION + off_mm
    return fit_contours(sector, line, np.full(20, 10.0), LEVELS, Band())


def test_a_tube_is_measured_to_a_fraction_of_a_voxel() -> None:
    found = _fit(_tube(), np.array([2.0, 1.5, 0.0]))
    inner = found.part(8, len(found) - 8)
    off = inner.points_mm - (inner.points_mm @ DIRECTION)[:, None] * DIRECTION
    assert inner.diameter_mm == pytest.approx(np.full(len(inner), 2 * RADIUS_MM), abs=0.25)
    assert np.linalg.norm(off, axis=1).max() < 0.5
    assert inner.support.min() > 0.95


def test_planes_stand_across_the_vessel() -> None:
    found = _fit(_tube(), np.zeros(3))
    assert np.abs(found.frames.tangent[10:-10] @ DIRECTION).min() > 0.999


def test_the_mouth_of_a_branch_is_closed() -> None:
    found = _fit(_tube(mouth=True), np.zeros(3))
    assert found.radii_mm[10:-10].max() < RADIUS_MM + 3.0


def test_a_face_of_the_sector_is_no_edge() -> None:
    whole = _tube()
    cut = Volume(whole.hu[:, :, :48].copy(), whole.grid.cropped((0, 0, 0), (*whole.hu.shape[:2], 48)))
    found = _fit(cut, np.zeros(3))
    middle = len(found) // 2
    assert found.seen[middle] < 0.8
    assert found.diameter_mm[middle] == pytest.approx(2 * RADIUS_MM, abs=2.0)
