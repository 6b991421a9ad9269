from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heartbox.train.data import load_cases, rim_points
from unit.train.cases import RADII_MM, drawn_case, write_folder

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"


def test_scans_kept_for_tests_are_refused(tmp_path: Path) -> None:
    write_folder(tmp_path)
    with pytest.raises(ValueError, match="test_other"):
        load_cases(tmp_path, ["train_open", "test_other"])


def test_open_scans_come_with_their_box(tmp_path: Path) -> None:
    write_folder(tmp_path)
    cases = load_cases(tmp_path, ["train_open"])
    assert [case.name for case in cases] == ["o_a", "o_b"]
    assert cases[0].box is not None and np.allclose(cases[0].box.high_mm, RADII_MM)
    assert cases[1].cut_faces == ("superior",)


def test_left_out_persons_are_left_out(tmp_path: Path) -> None:
    write_folder(tmp_path)
    assert [case.name for case in load_cases(tmp_path, ["train_open"], ["o_a"])] == ["o_b"]


def test_padding_reaches_from_the_surface_to_the_box() -> None:
    case = drawn_case()
    assert case.surface is not None and case.box is not None
    outermost = case.surface.max(axis=0) + case.padding_mm()[1::2]
    assert np.allclose(outermost, case.box.high_mm)


def test_rim_is_the_surface_only() -> None:
    mask = np.zeros((5, 5, 5), dtype=bool)
    mask[1:4, 1:4, 1:4] = True
    assert len(rim_points(mask)) == 26


@pytest.mark.shared
def test_label_loses_fat_and_what_lies_above_the_top() -> None:
    if not (SHARED / "manifest.csv").is_file():
        pytest.skip("the data beside the checkout is not here")
    others = [f"segthor-p{number:02d}" for number in range(1, 41) if number != 16]
    (case,) = load_cases(SHARED, ["train"], others)
    label = np.array([-60.06, 94.24, -123.54, 17.09, -41.25, 43.75])
    assert case.box is not None and case.heart is not None and case.surface is not None
    inwards = (np.array(case.box.faces_mm) - label) * np.array([1, -1, 1, -1, 1, -1])
    assert (inwards >= -1e-6).all()
    assert case.box.z1 == pytest.approx(28.0)
    assert case.surface[:, 2].max() <= 28.0
    assert np.abs(case.padding_mm()).max() < 4.0
