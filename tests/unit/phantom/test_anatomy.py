from __future__ import annotations

import numpy as np
import pytest

from heartbox.geometry import Box, Grid, apply_affine, isotropic_grid
from heartbox.phantom.anatomy import Anatomy, draw_anatomy, heart_box, paint, paint_mask
from heartbox.phantom.heart import draw_heart
from heartbox.phantom.tissue import PHASES

SEEDS = range(4)


def _heart_as_painted(anatomy: Anatomy, spacing_mm: float) -> Box:
    grid = isotropic_grid(heart_box(anatomy).grown([8.0] * 6), spacing_mm)
    inside = np.argwhere(paint_mask(anatomy, grid, anatomy.heart.walls.values()) >= 0.5)[:, ::-1]
    low = apply_affine(grid.affine, inside.min(axis=0) - 0.5)
    high = apply_affine(grid.affine, inside.max(axis=0) + 0.5)
    return Box.of(np.stack([low, high], axis=1).ravel())


@pytest.mark.parametrize("tilt_deg", [0.0, 8.0, -15.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_closed_form_heart_box_is_where_the_painted_heart_ends(seed: int, tilt_deg: float) -> None:
    anatomy = draw_anatomy(seed, tilt_deg=tilt_deg)
    painted, truth = _heart_as_painted(anatomy, 2.0), heart_box(anatomy)
    assert np.abs(np.subtract(painted.faces_mm, truth.faces_mm)).max() < 2.0


def test_tilted_heart_box_is_not_the_box_of_a_turned_box() -> None:
    upright, tilted = draw_anatomy(3), draw_anatomy(3, tilt_deg=12.0)
    turn = tilted.pose @ np.linalg.inv(upright.pose)
    turned_box = Box.around(apply_affine(turn, heart_box(upright).corners_mm))
    assert (heart_box(tilted).size_mm < turned_box.size_mm - 5.0).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_top_of_the_heart_is_the_roof_of_the_left_atrium(seed: int) -> None:
    walls = draw_anatomy(seed).heart.walls
    tops = {name: wall.reach_mm([0, 0, 1]) for name, wall in walls.items()}
    others = max(top for name, top in tops.items() if name != "left_atrium")
    assert tops["left_atrium"] > others + 3.0


@pytest.mark.parametrize("seed", SEEDS)
def test_heart_faces_belong_to_the_chambers_that_form_them_in_man(seed: int) -> None:
    walls = draw_anatomy(seed).heart.walls

    def foremost(direction: list[int]) -> str:
        return max(walls, key=lambda name: walls[name].reach_mm(direction))

    assert foremost([-1, 0, 0]) == "right_atrium"
    assert foremost([1, 0, 0]) == "left_ventricle"
    assert foremost([0, -1, 0]) in ("right_ventricle", "outflow")
    assert foremost([0, 1, 0]) in ("left_atrium", "left_ventricle")
    assert foremost([0, 0, -1]) in ("right_ventricle", "left_ventricle")


def test_hearts_have_the_sizes_of_adults() -> None:
    sizes = np.array([draw_heart(np.random.default_rng(seed)).box_mm.size_mm for seed in range(60)])
    assert np.abs(sizes.mean(axis=0) - [120, 105, 90]).max() < 5.0
    assert (sizes.min(axis=0) > [95, 88, 70]).all()
    assert (sizes.max(axis=0) < [150, 132, 115]).all()


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_of_air_or_bone_is_painted_into_the_heart(seed: int) -> None:
    anatomy = draw_anatomy(seed, "none")
    grid = isotropic_grid(heart_box(anatomy), 3.0)
    heart = paint_mask(anatomy, grid, anatomy.heart.walls.values()) >= 0.999
    hu = paint(anatomy, grid)[heart]
    assert hu.min() > -20.0
    assert hu.max() < 90.0


@pytest.mark.parametrize("seed", SEEDS)
def test_aorta_is_painted_whole_from_annulus_to_abdomen(seed: int) -> None:
    anatomy = draw_anatomy(seed, "arterial")
    trunk = anatomy.aorta.trunk
    points = anatomy.to_lps(trunk.points_mm[trunk.points_mm[:, 2] > -160.0])
    grid = isotropic_grid(Box.around(points).grown([25.0] * 6), 2.5)
    lumen = paint_mask(anatomy, grid, [trunk.as_tube()]) >= 0.999
    hu = paint(anatomy, grid)[lumen]
    as_blood = np.abs(hu - anatomy.tissues["blood_aorta"].mean_hu) < 60.0
    assert as_blood.mean() > 0.98


@pytest.mark.parametrize("name", ["mid_ascending", "mid_descending", "diaphragm"])
@pytest.mark.parametrize("seed", SEEDS)
def test_painted_section_of_the_aorta_has_the_truth_s_diameter(seed: int, name: str) -> None:
    anatomy = draw_anatomy(seed, tilt_deg=5.0)
    trunk, index = anatomy.aorta.trunk, anatomy.aorta.landmarks[name]
    points = anatomy.to_lps(trunk.points_mm)
    direction = points[index + 2] - points[index - 2]
    direction /= np.linalg.norm(direction)
    across = np.cross(direction, [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    # One plane of pixels of 0.5 mm, orthogonal to the centreline.
    affine = np.eye(4)
    affine[:3, :3] = 0.5 * np.column_stack([np.cross(across, direction), across, direction])
    affine[:3, 3] = points[index] - affine[:3, :2] @ [69.5, 69.5]
    area_mm2 = 0.25 * float(paint_mask(anatomy, Grid((1, 140, 140), affine), [trunk.as_tube()]).sum())
    diameter_mm = 2 * np.sqrt(area_mm2 / np.pi)
    assert diameter_mm == pytest.approx(2 * trunk.radii_mm[index] * anatomy.scale, abs=0.3)


def test_same_seed_paints_the_same_voxels() -> None:
    grid = isotropic_grid(heart_box(draw_anatomy(5)), 6.0)
    np.testing.assert_array_equal(paint(draw_anatomy(5), grid), paint(draw_anatomy(5), grid))


def test_other_seed_paints_other_voxels() -> None:
    grid = isotropic_grid(heart_box(draw_anatomy(5)), 6.0)
    assert np.abs(paint(draw_anatomy(5), grid) - paint(draw_anatomy(6), grid)).mean() > 5.0


def test_phase_changes_no_shape() -> None:
    boxes = [heart_box(draw_anatomy(9, phase)).faces_mm for phase in PHASES]
    assert all(box == boxes[0] for box in boxes)


def test_sheared_grid_shows_the_same_body_as_an_upright_one() -> None:
    anatomy = draw_anatomy(2)
    grid = isotropic_grid(heart_box(anatomy), 4.0)
    affine = grid.affine.copy()
    affine[1, 2] = 1.0
    sheared = paint(anatomy, Grid(grid.shape, affine))
    moved = grid.affine.copy()
    moved[:3, 3] = apply_affine(affine, [0.0, 0.0, 8.0])
    upright = paint(anatomy, Grid((1, *grid.shape[1:]), moved))
    # The edge's width follows the voxel's volume, which a shear keeps.
    np.testing.assert_allclose(sheared[8], upright[0], atol=0.5)


def test_whole_chest_at_six_mm_shows_lungs_bone_and_soft_tissue() -> None:
    anatomy = draw_anatomy(1)
    centre = heart_box(anatomy).centre_mm
    hu = paint(anatomy, isotropic_grid(Box.of(np.stack([centre - 192, centre + 192], axis=1).ravel()), 6.0))
    assert hu.shape == (64, 64, 64)
    shares = [
        ((low < hu) & (hu < high)).mean() for low, high in ((-950, -700), (-150, -50), (0, 100), (300, 1500))
    ]
    assert min(shares) > 0.005
