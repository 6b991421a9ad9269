from __future__ import annotations

import numpy as np
import pytest

from heartbox.aorta.contrast import bright_share, lung_share, read_levels
from heartbox.aorta.grids import Block
from heartbox.geometry import Box, isotropic_grid


def _block(tube_hu: float, around_hu: float = 45.0, radius_mm: float = 11.0) -> Block:
    grid = isotropic_grid(Box(-40, 40, -40, 40, 0, 60), 1.5)
    _, j, i = np.indices(grid.shape)
    away = np.hypot(grid.affine[0, 3] + 1.5 * i, grid.affine[1, 3] + 1.5 * j)
    hu = np.where(away < radius_mm, tube_hu, around_hu).astype(np.float32)
    return Block(hu, np.ones(grid.shape, dtype=np.bool_), grid)


def test_levels_are_those_inside_and_around_the_vessel() -> None:
    centres = np.stack([np.zeros(10), np.zeros(10), np.linspace(5, 50, 10)], axis=1)
    levels = read_levels(_block(310.0), centres, np.full(10, 11.0))
    assert levels.blood_hu == pytest.approx(310)
    assert levels.background_hu == pytest.approx(45)
    assert levels.half_hu == pytest.approx(177.5)


def test_bright_share_parts_contrast_from_none() -> None:
    assert bright_share(_block(310.0, radius_mm=15)) > 0.3
    assert bright_share(_block(45.0)) == 0.0


def test_thin_skins_of_air_are_no_lung() -> None:
    block = _block(45.0)
    hu = block.hu.copy()
    hu[:, :, 10:13] = -800.0
    assert lung_share(Block(hu, block.inside, block.grid)) == 0.0
    hu[:, :, :25] = -800.0
    assert lung_share(Block(hu, block.inside, block.grid)) > 0.2
