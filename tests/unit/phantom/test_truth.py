from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heartbox.contract import check
from heartbox.geometry import Box
from heartbox.phantom.anatomy import draw_anatomy, heart_box
from heartbox.phantom.protocol import CROPS, SMALL, Crop
from heartbox.phantom.scanner import Scan
from heartbox.phantom.truth import truth_of


@pytest.mark.parametrize("crop", CROPS)
def test_truth_fits_its_schema_for_every_crop(crop: Crop) -> None:
    check("truth", truth_of(Scan(draw_anatomy(1), replace(SMALL, crop=crop), 1)))


@pytest.mark.parametrize(
    ("crop", "verdict", "faces"),
    [
        ("whole", "found", []),
        ("heart_cut_superior", "cut", ["superior"]),
        ("heart_cut_inferior", "cut", ["inferior"]),
        ("no_heart", "not_found", []),
    ],
)
def test_verdict_follows_the_crop(crop: Crop, verdict: str, faces: list[str]) -> None:
    for seed in range(2):
        truth = truth_of(Scan(draw_anatomy(seed), replace(SMALL, spacing_mm=None, crop=crop), seed))
        assert (truth["verdict"], truth["cut_faces"]) == (verdict, faces)


def test_cut_heart_ends_at_the_outer_face_of_the_scan() -> None:
    scan = Scan(draw_anatomy(2), replace(SMALL, crop="heart_cut_superior"), 2)
    truth = truth_of(scan)
    assert truth["heart_box_lps_mm"][5] == pytest.approx(scan.grid.bounds_mm.z1, abs=0.001)
    np.testing.assert_allclose(
        truth["heart_box_lps_mm"][:5], heart_box(scan.anatomy).faces_mm[:5], atol=0.001
    )


def test_heart_cut_by_the_field_of_view_names_the_side() -> None:
    truth = truth_of(Scan(draw_anatomy(2), replace(SMALL, field_of_view_mm=90.0), 2))
    assert truth["verdict"] == "cut"
    assert {"right", "left"} <= set(truth["cut_faces"])


def test_aorta_of_the_truth_is_tilted_with_the_patient() -> None:
    upright = truth_of(Scan(draw_anatomy(3), SMALL, 3))
    tilted = truth_of(Scan(draw_anatomy(3, tilt_deg=10.0), replace(SMALL, tilt_deg=10.0), 3))
    a, b = (np.array(one["aorta"]["points_mm"]) for one in (upright, tilted))
    np.testing.assert_allclose(
        np.linalg.norm(np.diff(a, axis=0), axis=1), np.linalg.norm(np.diff(b, axis=0), axis=1), atol=0.01
    )
    along = [(one[200] - one[0]) / np.linalg.norm(one[200] - one[0]) for one in (a, b)]
    assert 0.5 < np.degrees(np.arccos(np.clip(along[0] @ along[1], -1, 1))) <= 10.01
    assert upright["aorta"]["radius_mm"] == tilted["aorta"]["radius_mm"]


def test_landmarks_lie_on_the_centreline_with_its_width() -> None:
    truth = truth_of(Scan(draw_anatomy(6), SMALL, 6))
    points, radius = np.array(truth["aorta"]["points_mm"]), np.array(truth["aorta"]["radius_mm"])
    for landmark in truth["landmarks"]:
        away = np.linalg.norm(points - landmark["point_mm"], axis=1)
        assert away.min() < 0.001
        assert landmark["diameter_mm"] == pytest.approx(2 * radius[away.argmin()], abs=0.002)


def test_heart_lies_inside_the_scan_that_shows_it() -> None:
    truth = truth_of(Scan(draw_anatomy(7), SMALL, 7))
    scan, heart = Box.of(truth["scan_bounds_lps_mm"]), Box.of(truth["heart_box_lps_mm"])
    assert scan.intersection(heart) == heart
