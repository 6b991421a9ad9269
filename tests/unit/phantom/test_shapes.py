from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from heartbox.geometry import Points
from heartbox.phantom.shapes import Ellipsoid, arc_length_mm, axes_along, bundle, resample, stack, tube

#: A dense sample of a surface misses its extreme by less than this share of the solid's size.
SAMPLE_SHARE = 0.01


def _surface(solid: Ellipsoid, seed: int) -> Points:
    directions = np.random.default_rng(seed).standard_normal((40_000, 3))
    norm = (np.abs(directions) ** solid.exponent).sum(axis=1, keepdims=True) ** (1.0 / solid.exponent)
    return np.asarray(solid.centre_mm + (directions / norm * solid.semi_axes_mm) @ solid.axes)


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([2.0, 2.5, 4.0]),
    st.tuples(*[st.floats(5.0, 60.0)] * 3),
)
def test_support_function_is_the_extreme_of_the_surface(
    seed: int, exponent: float, semi: tuple[float, float, float]
) -> None:
    rng = np.random.default_rng(seed)
    axes = Rotation.random(rng=rng).as_matrix()
    solid = Ellipsoid(rng.uniform(-50, 50, 3), np.array(semi), axes, exponent)
    direction = rng.standard_normal(3)
    direction /= np.linalg.norm(direction)
    sampled = float((_surface(solid, seed) @ direction).max())
    reach = solid.reach_mm(direction)
    assert sampled <= reach + 1e-9
    assert sampled > reach - SAMPLE_SHARE * 2 * max(semi)


def test_bounds_of_an_upright_ellipsoid_are_its_semi_axes() -> None:
    solid = Ellipsoid(np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0]), np.eye(3))
    np.testing.assert_allclose(solid.bounds_mm.faces_mm, [-9, 11, -18, 22, -27, 33])


def test_axes_along_a_direction_are_orthonormal_and_start_with_it() -> None:
    axes = axes_along([1.0, 2.0, -2.0])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(axes[0], np.array([1.0, 2.0, -2.0]) / 3.0)


def test_resampled_curve_keeps_its_ends_and_its_step() -> None:
    control = [(0.0, 0.0, 0.0), (20.0, 5.0, 0.0), (30.0, 25.0, 10.0), (10.0, 40.0, 30.0)]
    points = resample(control, 1.0)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    np.testing.assert_allclose(points[[0, -1]], np.array(control)[[0, -1]], atol=1e-9)
    assert abs(steps - 1.0).max() < 0.02


def test_arc_length_of_a_straight_line_is_its_length() -> None:
    line = np.linspace([0.0, 0.0, 0.0], [3.0, 4.0, 0.0], 11)
    np.testing.assert_allclose(arc_length_mm(line), np.linspace(0.0, 5.0, 11))


def test_bundle_keeps_its_tubes_apart() -> None:
    both = bundle([tube([(0, 0, 0), (10, 0, 0)], 1.0), tube([(0, 50, 0), (10, 50, 0)], 1.0)])
    first, second = both.starts
    assert (both.points_mm[first:second, 1] == 0).all()
    assert (both.points_mm[second:, 1] == 50).all()


def test_stack_section_lies_between_its_rows() -> None:
    solid = stack([(0, 0, -10, 30, 20), (100, 10, -20, 40, 40)])
    np.testing.assert_allclose(solid.section(50.0), (5.0, 10.0, 30.0, 25.0))
