from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from heartbox.geometry import Box, Grid, isotropic_grid
from heartbox.phantom.kernels import TEXTURE_SIDE, Hu
from heartbox.phantom.raster import blend, edge_width_mm, texture_bank
from heartbox.phantom.shapes import Shape, bundle, ellipsoid, stack, tube

PLAIN: tuple[Hu, float] = (np.zeros((TEXTURE_SIDE,) * 3, dtype=np.float32), 0.0)
#: Partial volume to first order gives a volume within this share of the closed form.
VOLUME_SHARE = 0.02


def _volume_ml(shape: Shape, grid: Grid) -> float:
    share = np.zeros(grid.shape, dtype=np.float32)
    blend(share, grid, shape, 1.0, PLAIN)
    return float(share.sum() * edge_width_mm(grid) ** 3)


def _turned(grid: Grid) -> Grid:
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_rotvec([0.3, -0.2, 0.5]).as_matrix()
    return Grid(grid.shape, turn @ grid.affine)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("spacing_mm", [1.5, 4.0])
def test_painted_ellipsoid_has_the_volume_of_its_formula(spacing_mm: float, turned: bool) -> None:
    grid = isotropic_grid(Box(-60, 60, -60, 60, -60, 60), spacing_mm)
    solid = ellipsoid((3.0, -2.0, 1.0), (40.0, 25.0, 30.0))
    volume = _volume_ml(solid, _turned(grid) if turned else grid)
    assert volume == pytest.approx(4 / 3 * np.pi * 40 * 25 * 30, rel=VOLUME_SHARE)


@pytest.mark.parametrize("turned", [False, True])
def test_painted_stack_has_the_volume_of_its_formula(turned: bool) -> None:
    grid = isotropic_grid(Box(-60, 60, -60, 60, -60, 60), 1.5)
    cylinder = stack([(-30, 0, -20, 20, 30), (30, 0, -20, 20, 30)])
    volume = _volume_ml(cylinder, _turned(grid) if turned else grid)
    assert volume == pytest.approx(np.pi * 20 * 30 * 60, rel=VOLUME_SHARE)


def test_painted_tube_has_the_volume_of_its_formula() -> None:
    grid = isotropic_grid(Box(-60, 60, -60, 60, -60, 60), 1.5)
    volume = _volume_ml(tube([(-30, 0, 0), (30, 5, 8)], 12.0), grid)
    length = float(np.linalg.norm([60, 5, 8]))
    assert volume == pytest.approx(np.pi * 12**2 * length + 4 / 3 * np.pi * 12**3, rel=VOLUME_SHARE)


@pytest.mark.parametrize("radius_mm", [0.8, 1.5, 2.6, 6.0])
def test_tube_as_thin_as_a_voxel_keeps_its_area(radius_mm: float) -> None:
    grid = isotropic_grid(Box(-60, 60, -60, 60, -60, 60), 5.0)
    volume = _volume_ml(tube([(-200, 10, -20), (200, -20, 10)], radius_mm), grid)
    length = 120 * float(np.linalg.norm([400, 30, 30])) / 400
    assert volume == pytest.approx(np.pi * radius_mm**2 * length, rel=0.15)


def test_boxy_ellipsoid_agrees_with_its_inequality() -> None:
    grid = isotropic_grid(Box(-40, 40, -40, 40, -40, 40), 2.0)
    solid = ellipsoid((0, 0, 0), (30, 20, 25), exponent=4.0)
    share = np.zeros(grid.shape, dtype=np.float32)
    blend(share, grid, solid, 1.0, PLAIN)
    z, y, x = (np.moveaxis(np.indices(grid.shape), 0, -1) * 2.0 - 39.0).transpose(3, 0, 1, 2)
    norm = (np.abs(x / 30) ** 4 + np.abs(y / 20) ** 4 + np.abs(z / 25) ** 4) ** 0.25
    assert (share[norm < 0.93] == 1).all()
    assert (share[norm > 1.07] == 0).all()


def test_pieces_of_a_bundle_are_not_joined() -> None:
    grid = isotropic_grid(Box(-10, 20, -10, 60, -10, 10), 1.0)
    share = np.zeros(grid.shape, dtype=np.float32)
    blend(
        share,
        grid,
        bundle([tube([(0, 0, 0), (10, 0, 0)], 2.0), tube([(0, 50, 0), (10, 50, 0)], 2.0)]),
        1.0,
        PLAIN,
    )
    assert share[:, 30:50].max() == 0


def test_solid_outside_the_grid_touches_nothing() -> None:
    grid = isotropic_grid(Box(0, 10, 0, 10, 0, 10), 1.0)
    share = np.zeros(grid.shape, dtype=np.float32)
    blend(share, grid, ellipsoid((100, 0, 0), (5, 5, 5)), 1.0, PLAIN)
    assert not share.any()


def test_texture_keeps_the_mean_and_follows_its_amplitude() -> None:
    bank = texture_bank(np.random.default_rng(1))
    grid = isotropic_grid(Box(-48, 48, -48, 48, -48, 48), 3.0)
    hu = np.zeros(grid.shape, dtype=np.float32)
    blend(hu, grid, stack([(-90, 0, -90, 90, 90), (90, 0, -90, 90, 90)]), 50.0, (bank, 10.0))
    assert hu.mean() == pytest.approx(50.0, abs=0.5)
    assert 5.0 < hu.std() <= 11.0
