from __future__ import annotations

import numpy as np
import pytest

from heartbox.aorta.grids import Block
from heartbox.aorta.identity import is_contrasted
from heartbox.aorta.track import CircleSearch, Track, find_circles, find_tracks
from heartbox.geometry import Box, isotropic_grid


def _tilted_tube(core_hu: float, rim_hu: float, radius_mm: float = 12.0) -> Block:
    """Paint a tube that leans by 0.2 mm per mm to the left, with a rim of 3 mm."""
    grid = isotropic_grid(Box(-50, 50, -40, 40, 0, 90), 1.5)
    k, j, i = np.indices(grid.shape)
    x, y, z = (grid.affine[axis, 3] + 1.5 * n for axis, n in enumerate((i, j, k)))
    away = np.hypot(x - 0.2 * z + 5, y - 3)
    edge = np.clip((radius_mm - away) / 1.5 + 0.5, 0, 1)
    inner = np.where(away < radius_mm - 3, core_hu, rim_hu)
    return Block((edge * inner + (1 - edge) * -40).astype(np.float32), np.ones(grid.shape, bool), grid)


def _best(block: Block) -> Track:
    search = CircleSearch()
    return find_tracks(find_circles(block, search), search)[0]


def test_track_follows_a_leaning_tube() -> None:
    circles = _best(_tilted_tube(300, 300)).circles
    x, y, z = circles.centres_mm.T
    assert len(circles) >= 28
    assert np.abs(x - (0.2 * z - 5)).max() < 0.7
    assert np.abs(y - 3).max() < 0.7
    assert circles.radii_mm.mean() == pytest.approx(12.0, abs=0.4)


def test_a_vertebra_is_no_contrasted_vessel() -> None:
    assert is_contrasted(_best(_tilted_tube(300, 300)))
    assert not is_contrasted(_best(_tilted_tube(200, 260)))


def test_each_circle_belongs_to_one_track() -> None:
    search = CircleSearch()
    tracks = find_tracks(find_circles(_tilted_tube(300, 300), search), search)
    assert all(track.length_mm < 20 for track in tracks[1:])


def test_an_even_image_has_no_circles() -> None:
    block = _tilted_tube(-40, -40)
    assert len(find_circles(block, CircleSearch())) == 0
    assert find_tracks(find_circles(block, CircleSearch()), CircleSearch()) == []
