"""The words and the document of a located heart."""

from __future__ import annotations

import json

import numpy as np
import pytest

from heartbox import contract
from heartbox.cli.located import Stopwatch, box_picture, locate_document, show_located
from heartbox.cli.show import Show
from heartbox.geometry import Box, Grid
from heartbox.intake.series import Series
from heartbox.locate import Finding, Model
from heartbox.problems import Notice
from heartbox.volume import LazyVolume, Volume

MODEL = Model("heart", "0.1.0", "ab" * 32)


def _series() -> Series:
    affine = np.diag([4.0, 4.0, 4.0, 1.0])
    affine[:3, 3] = -100
    volume = Volume(np.zeros((50, 50, 50), np.int16), Grid((50, 50, 50), affine))
    notice = Notice.of("gantry-tilt", degrees=2)
    return Series(LazyVolume.of(volume), "nifti", "CT", 250_000, (notice,), "a scan")


def _finding(verdict: str, *faces: str) -> Finding:
    box = None if verdict == "not_found" else Box(-60, 50, -55.123, 45, -50, 40)
    return Finding(verdict, 0.91234, box, faces, MODEL)  # type: ignore[arg-type]


@pytest.mark.parametrize("finding", [_finding("found"), _finding("cut", "superior"), _finding("not_found")])
def test_document_fits_its_schema(finding: Finding) -> None:
    document = locate_document(_series(), finding, {"reading_headers": 12.5})
    contract.check("locate", json.loads(json.dumps(document)))
    assert document["confidence"] == 0.9123
    assert document["warnings"][0]["code"] == "gantry-tilt"


def test_sector_box_lies_around_the_heart_and_inside_the_scan() -> None:
    series = _series()
    document = locate_document(series, _finding("found"), {})
    heart, sector = Box.of(document["heart_box_lps_mm"]), Box.of(document["sector_box_lps_mm"])
    assert sector.contains(heart.corners_mm).all()
    assert series.volume.grid.bounds_mm.contains(sector.corners_mm).all()


def test_no_heart_has_no_box_and_no_picture() -> None:
    finding = _finding("not_found")
    assert locate_document(_series(), finding, {})["heart_box_lps_mm"] is None
    assert box_picture(_series(), finding) == b""


def test_found_heart_has_a_picture() -> None:
    assert box_picture(_series(), _finding("found")).startswith(b"\x89PNG")


def test_verdict_box_and_notices_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    show_located(Show(), locate_document(_series(), _finding("cut", "superior"), {}))
    said = capsys.readouterr()
    assert "cut off at the scan's upper edge" in said.out
    assert "-55.1" in said.out
    assert "110.0" in said.out
    assert "gantry tilt" in said.err


def test_stopwatch_names_each_step_and_passes_calls_on(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 10.25, 12.0])
    monkeypatch.setattr("heartbox.cli.located.perf_counter", lambda: next(clock))
    calls: list[tuple[str, float]] = []
    watch = Stopwatch(lambda step, share: calls.append((step, share)))
    watch("reading headers", 0.0)
    watch("finding the heart", 0.0)
    watch("finding the heart", 1.0)
    assert calls == [("reading headers", 0.0), ("finding the heart", 0.0), ("finding the heart", 1.0)]
    assert watch.spent_ms() == {"reading_headers": 250.0, "finding_the_heart": 1750.0}
