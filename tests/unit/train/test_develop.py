from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

for needed in ("torch", "onnx"):
    pytest.importorskip(needed, reason="the extra 'train' is not installed")

from heartbox.evaluate.rows import Report, Row  # noqa: E402
from heartbox.train import develop as room  # noqa: E402
from heartbox.train.develop import develop, face_offsets_mm  # noqa: E402
from unit.train.cases import write_folder  # noqa: E402


def test_development_case_is_tried_whole_cut_and_cropped_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "KEPT_SHARES", (0.5,))
    write_folder(tmp_path)
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "segthor_tops.csv").write_text("patient,top_landmark_mm,grade\n", encoding="utf-8")
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('[development]\ncases = ["o_a"]\n', encoding="utf-8")
    seen: list[Row] = []
    report = develop(recipe, tmp_path, seen.append)
    assert list(report.rows) == seen
    kinds = Counter(row.split for row in report.rows)
    assert kinds == {"whole": 1, "top cut": 1, "bottom cut": 1, "above": 1, "below": 1}
    expected = {(row.split, row.expected, row.expected_faces) for row in report.rows}
    assert ("top cut", "cut", ("superior",)) in expected and ("below", "not_found", ()) in expected
    assert {row.case for row in report.rows} == {"o_a"}


def test_offsets_take_off_the_median_error() -> None:
    errors = [(1.0, -2, 0, 0, 0, 3), (3.0, -4, 0, 0, 0, 5), (2.0, -3, 0, 9, 0, 4)]
    rows = [Row("a", "whole", "found", (), "found", face_errors_mm=error) for error in errors]
    rows.append(Row("a", "top cut", "cut", (), "cut", face_errors_mm=(90.0, 0, 0, 0, 0, 0)))
    assert np.allclose(face_offsets_mm(Report(tuple(rows))), [-2, 3, 0, 0, 0, -4])
