"""Order, spacing and judgement of the slices of one series."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from heartbox.contract import check
from heartbox.geometry import apply_affine
from heartbox.intake.door import open_series
from heartbox.intake.series import Series
from heartbox.problems import Problem
from makers.intake_dicom import (
    AXIAL,
    COLUMNS,
    COUNT,
    ORIGIN_MM,
    PIXEL_MM,
    ROWS,
    STEP_MM,
    positions,
    voxels,
    write_series,
)

#: How far the position of a voxel may be from the header's.
PLACE_MM = 1e-6


def read_all(series: Series) -> npt.NDArray[np.int16]:
    return series.volume.read((0, 0, 0), series.volume.grid.shape).hu


def codes(series: Series) -> list[str]:
    return [notice.code for notice in series.notices]


def refusal(folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        open_series(folder)
    return caught.value


def turned(orientation: tuple[float, ...]) -> Callable[[Dataset, int], None]:
    def change(dataset: Dataset, _: int) -> None:
        dataset.ImageOrientationPatient = list(orientation)

    return change


def test_slices_carry_their_voxels_and_positions(tmp_path: Path) -> None:
    write_series(tmp_path)
    series = open_series(tmp_path)
    assert np.array_equal(read_all(series), voxels())
    places = apply_affine(series.volume.grid.affine, [[0, 0, k] for k in range(COUNT)])
    assert np.allclose(places, positions(), atol=PLACE_MM)
    across = apply_affine(series.volume.grid.affine, [1, 0, 0]) - ORIGIN_MM
    down = apply_affine(series.volume.grid.affine, [0, 1, 0]) - ORIGIN_MM
    assert np.allclose([across, down], [[PIXEL_MM[1], 0, 0], [0, PIXEL_MM[0], 0]], atol=PLACE_MM)
    assert series.notices == ()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(COUNT)))
def test_any_order_of_the_files_gives_the_same_volume(tmp_path: Path, order: list[int]) -> None:
    folder = tmp_path / "-".join(map(str, order))
    write_series(folder, names=[f"{number:02d}" for number in order])
    series = open_series(folder)
    assert np.array_equal(read_all(series), voxels())
    assert np.allclose(series.volume.grid.affine[:3, 3], ORIGIN_MM, atol=PLACE_MM)


def test_reversed_positions_give_a_volume_that_rises_along_the_normal(tmp_path: Path) -> None:
    write_series(tmp_path, places_mm=positions()[::-1])
    series = open_series(tmp_path)
    assert np.array_equal(read_all(series), voxels()[::-1])
    assert np.allclose(series.volume.grid.affine[:3, 2], [0, 0, STEP_MM], atol=PLACE_MM)


def test_feet_first_prone_orientation_is_followed(tmp_path: Path) -> None:
    prone = (-1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
    places = positions(orientation=prone)
    write_series(tmp_path, places_mm=places, change=turned(prone))
    grid = open_series(tmp_path).volume.grid
    assert np.allclose(
        apply_affine(grid.affine, [3, 2, 5]), places[5] + [-3 * PIXEL_MM[1], 2 * PIXEL_MM[0], 0]
    )


def test_oblique_orientation_keeps_every_position_and_is_told(tmp_path: Path) -> None:
    c, s = np.cos(0.7), np.sin(0.7)
    oblique = (1.0, 0.0, 0.0, 0.0, float(c), float(s))
    places = positions(orientation=oblique)
    write_series(tmp_path, places_mm=places, change=turned(oblique))
    series = open_series(tmp_path)
    found = apply_affine(series.volume.grid.affine, [[0, 0, k] for k in range(COUNT)])
    assert np.allclose(found, places, atol=PLACE_MM)
    assert np.array_equal(read_all(series), voxels())
    assert series.orientation == "oblique"
    assert codes(series) == ["orientation-unusual"]


@pytest.mark.parametrize(
    ("orientation", "word"),
    [(AXIAL, "axial"), ((1.0, 0, 0, 0, 0, -1.0), "coronal"), ((0, 1.0, 0, 0, 0, -1.0), "sagittal")],
)
def test_summary_follows_the_schema_and_names_the_plane(
    tmp_path: Path, orientation: tuple[float, ...], word: str
) -> None:
    paths = write_series(tmp_path, places_mm=positions(orientation=orientation), change=turned(orientation))
    series = open_series(tmp_path)
    summary = series.summary()
    document = {
        "schema": "heartbox.locate/1", "verdict": "not_found", "cut_faces": [], "confidence": 0,
        "heart_box_lps_mm": None, "sector_box_lps_mm": None, "timings_ms": {}, "warnings": [],
        "model": {"name": "m", "version": "1", "sha256": "0" * 64}, "series": summary,
    }  # fmt: skip
    check("locate", document)
    assert summary["orientation"] == word
    assert summary["shape_zyx"] == [COUNT, ROWS, COLUMNS]
    assert summary["spacing_xyz_mm"] == [PIXEL_MM[1], PIXEL_MM[0], STEP_MM]
    assert summary["bytes"] == sum(path.stat().st_size for path in paths)


def test_gantry_tilt_shears_the_affine_and_is_told(tmp_path: Path) -> None:
    places = positions(lean_mm=0.8)
    write_series(tmp_path, places_mm=places)
    series = open_series(tmp_path)
    found = apply_affine(series.volume.grid.affine, [[0, 0, k] for k in range(COUNT)])
    assert np.allclose(found, places, atol=PLACE_MM)
    (notice,) = series.notices
    assert notice.code == "gantry-tilt"
    assert f"{np.degrees(np.arctan2(0.8, STEP_MM)):.1f}" in notice.text


def test_gap_is_named_by_the_two_files_around_it(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    paths[5].unlink()
    paths[6].unlink()
    problem = refusal(tmp_path)
    assert problem.code == "slice-missing"
    assert "missing (2) between 1-004.dcm and 1-007.dcm" in str(problem)


def test_every_single_lost_inner_slice_is_noticed(tmp_path: Path) -> None:
    for lost in range(1, COUNT - 1):
        folder = tmp_path / str(lost)
        write_series(folder)[lost].unlink()
        assert refusal(folder).code == "slice-missing"


def test_steps_of_another_size_are_refused_as_uneven(tmp_path: Path) -> None:
    places = positions()
    places[7:, 2] += 0.4 * STEP_MM
    write_series(tmp_path, places_mm=places)
    problem = refusal(tmp_path)
    assert problem.code == "spacing-uneven"
    assert "1-006.dcm and 1-007.dcm" in str(problem)


def test_steps_that_drift_within_the_tolerance_are_refused_when_a_slice_leaves_its_place(
    tmp_path: Path,
) -> None:
    places = positions(40)
    places[:, 2] += 0.0006 * np.arange(40) ** 2
    write_series(tmp_path, places_mm=places)
    assert refusal(tmp_path).code == "spacing-uneven"


def test_rounded_positions_do_not_add_up(tmp_path: Path) -> None:
    places = positions(60, step_mm=2 / 3)
    write_series(tmp_path, places_mm=places.round(2))
    grid = open_series(tmp_path).volume.grid
    found = apply_affine(grid.affine, [[0, 0, k] for k in range(60)])
    assert np.abs(found - places).max() < 0.011


def test_duplicate_slices_with_the_same_image_are_counted_once_and_named(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    (tmp_path / "copy.dcm").write_bytes(paths[3].read_bytes())
    series = open_series(tmp_path)
    assert np.array_equal(read_all(series), voxels())
    (notice,) = series.notices
    assert notice.code == "duplicate-slices"
    assert "copy.dcm" in notice.text or "1-003.dcm" in notice.text


def test_two_images_at_one_place_contradict_each_other(tmp_path: Path) -> None:
    def brighter(dataset: Dataset, _: int) -> None:
        dataset.RescaleIntercept = -1000

    write_series(tmp_path)
    write_series(tmp_path, names=[f"again{k}" for k in range(1)], places_mm=positions()[:1], change=brighter)
    problem = refusal(tmp_path)
    assert problem.code == "slices-contradict"
    assert "1-000.dcm" in str(problem)
    assert "again0" in str(problem)


def test_three_slices_are_too_few(tmp_path: Path) -> None:
    write_series(tmp_path, places_mm=positions(3))
    problem = refusal(tmp_path)
    assert problem.code == "too-few-slices"
    assert "3 slices over 6.0 mm" in str(problem)


def test_many_slices_over_a_short_way_are_too_few(tmp_path: Path) -> None:
    write_series(tmp_path, places_mm=positions(COUNT, step_mm=0.5))
    assert refusal(tmp_path).code == "too-few-slices"


def test_coarse_steps_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, places_mm=positions(step_mm=12))
    problem = refusal(tmp_path)
    assert problem.code == "slices-too-far-apart"
    assert "12.0 mm" in str(problem)


def test_header_spacing_that_disagrees_is_told_and_not_trusted(tmp_path: Path) -> None:
    def lie(dataset: Dataset, _: int) -> None:
        dataset.SpacingBetweenSlices = 5

    write_series(tmp_path, change=lie)
    series = open_series(tmp_path)
    assert codes(series) == ["spacing-disagrees"]
    assert series.summary()["spacing_xyz_mm"][2] == STEP_MM


def test_label_says_nothing_of_the_patient(tmp_path: Path) -> None:
    write_series(tmp_path)
    series = open_series(tmp_path)
    assert series.label == "CT, 12 slices of 3 mm"


def test_truncated_slice_is_named_before_any_pixel_is_read(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    paths[4].write_bytes(paths[4].read_bytes()[:-100])
    problem = refusal(tmp_path)
    assert problem.code == "slice-truncated"
    assert "1-004.dcm" in str(problem)


def test_slice_rescale_is_its_own(tmp_path: Path) -> None:
    def shift(dataset: Dataset, k: int) -> None:
        dataset.RescaleSlope, dataset.RescaleIntercept = 1, -1024 + k

    write_series(tmp_path, change=shift)
    expected = np.maximum(voxels() + np.arange(COUNT)[:, None, None], -1024)
    assert np.array_equal(read_all(open_series(tmp_path)), expected)
