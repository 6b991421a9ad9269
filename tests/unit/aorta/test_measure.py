from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox.aorta.measure import (
    centroid_mm,
    contour_area_mm2,
    diameter_of,
    equivalent_diameter_mm,
    inscribed_radius_mm,
    ray_angles,
)

RAYS = 72


def _ellipse(a: float, b: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    angles = ray_angles(RAYS)
    return np.asarray(a * b / np.hypot(b * np.cos(angles), a * np.sin(angles)))


@settings(max_examples=25, deadline=None)
@given(st.floats(3, 25), st.floats(0.6, 1.0))
def test_an_ellipse_is_measured_as_in_closed_form(a: float, share: float) -> None:
    b = share * a
    radii = _ellipse(a, b)[None]
    assert contour_area_mm2(radii)[0] == pytest.approx(np.pi * a * b, rel=0.01)
    assert equivalent_diameter_mm(radii)[0] == pytest.approx(2 * np.sqrt(a * b), rel=0.01)
    assert inscribed_radius_mm(radii)[0] == pytest.approx(b, rel=0.01)
    width = diameter_of(radii[0])
    assert width.min == pytest.approx(2 * b, rel=0.01)
    assert width.max == pytest.approx(2 * a, rel=0.01)


def test_centroid_of_a_shifted_circle_is_its_centre() -> None:
    angles = ray_angles(RAYS)
    shift = 2.0
    radii = shift * np.cos(angles) + np.sqrt(100 - (shift * np.sin(angles)) ** 2)
    assert centroid_mm(radii[None])[0] == pytest.approx([shift, 0.0], abs=0.02)
    assert inscribed_radius_mm(radii[None])[0] == pytest.approx(10.0, abs=0.15)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(2, 30), min_size=RAYS, max_size=RAYS))
def test_least_equivalent_and_largest_diameter_never_cross(radii: list[float]) -> None:
    """However dented a contour is, a reader sees least <= equivalent <= largest."""
    width = diameter_of(np.array(radii))
    assert width.min <= width.equivalent * (1 + 1e-9)
    assert width.equivalent <= width.max * (1 + 1e-9)
