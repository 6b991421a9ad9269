from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox.aorta.grids import resample, sample_hu, search_block
from heartbox.geometry import Box, Grid, apply_affine
from heartbox.volume import AIR_HU, Volume
from makers.canes import flipped


def _ramp(spacing: tuple[float, float, float] = (0.8, 0.7, 2.5), shear: float = 0.0) -> Volume:
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = [-20.0, 5.0, 30.0]
    affine[1, 2] = shear
    grid = Grid((20, 50, 60), affine)
    k, j, i = np.indices(grid.shape)
    points = apply_affine(affine, np.stack([i, j, k], axis=-1))
    return Volume(np.rint(points @ [10.0, -6.0, 4.0]).astype(np.int16), grid)


@settings(max_examples=25, deadline=None)
@given(st.floats(1, 58), st.floats(1, 48), st.floats(1, 18), st.floats(-0.5, 0.5))
def test_a_linear_image_is_read_exactly_through_any_affine(
    i: float, j: float, k: float, shear: float
) -> None:
    ramp = _ramp(shear=shear)
    point = apply_affine(ramp.grid.affine, [i, j, k])
    assert sample_hu(ramp, point[None])[0] == pytest.approx(point @ [10.0, -6.0, 4.0], abs=1.0)


def test_beyond_the_outer_faces_there_is_nothing() -> None:
    ramp = _ramp()
    x0, x1, *_ = ramp.grid.bounds_mm.faces_mm
    y, z = 20.0, 50.0
    values = sample_hu(
        ramp, np.array([[x0 - 0.1, y, z], [x0 + 0.1, y, z], [x1 - 0.1, y, z], [x1 + 0.1, y, z]])
    )
    assert np.isnan(values).tolist() == [True, False, False, True]


def test_search_grid_is_the_same_for_a_flipped_sector() -> None:
    ramp = _ramp()
    one, other = search_block(ramp), search_block(flipped(ramp))
    assert one.grid.shape == other.grid.shape
    assert np.abs(one.hu - other.hu).max() < 1.0


def test_outside_the_sector_is_air() -> None:
    ramp = _ramp()
    block = resample(ramp, ramp.grid.bounds_mm.grown([6, 0, 0, 0, 0, 0]), 1.5)
    assert (block.hu[:, :, 0] == AIR_HU).all()
    assert not block.inside[:, :, 0].any()
    assert block.inside[5, 10, 20]


def test_indices_and_millimetres_go_back_and_forth() -> None:
    block = resample(_ramp(), Box(-10, 10, 10, 30, 32, 50), 1.5)
    points = np.array([[1.0, 12.0, 40.0], [-8.0, 28.0, 33.0]])
    assert np.allclose(block.point_mm(block.kji(points)), points)
