from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heartbox.geometry import Affine, Box, Grid, apply_affine, isotropic_grid, lps_from_ras

NUMBERS = st.floats(-500, 500, allow_nan=False)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    low = [draw(NUMBERS) for _ in range(3)]
    size = [draw(st.floats(1, 300)) for _ in range(3)]
    return Box.of(face for a, s in zip(low, size, strict=True) for face in (a, a + s))


@st.composite
def rigid_affines(draw: st.DrawFn) -> Affine:
    """Any rotation and reflection with spacings of a CT."""
    turn, _ = np.linalg.qr(
        np.array(draw(arrays(np.float64, (3, 3), elements=NUMBERS)))
        + 1e3 * np.eye(3)[draw(st.permutations(range(3)))]
    )
    affine = np.eye(4)
    affine[:3, :3] = turn * [draw(st.floats(0.3, 5)) for _ in range(3)]
    affine[:3, 3] = [draw(NUMBERS) for _ in range(3)]
    return affine


def test_ras_and_lps_differ_by_the_signs_of_x_and_y() -> None:
    assert apply_affine(lps_from_ras(np.eye(4)), [1.0, 2.0, 3.0]).tolist() == [-1.0, -2.0, 3.0]


@given(rigid_affines())
def test_turning_to_lps_twice_gives_the_affine_back(affine: Affine) -> None:
    np.testing.assert_array_equal(lps_from_ras(lps_from_ras(affine)), affine)


@given(rigid_affines(), arrays(np.float64, (5, 3), elements=NUMBERS))
def test_a_point_survives_the_way_to_voxels_and_back(affine: Affine, points: np.ndarray) -> None:
    grid = Grid((4, 5, 6), affine)
    there = apply_affine(grid.inverse, points)
    np.testing.assert_allclose(apply_affine(grid.affine, there), points, atol=1e-6)


@given(rigid_affines())
def test_spacing_is_the_step_between_neighbouring_centres(affine: Affine) -> None:
    grid = Grid((4, 5, 6), affine)
    steps = apply_affine(affine, np.eye(3)) - apply_affine(affine, np.zeros(3))
    np.testing.assert_allclose(grid.spacing_mm, np.linalg.norm(steps, axis=1))


@pytest.mark.parametrize("faces", [[0, 0, 0, 1, 0, 1], [1, 0, 0, 1, 0, 1], [0, 1, 0, 1, 0, float("nan")]])
def test_a_box_inside_out_is_refused(faces: list[float]) -> None:
    with pytest.raises(ValueError, match="a box needs"):
        Box.of(faces)


@given(boxes())
def test_a_box_overlaps_itself_wholly(box: Box) -> None:
    assert box.iou(box) == pytest.approx(1)
    assert bool(box.contains(box.corners_mm).all())


@given(boxes(), boxes())
def test_overlap_does_not_depend_on_the_order(one: Box, other: Box) -> None:
    assert one.iou(other) == pytest.approx(other.iou(one))
    assert 0 <= one.iou(other) <= 1 + 1e-9


def test_overlap_of_two_shifted_cubes_is_a_third() -> None:
    assert Box(0, 10, 0, 10, 0, 10).iou(Box(5, 15, 0, 10, 0, 10)) == pytest.approx(1 / 3)


def test_boxes_that_only_touch_share_nothing() -> None:
    assert Box(0, 1, 0, 1, 0, 1).intersection(Box(1, 2, 0, 1, 0, 1)) is None


@given(boxes(), st.lists(st.floats(0, 50), min_size=6, max_size=6))
def test_a_margin_moves_every_face_outwards(box: Box, margin: list[float]) -> None:
    moved = np.array(box.grown(margin).faces_mm) - np.array(box.faces_mm)
    np.testing.assert_allclose(moved, np.array([-1, 1, -1, 1, -1, 1]) * margin, atol=1e-9)


@given(rigid_affines(), boxes())
def test_the_voxels_of_a_box_cover_the_part_inside_the_scan(affine: Affine, box: Box) -> None:
    grid = Grid((20, 25, 30), affine)
    found = grid.voxel_range(box)
    rng = np.random.default_rng(0)
    inside = rng.uniform(box.low_mm, box.high_mm, size=(200, 3))
    ijk = apply_affine(grid.inverse, inside)
    within = ((ijk > -0.499) & (ijk < np.array(grid.shape[::-1]) - 0.501)).all(axis=1)
    if found is None:
        assert not within.any()
        return
    block = grid.cropped(*found)
    cut = apply_affine(block.inverse, inside[within])
    assert ((cut >= -0.5 - 1e-6) & (cut <= np.array(block.shape[::-1]) - 0.5 + 1e-6)).all()


def test_a_box_on_voxel_faces_takes_exactly_these_voxels() -> None:
    grid = Grid((10, 10, 10), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert grid.voxel_range(Box(3, 7, -1, 1, 5, 19)) == ((3, 0, 2), (10, 1, 4))


@given(rigid_affines())
def test_cropping_leaves_voxels_where_they_are(affine: Affine) -> None:
    grid = Grid((8, 9, 10), affine)
    part = grid.cropped((1, 2, 3), (4, 6, 10))
    assert part.shape == (3, 4, 7)
    np.testing.assert_allclose(part.affine[:3, 3], apply_affine(affine, [3, 2, 1]), atol=1e-9)


@given(boxes(), st.floats(1, 12))
def test_an_isotropic_grid_covers_its_box_and_sits_on_its_centre(box: Box, spacing_mm: float) -> None:
    bounds = isotropic_grid(box, spacing_mm).bounds_mm
    np.testing.assert_allclose(bounds.centre_mm, box.centre_mm, atol=1e-6)
    assert (bounds.size_mm >= box.size_mm - 1e-6).all()
    assert (bounds.size_mm < box.size_mm + spacing_mm + 1e-6).all()


def test_alignment_with_lps_is_seen_through_flips_and_swaps() -> None:
    swapped = np.array([[0, 0, -2.0, 5], [1, 0, 0, 6], [0, -1, 0, 7], [0, 0, 0, 1]])
    assert Grid((3, 3, 3), swapped).is_lps_aligned
    turned = np.eye(4)
    turned[:2, :2] = [[0.8, -0.6], [0.6, 0.8]]
    assert not Grid((3, 3, 3), turned).is_lps_aligned


def test_a_grid_that_cannot_be_inverted_is_refused() -> None:
    with pytest.raises(ValueError, match="inverted"):
        Grid((3, 3, 3), np.diag([1.0, 1.0, 0.0, 1.0]))
