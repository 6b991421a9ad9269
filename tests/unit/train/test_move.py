from __future__ import annotations

import numpy as np
import pytest

from heartbox.geometry import Box
from heartbox.train.move import BEYOND_MM, draw_bounds, draw_motion, moved_truth
from unit.train.cases import RADII_MM, boxed_case, drawn_case

WHOLE = Box(-175, 175, -150, 150, -150, 150)
STILL = np.eye(4)
#: Points on voxels of 3 to 5 mm give a turned ellipsoid's extent so well, mm.
STAIRCASE_MM = 3.0


def turn_about_z(degrees: float) -> np.typing.NDArray[np.float64]:
    motion = np.eye(4)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    motion[:2, :2] = [[c, -s], [s, c]]
    return motion


def test_heart_that_is_not_moved_keeps_its_box() -> None:
    truth = moved_truth(drawn_case(), STILL, WHOLE)
    assert np.allclose(truth.faces[1::2], RADII_MM)
    assert truth.visible_mm == pytest.approx(2 * RADII_MM[2])


@pytest.mark.parametrize("degrees", [-15.0, 8.0, 15.0])
def test_turned_heart_gets_the_box_of_the_turned_ellipsoid(degrees: float) -> None:
    motion = turn_about_z(degrees)
    truth = moved_truth(drawn_case(), motion, WHOLE)
    extent = np.sqrt((motion[:3, :3] ** 2) @ RADII_MM**2)
    assert np.abs(truth.faces[1::2] - extent).max() < STAIRCASE_MM


def test_cut_face_is_wanted_a_little_beyond_the_edge() -> None:
    truth = moved_truth(drawn_case(), STILL, Box(-175, 175, -150, 150, -150, 10))
    assert truth.faces[5] == pytest.approx(10 + BEYOND_MM)
    assert truth.visible_mm == pytest.approx(10 + RADII_MM[2])


def test_faces_across_a_cut_are_those_of_the_part_in_the_scan() -> None:
    truth = moved_truth(drawn_case(), STILL, Box(-175, 175, -150, 150, -150, -30))
    widest = RADII_MM[0] * np.sqrt(1 - (30 / RADII_MM[2]) ** 2)
    assert abs(truth.faces[1] - widest) < 2 * STAIRCASE_MM


def test_faces_across_a_cut_do_not_count_where_only_a_box_is_known() -> None:
    truth = moved_truth(boxed_case(), STILL, Box(-175, 175, -150, 150, -150, -10))
    assert truth.weight.tolist() == [0, 0, 0, 0, 1, 1]


def test_scan_beside_the_heart_shows_none() -> None:
    truth = moved_truth(drawn_case(), STILL, Box(-175, 175, -150, 150, 50, 150))
    assert truth.visible_mm == 0.0 and not truth.weight.any()


def test_only_hearts_with_a_surface_are_turned() -> None:
    rng = np.random.default_rng(0)
    motions = [draw_motion(boxed_case(), rng)[:3, :3] for _ in range(20)]
    assert all(np.allclose(motion, np.diag(np.diag(motion))) for motion in motions)
    turned = [draw_motion(drawn_case(), rng)[:3, :3] for _ in range(20)]
    assert any(not np.allclose(motion, np.diag(np.diag(motion))) for motion in turned)


def test_scans_are_whole_cut_at_either_end_and_beside_the_heart() -> None:
    rng = np.random.default_rng(1)
    case = drawn_case()
    ends = np.array([draw_bounds(case, STILL, rng).faces_mm[4:] for _ in range(300)])
    low, high = ends.T
    assert (high - low >= 12.0 - 1e-9).all()
    inside = np.abs(ends) < RADII_MM[2] - 5
    assert 0.1 < inside[:, 0].mean() < 0.4 and 0.1 < inside[:, 1].mean() < 0.4
    assert 0.05 < ((low >= 40) | (high <= -40)).mean() < 0.35
