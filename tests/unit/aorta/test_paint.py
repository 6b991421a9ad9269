from __future__ import annotations

import numpy as np
import pytest

from heartbox.aorta.lumen import RAYS, Contours
from heartbox.aorta.paint import paint
from heartbox.aorta.planes import frames_along
from heartbox.geometry import Box, Grid, Points, isotropic_grid


def _tube(points_mm: Points, radius_mm: float) -> Contours:
    count = len(points_mm)
    radii = np.full((count, RAYS), radius_mm)
    return Contours(points_mm, frames_along(points_mm), radii, np.ones(count), np.ones(count), np.ones(count))


def _volume_mm3(labels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], grid: Grid) -> float:
    return float((labels == 1).sum() * abs(np.linalg.det(grid.affine[:3, :3])))


@pytest.mark.parametrize("shear", [0.0, 0.4])
def test_a_torus_is_painted_with_its_volume(shear: float) -> None:
    turn = np.linspace(0, np.pi, 95)
    arc = np.stack([0 * turn, 30 * np.cos(turn), 30 * np.sin(turn)], axis=1)
    grid = isotropic_grid(Box(-26, 26, -46, 46, -4, 46), 0.9)
    affine = grid.affine.copy()
    affine[0, 1] = shear * 0.2  # leans by 8 mm over the grid
    grid = Grid(grid.shape, affine)
    labels = np.zeros(grid.shape, dtype=np.uint8)
    paint(labels, grid, _tube(arc, 10.0), 1)
    assert _volume_mm3(labels, grid) == pytest.approx(np.pi * 100 * np.pi * 30, rel=0.02)


def test_a_label_that_is_there_stays() -> None:
    line = np.stack([np.zeros(30), np.zeros(30), np.arange(30.0)], axis=1)
    grid = isotropic_grid(Box(-15, 15, -15, 15, 0, 30), 1.0)
    labels = np.zeros(grid.shape, dtype=np.uint8)
    paint(labels, grid, _tube(line, 5.0), 1)
    inner = int((labels == 1).sum())
    paint(labels, grid, _tube(line, 9.0), 4)
    assert (labels == 1).sum() == inner
    assert (labels == 4).sum() > inner
