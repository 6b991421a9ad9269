from __future__ import annotations

import numpy as np
import pytest

from heartbox.geometry import Box, Grid
from heartbox.problems import Problem
from heartbox.volume import HuSlice, LazyVolume, Volume

HU = np.arange(60, dtype=np.int16).reshape(3, 4, 5)
GRID = Grid(HU.shape, np.diag([1.0, 2.0, 3.0, 1.0]))


def test_only_the_slices_of_the_block_are_read() -> None:
    asked: list[int] = []

    def read_slice(k: int) -> HuSlice:
        asked.append(k)
        return np.asarray(HU[k])

    block = LazyVolume(GRID, read_slice).read((1, 0, 2), (3, 2, 5))
    assert asked == [1, 2]
    np.testing.assert_array_equal(block.hu, HU[1:3, 0:2, 2:5])
    assert block.grid.affine[:3, 3].tolist() == [2, 0, 3]


def test_a_box_is_read_with_every_voxel_it_touches() -> None:
    block = LazyVolume.of(Volume(HU, GRID)).read_box(Box(0.6, 1.4, -1, 1, 0, 3.5))
    np.testing.assert_array_equal(block.hu, HU[0:2, 0:1, 1:2])


def test_a_box_beside_the_scan_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        LazyVolume.of(Volume(HU, GRID)).read_box(Box(100, 110, 0, 1, 0, 1))
    assert caught.value.code == "box-outside"


def test_voxels_that_do_not_fit_their_grid_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        Volume(HU[:2], GRID)
    with pytest.raises(ValueError, match="int16"):
        Volume(HU.astype(np.float32), GRID)
