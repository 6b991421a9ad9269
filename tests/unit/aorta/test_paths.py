from __future__ import annotations

import numpy as np

from heartbox.aorta.contrast import Levels
from heartbox.aorta.grids import Block
from heartbox.aorta.paths import Blood, blood_in, find_way
from heartbox.geometry import Box, isotropic_grid

LEVELS = Levels(300.0, 40.0)


def _half_torus(gap: bool = False) -> Blood:
    grid = isotropic_grid(Box(-20, 20, -50, 50, 0, 60), 1.5)
    k, j, i = np.indices(grid.shape)
    x, y, z = (grid.affine[axis, 3] + 1.5 * n for axis, n in enumerate((i, j, k)))
    ring = np.hypot(np.hypot(y, z) - 30, x) < 10
    hu = np.where(ring, 300.0, 40.0).astype(np.float32)
    if gap:
        hu[:, np.abs(y[0, :, 0]) < 4] = 40.0
    return blood_in(Block(hu, np.ones(grid.shape, bool), grid), LEVELS)


def test_the_way_keeps_to_the_middle_of_an_arch() -> None:
    way = find_way(_half_torus(), np.array([0.0, -30, 3]), np.array([0.0, 30, 3]))
    assert way is not None
    inner = way.points_mm[5:-5]
    assert np.abs(np.hypot(inner[:, 1], inner[:, 2]) - 30).max() < 4.5
    assert np.abs(inner[:, 0]).max() < 3
    assert way.width_mm[5:-5].min() > 6


def test_there_is_no_way_where_blood_is_interrupted() -> None:
    assert find_way(_half_torus(gap=True), np.array([0.0, -30, 3]), np.array([0.0, 30, 3])) is None


def test_there_is_no_way_from_a_place_without_blood() -> None:
    assert find_way(_half_torus(), np.array([0.0, 0, 3]), np.array([0.0, 30, 3])) is None


def test_a_dark_speck_is_blood_and_bone_is_not() -> None:
    blood = _half_torus()
    hu = blood.block.hu.copy()
    k, j, i = np.rint(blood.block.kji([0.0, 0.0, 30.0])).astype(int)
    hu[k, j, i] = 0.0
    assert blood_in(Block(hu, blood.block.inside, blood.block.grid), LEVELS).mask[k, j, i]
    hu[k - 4 : k + 5, j - 4 : j + 5, i - 4 : i + 5] = 1200.0
    assert not blood_in(Block(hu, blood.block.inside, blood.block.grid), LEVELS).mask[k, j, i]
