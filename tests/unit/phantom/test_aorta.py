from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from heartbox.phantom.anatomy import draw_anatomy
from heartbox.phantom.aorta import Aorta
from heartbox.phantom.shapes import arc_length_mm

SEEDS = range(6)
ORDER = [
    "annulus",
    "sinuses",
    "sinotubular_junction",
    "mid_ascending",
    "proximal_arch",
    "mid_arch",
    "isthmus",
    "mid_descending",
    "diaphragm",
]


@pytest.fixture(params=SEEDS, scope="module")
def aorta(request: pytest.FixtureRequest) -> Aorta:
    return draw_anatomy(request.param).aorta


def test_landmarks_follow_each_other_along_the_aorta(aorta: Aorta) -> None:
    assert list(aorta.landmarks) == ORDER
    places = [aorta.landmarks[name] for name in ORDER]
    assert all(a < b for a, b in pairwise(places))


def test_sinuses_bulge_between_annulus_and_junction(aorta: Aorta) -> None:
    radius = {name: aorta.trunk.radii_mm[index] for name, index in aorta.landmarks.items()}
    assert radius["sinuses"] > radius["annulus"] + 2.0
    assert radius["sinuses"] > radius["sinotubular_junction"] + 1.0


def test_aorta_goes_up_right_over_to_the_left_and_down_behind(aorta: Aorta) -> None:
    at = {name: aorta.trunk.points_mm[index] for name, index in aorta.landmarks.items()}
    assert at["mid_ascending"][0] < at["annulus"][0]
    assert at["mid_ascending"][2] > at["annulus"][2]
    assert at["isthmus"][0] > at["mid_ascending"][0] + 10.0
    assert at["isthmus"][1] > at["mid_ascending"][1] + 30.0
    assert at["diaphragm"][2] < at["annulus"][2] - 60.0
    assert at["mid_arch"][2] > at["isthmus"][2]


def test_arch_turns_no_sharper_than_its_radius_allows(aorta: Aorta) -> None:
    points = aorta.trunk.points_mm
    first, second = np.gradient(points, axis=0), np.gradient(np.gradient(points, axis=0), axis=0)
    curvature = np.linalg.norm(np.cross(first, second), axis=1) / np.linalg.norm(first, axis=1) ** 3
    # A curvature radius below the lumen's radius would fold the vessel's wall into itself.
    assert (curvature[3:-3] * aorta.trunk.radii_mm[3:-3]).max() < 1.0


def test_branches_begin_inside_their_parent(aorta: Aorta) -> None:
    vessels = {"aorta": aorta.trunk} | {one.name: one for one in aorta.branches}
    for branch in aorta.branches:
        parent = vessels[branch.parent]
        gaps = np.linalg.norm(parent.points_mm - branch.points_mm[0], axis=1)
        assert gaps.min() < parent.radii_mm[gaps.argmin()]


def test_arch_branches_leave_in_their_order_and_reach_the_neck(aorta: Aorta) -> None:
    starts, along = [], arc_length_mm(aorta.trunk.points_mm)
    for name in ("brachiocephalic", "left_carotid", "left_subclavian"):
        branch = next(one for one in aorta.branches if one.name == name)
        gaps = np.linalg.norm(aorta.trunk.points_mm - branch.points_mm[0], axis=1)
        starts.append(float(along[gaps.argmin()]))
        assert branch.points_mm[:, 2].max() > aorta.trunk.points_mm[:, 2].max() + 15.0
    assert starts[0] + 8.0 < starts[1] < starts[2] - 8.0


def test_coronary_stumps_leave_the_sinuses(aorta: Aorta) -> None:
    for name in ("left_coronary", "right_coronary"):
        stump = next(one for one in aorta.branches if one.name == name)
        nearest = np.linalg.norm(aorta.trunk.points_mm - stump.points_mm[0], axis=1).argmin()
        assert aorta.landmarks["annulus"] < nearest < aorta.landmarks["sinotubular_junction"]
        outside = np.linalg.norm(stump.points_mm - stump.points_mm[0], axis=1).max()
        assert outside > aorta.trunk.radii_mm[nearest] + 12.0


def test_aortas_have_the_widths_of_adults() -> None:
    widths = []
    for seed in range(10):
        anatomy = draw_anatomy(seed)
        index = anatomy.aorta.landmarks["mid_ascending"]
        widths.append(2 * anatomy.scale * anatomy.aorta.trunk.radii_mm[index])
    assert 28.0 < np.mean(widths) < 38.0
    assert min(widths) > 22.0
    assert max(widths) < 45.0
