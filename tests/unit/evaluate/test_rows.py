from __future__ import annotations

import numpy as np
import pytest

from heartbox.evaluate.rows import Report, Row, Truth, clipped_truth, judge_row
from heartbox.geometry import Box, Grid
from heartbox.locate import Finding, Model, Verdict

BOX = Box(0, 100, 0, 100, 0, 100)
MODEL = Model("heart", "0.1.0", "0" * 64)
GRID = Grid((60, 60, 60), np.array([[4, 0, 0, -68], [0, 4, 0, -68], [0, 0, 4, -68], [0, 0, 0, 1.0]]))


def finding(verdict: Verdict, box: Box | None, faces: tuple[str, ...] = ()) -> Finding:
    return Finding(verdict, 0.9, box, faces, MODEL)


@pytest.mark.parametrize(
    ("answer", "passed", "reason"),
    [
        (finding("found", Box(0, 100, 0, 100, 0, 80)), True, ""),
        (finding("found", Box(0, 100, 0, 100, 0, 60)), False, "IoU 0.6 below 0.7"),
        (finding("not_found", None), False, "not_found instead of found"),
        (finding("cut", BOX, ("superior",)), False, "cut instead of found"),
    ],
)
def test_whole_heart_needs_the_verdict_and_the_overlap(answer: Finding, passed: bool, reason: str) -> None:
    row = judge_row("a", "test", Truth("found", BOX, (), 0.7), answer, (1, 2, 0.5))
    assert (row.passed, row.reason) == (passed, reason)


def test_cut_heart_needs_the_right_face() -> None:
    truth = Truth("cut", BOX, ("superior",), 0.7)
    assert judge_row("a", "test", truth, finding("cut", BOX, ("superior",)), (1, 2, 0.5)).passed
    wrong = judge_row("a", "test", truth, finding("cut", BOX, ("inferior",)), (1, 2, 0.5))
    assert wrong.reason == "cut at inferior instead of superior"


def test_errors_are_answer_less_truth() -> None:
    answer = finding("found", Box(1, 98, 0, 100, 0, 107))
    row = judge_row("a", "test", Truth("found", BOX, (), 0.7), answer, (1, 2, 0.5))
    assert row.face_errors_mm == (1, -2, 0, 0, 0, 7)
    assert row.max_face_error_mm == 7


def test_truth_is_clipped_to_what_the_scan_shows() -> None:
    whole = clipped_truth(BOX, (), GRID, 0.7)
    assert whole.verdict == "found" and whole.box == BOX
    short = clipped_truth(Box(0, 100, 0, 100, 0, 200), (), GRID, 0.7)
    assert short.verdict == "cut" and short.cut_faces == ("superior",)
    assert short.box is not None and short.box.z1 == GRID.bounds_mm.z1
    assert clipped_truth(Box(0, 100, 0, 100, 300, 400), (), GRID, 0.7).verdict == "not_found"
    assert clipped_truth(None, (), GRID, 0.7).verdict == "not_found"


def test_known_cut_stays_a_cut() -> None:
    assert clipped_truth(BOX, ("superior",), GRID, 0.7).cut_faces == ("superior",)


def test_report_counts_what_was_looked_at() -> None:
    looked = judge_row("a", "test", Truth("found", BOX, (), 0.7), finding("found", BOX), (1, 2, 0.5))
    report = Report((looked, Row("b", "test", "found", (), reason="not here")))
    assert (report.passed, report.counted, report.skipped) == (1, 1, 1)
    assert report.as_json()["rows"][1]["reason"] == "not here"
