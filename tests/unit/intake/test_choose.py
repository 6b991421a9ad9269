"""Which of several CT series is taken, and why."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from heartbox.intake.door import open_series
from heartbox.intake.series import Series
from heartbox.problems import Problem
from makers.intake_dicom import positions, write_series


def chosen_because(series: Series) -> str:
    return next(notice.text for notice in series.notices if notice.code == "series-chosen")


def test_two_equal_series_are_not_chosen_between(tmp_path: Path) -> None:
    write_series(tmp_path, series=1)
    write_series(tmp_path, series=2)
    with pytest.raises(Problem) as caught:
        open_series(tmp_path)
    assert caught.value.code == "several-series"
    assert "12 slices of 3 mm: 1-000.dcm" in str(caught.value)
    assert "12 slices of 3 mm: 2-000.dcm" in str(caught.value)


def test_thinner_series_is_chosen_with_the_reason(tmp_path: Path) -> None:
    write_series(tmp_path, series=1, places_mm=positions(12, 5.0))
    write_series(tmp_path, series=2, places_mm=positions(30, 2.0))
    series = open_series(tmp_path)
    assert series.volume.grid.shape[0] == 30
    assert "thinner" in chosen_because(series)


def test_series_that_covers_more_is_chosen_before_a_thinner_one(tmp_path: Path) -> None:
    write_series(tmp_path, series=1, places_mm=positions(40, 5.0))
    write_series(tmp_path, series=2, places_mm=positions(30, 2.0))
    series = open_series(tmp_path)
    assert series.volume.grid.shape[0] == 40
    assert "covers more" in chosen_because(series)


def test_beyond_the_length_of_a_chest_longer_is_not_better(tmp_path: Path) -> None:
    write_series(tmp_path, series=1, places_mm=positions(60, 10.0))
    write_series(tmp_path, series=2, places_mm=positions(60, 5.0))
    assert "thinner" in chosen_because(open_series(tmp_path))


def test_axial_original_is_chosen_before_a_coronal_reformat(tmp_path: Path) -> None:
    coronal = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)

    def reformat(dataset: Dataset, _: int) -> None:
        dataset.ImageOrientationPatient = list(coronal)
        dataset.ImageType = ["DERIVED", "SECONDARY", "MPR"]

    write_series(tmp_path, series=1)
    write_series(tmp_path, series=2, places_mm=positions(30, 1.5, orientation=coronal), change=reformat)
    series = open_series(tmp_path)
    assert series.orientation == "axial"
    assert "axial" in chosen_because(series)


def test_scout_of_three_slices_does_not_stand_against_the_scan(tmp_path: Path) -> None:
    write_series(tmp_path, series=1)
    write_series(tmp_path, series=2, places_mm=positions(3))
    series = open_series(tmp_path)
    assert [notice.code for notice in series.notices] == ["series-refused"]


def test_when_none_is_usable_the_largest_refused_ct_series_is_told(tmp_path: Path) -> None:
    write_series(tmp_path, series=1, places_mm=positions(3))
    write_series(tmp_path, series=2)[5].unlink()
    with pytest.raises(Problem) as caught:
        open_series(tmp_path)
    assert caught.value.code == "slice-missing"
