"""One scan's answer against its truth, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from heartbox.geometry import FACES, Box, Grid
from heartbox.locate import Finding


@dataclass(frozen=True)
class Truth:
    """What is true of a scan.

    Parameters
    ----------
    verdict : ``found``, ``cut`` or ``not_found``
    box : LPS mm; of a cut heart it ends at the scan's face; None without a heart
    cut_faces : names of `heartbox.geometry.FACES`
    least_iou : what passes
    """

    verdict: str
    box: Box | None
    cut_faces: tuple[str, ...]
    least_iou: float


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    case, split : which scan
    expected, expected_faces : the true verdict and cut faces
    verdict, cut_faces, confidence : the answer; verdict is ``""`` when the scan was skipped
    iou : of the boxes, None where one of them is missing
    max_face_error_mm, face_errors_mm : answer less truth for each face, mm; None likewise
    slices_read, slices : how many of the scan's slices were read
    seconds : for finding the heart, reading included
    passed : the answer is good enough; False when skipped
    reason : why it was skipped or missed, in words
    """

    case: str
    split: str
    expected: str
    expected_faces: tuple[str, ...]
    verdict: str = ""
    cut_faces: tuple[str, ...] = ()
    confidence: float = 0.0
    iou: float | None = None
    max_face_error_mm: float | None = None
    face_errors_mm: tuple[float, ...] | None = None
    slices_read: int = 0
    slices: int = 0
    seconds: float = 0.0
    passed: bool = False
    reason: str = ""

    @property
    def skipped(self) -> bool:
        """Whether the scan was not looked at."""
        return not self.verdict

    def as_json(self) -> dict[str, Any]:
        """Return the row's fields."""
        return asdict(self)


@dataclass(frozen=True)
class Report:
    """The table."""

    rows: tuple[Row, ...]

    @property
    def counted(self) -> int:
        """How many scans were looked at."""
        return sum(not row.skipped for row in self.rows)

    @property
    def passed(self) -> int:
        """How many answers were good enough."""
        return sum(row.passed for row in self.rows)

    @property
    def skipped(self) -> int:
        """How many scans were not looked at."""
        return sum(row.skipped for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Return ``{"rows", "passed", "counted", "skipped"}``."""
        return {
            "rows": [row.as_json() for row in self.rows],
            "passed": self.passed,
            "counted": self.counted,
            "skipped": self.skipped,
        }


def clipped_truth(box: Box | None, cut_faces: Sequence[str], scan: Grid, least_iou: float) -> Truth:
    """State what a scan shows of a heart: its box clipped to the scan, and the faces that this cuts.

    Parameters
    ----------
    box : the heart, LPS mm; None without one
    cut_faces : faces that are known to be cut
    scan : the scan's grid
    least_iou : what passes
    """
    shown = None if box is None else box.intersection(scan.bounds_mm)
    if box is None or shown is None:
        return Truth("not_found", None, (), least_iou)
    moved = np.abs(np.array(shown.faces_mm) - np.array(box.faces_mm)) > max(scan.spacing_mm)
    faces = tuple(name for name, cut in zip(FACES, moved, strict=True) if cut or name in cut_faces)
    return Truth("cut" if faces else "found", shown, faces, least_iou)


def judge_row(case: str, split: str, truth: Truth, finding: Finding, cost: tuple[int, int, float]) -> Row:
    """Hold an answer against the truth.

    Parameters
    ----------
    case, split : which scan
    truth, finding : both
    cost : slices read, slices in all, seconds
    """
    iou, errors = None, None
    if truth.box is not None and finding.heart_box is not None:
        iou = round(truth.box.iou(finding.heart_box), 4)
        apart = np.array(finding.heart_box.faces_mm) - np.array(truth.box.faces_mm)
        errors = tuple(round(float(error), 1) for error in apart)
    reason = _miss(truth, finding, iou)
    return Row(
        case=case,
        split=split,
        expected=truth.verdict,
        expected_faces=truth.cut_faces,
        verdict=finding.verdict,
        cut_faces=finding.cut_faces,
        confidence=finding.confidence,
        iou=iou,
        max_face_error_mm=None if errors is None else max(abs(error) for error in errors),
        face_errors_mm=errors,
        slices_read=cost[0],
        slices=cost[1],
        seconds=round(cost[2], 3),
        passed=not reason,
        reason=reason,
    )


def _miss(truth: Truth, finding: Finding, iou: float | None) -> str:
    if finding.verdict != truth.verdict:
        return f"{finding.verdict} instead of {truth.verdict}"
    if set(finding.cut_faces) != set(truth.cut_faces):
        return f"cut at {', '.join(finding.cut_faces)} instead of {', '.join(truth.cut_faces)}"
    if truth.verdict == "found" and (iou is None or iou < truth.least_iou):
        return f"IoU {iou} below {truth.least_iou}"
    return ""
