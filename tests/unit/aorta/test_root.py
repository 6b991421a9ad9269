from __future__ import annotations

import numpy as np
import pytest

from heartbox.aorta.contrast import Levels
from heartbox.aorta.grids import search_block
from heartbox.aorta.paths import blood_in
from heartbox.aorta.root import find_root_planes, way_to_ventricle
from heartbox.volume import Volume
from makers import canes


def _profile(outflow: float = 23.0) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    places = [0, 15, 20, 30, 41, 53, 80, 120]
    return np.interp(np.arange(121), places, [40, 36, outflow, 23, 33, 27, 30, 30])


@pytest.mark.parametrize("outflow", [23.0, 22.0, 26.0])
def test_annulus_is_the_upper_end_of_the_waist(outflow: float) -> None:
    planes = find_root_planes(_profile(outflow), 60)
    assert planes is not None
    assert planes.clear
    assert planes.annulus == pytest.approx(30, abs=3)
    assert planes.sinuses == pytest.approx(41, abs=2)
    assert planes.junction == pytest.approx(53, abs=3)


def test_a_tube_without_a_waist_has_no_annulus() -> None:
    assert find_root_planes(np.linspace(40, 28, 90), 60) is None


def test_planes_are_counted_from_the_annulus() -> None:
    planes = find_root_planes(_profile(), 60)
    assert planes is not None
    moved = planes.counted_from_annulus()
    assert moved.annulus == 0
    assert moved.sinuses == (planes.sinuses or 0) - planes.annulus


def test_the_way_into_the_ventricle_is_found(cane: Volume) -> None:
    blood = blood_in(search_block(cane), Levels(350.0, 40.0), strict=True)
    seed = np.array([0.0, -20.0, canes.ANNULUS_Z_MM + 20])
    way = way_to_ventricle(blood, seed)
    assert way is not None
    assert np.linalg.norm(way.points_mm[0] - seed) > 30
    assert way.points_mm[0][2] < canes.ANNULUS_Z_MM - 10
    assert way_to_ventricle(blood, np.array([0.0, 40.0, -100.0])) is None
