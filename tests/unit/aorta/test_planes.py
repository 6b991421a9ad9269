from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox.aorta.planes import arc_length_mm, frames_along, smooth_along, spread_evenly
from heartbox.geometry import Points


def _helix(radius: float, pitch: float) -> Points:
    turn = np.linspace(0, 3 * np.pi, 400)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), pitch * turn], axis=1)


@settings(max_examples=20, deadline=None)
@given(st.floats(5, 60), st.floats(1, 30))
def test_frames_are_orthonormal_on_any_helix(radius: float, pitch: float) -> None:
    frames = frames_along(_helix(radius, pitch))
    for n in (0, 150, 399):
        axes = np.stack([frames.tangent[n], frames.u[n], frames.v[n]])
        assert np.allclose(axes @ axes.T, np.eye(3), atol=1e-6)


def test_frames_do_not_twist_on_a_plane_arc() -> None:
    turn = np.linspace(0, np.pi, 200)
    arc = np.stack([0 * turn, 40 * np.cos(turn), 40 * np.sin(turn)], axis=1)
    frames = frames_along(arc)
    binormal = np.array([1.0, 0.0, 0.0])
    assert np.allclose(frames.u @ binormal, frames.u[0] @ binormal, atol=1e-6)


def test_points_lie_a_millimetre_apart_and_keep_the_ends() -> None:
    line = np.array([[0.0, 0, 0], [0, 0, 10], [0, 7.3, 10]])
    even = spread_evenly(line)
    steps = np.diff(arc_length_mm(even))
    assert np.allclose(even[[0, -1]], line[[0, -1]])
    assert steps == pytest.approx(np.full(len(steps), 17.3 / 17), abs=0.4)


def test_smoothing_leaves_a_straight_line_alone() -> None:
    line = np.linspace(0, 1, 40)[:, None] * np.array([30.0, -20, 5])
    assert np.allclose(smooth_along(line, 3.0), line, atol=1e-9)
