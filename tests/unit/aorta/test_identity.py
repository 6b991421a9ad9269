from __future__ import annotations

import numpy as np
import numpy.typing as npt

from heartbox.aorta.grids import search_block
from heartbox.aorta.identity import choose_tracks, trim
from heartbox.aorta.track import Circles, CircleSearch, Track, find_circles, find_tracks
from heartbox.geometry import apply_affine
from heartbox.volume import Volume


def _track(radii: list[float], hu: list[float]) -> Track:
    count = len(radii)
    numbers: npt.NDArray[np.int64] = np.arange(count)
    centres = np.stack([np.zeros(count), np.zeros(count), 3.0 * numbers], axis=1)
    ones = np.ones(count)
    core = np.array(hu)
    return Track(Circles(numbers, centres, np.array(radii), 0.95 * ones, core, core - 15, 10 * ones), 9.0)


def test_a_stranger_on_a_tracks_end_is_cut_off() -> None:
    parts = trim(_track([12.0] * 15 + [6.0] * 6, [300.0] * 21))
    assert len(parts[0].circles) == 15
    assert parts[0].radius_mm == 12.0
    assert [len(part.circles) for part in parts[1:]] == [6]


def test_a_change_of_hu_ends_a_track() -> None:
    parts = trim(_track([12.0] * 20, [300.0] * 14 + [120.0] * 6))
    assert len(parts[0].circles) == 14


def test_two_bad_slices_are_forgiven() -> None:
    assert len(trim(_track([12.0] * 10 + [7.0] * 2 + [12.0] * 8, [300.0] * 20))[0].circles) == 20


def _with_vein(cane: Volume, hu: float) -> Volume:
    """Lay a dense superior vena cava to the right of the ascending aorta."""
    k, j, i = np.indices(cane.grid.shape)
    x, y, z = np.moveaxis(apply_affine(cane.grid.affine, np.stack([i, j, k], axis=-1)), -1, 0)
    vein = (np.hypot(x + 28, y + 14) < 9) & (z > -40)
    return Volume(np.where(vein, np.int16(hu), cane.hu).astype(np.int16), cane.grid)


def test_a_bright_vein_beside_it_is_not_taken_for_the_ascending_aorta(cane: Volume) -> None:
    block = search_block(_with_vein(cane, 420))
    search = CircleSearch()
    choice = choose_tracks(block, find_tracks(find_circles(block, search), search))
    assert choice is not None
    assert choice.ascending is not None
    assert abs(np.median(choice.ascending.circles.centres_mm[:, 0])) < 4
    assert np.median(choice.descending.circles.centres_mm[:, 1]) > 35
    assert choice.arch is not None
    assert choice.root is not None
    assert choice.margin > 2


def test_nothing_is_chosen_from_nothing(cane: Volume) -> None:
    assert choose_tracks(search_block(cane), []) is None
