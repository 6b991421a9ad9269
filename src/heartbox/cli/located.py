"""The words, the picture and the JSON document of a located heart, for the commands that need one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

from heartbox import contract
from heartbox.cli.show import Progress, Show
from heartbox.geometry import Box
from heartbox.intake.door import open_series
from heartbox.intake.series import Series
from heartbox.locate import Finding, find_heart
from heartbox.picture import draw_box, verdict_in_words
from heartbox.sector import sector_box


class Stopwatch:
    """A progress that also notes how long each named step took."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._begun: list[tuple[str, float]] = []

    def __call__(self, step: str, share: float) -> None:
        """Pass the call on; a step that is new begins now, and the one before it ends."""
        if not self._begun or self._begun[-1][0] != step:
            self._begun.append((step, perf_counter()))
        self._progress(step, share)

    def spent_ms(self) -> dict[str, float]:
        """Return the time of each step until now, ms, by its name with underscores."""
        ends = [begun for _, begun in self._begun[1:]] + [perf_counter()]
        spent: dict[str, float] = {}
        for (step, begun), end in zip(self._begun, ends, strict=True):
            name = step.replace(" ", "_")
            spent[name] = round(spent.get(name, 0.0) + 1e3 * (end - begun), 1)
        return spent


def find_in(source: Path, progress: Progress) -> tuple[Series, Finding]:
    """Open a study and find the heart."""
    progress("reading headers", 0.0)
    series = open_series(source)
    finding = find_heart(series.volume, lambda share: progress("finding the heart", share))
    progress("finding the heart", 1.0)
    return series, finding


def box_picture(series: Series, finding: Finding) -> bytes:
    """Draw the preview of a found heart as PNG bytes; nothing when there is no heart."""
    if finding.heart_box is None:
        return b""
    caption = verdict_in_words(finding.verdict, finding.cut_faces, finding.confidence)
    sector = sector_box(series.volume.grid, finding.heart_box)
    return draw_box(series.volume, finding.heart_box, sector, caption)


def locate_document(series: Series, finding: Finding, timings_ms: Mapping[str, float]) -> dict[str, Any]:
    """Return the document of ``locate --json`` (schema ``locate``); boxes in LPS mm."""
    model, box = finding.model, finding.heart_box
    document = {
        "schema": "heartbox.locate/1",
        "verdict": finding.verdict,
        "cut_faces": list(finding.cut_faces),
        "confidence": round(float(finding.confidence), 4),
        "heart_box_lps_mm": None if box is None else _rounded(box),
        "sector_box_lps_mm": None if box is None else _rounded(sector_box(series.volume.grid, box)),
        "series": series.summary(),
        "model": {"name": model.name, "version": model.version, "sha256": model.sha256},
        "timings_ms": dict(timings_ms),
        "warnings": [notice.as_json() for notice in series.notices],
    }
    contract.check("locate", document)
    return document


def show_located(show: Show, document: Mapping[str, Any]) -> None:
    """Print the verdict and the heart's box in mm; notices go to stderr."""
    for warning in document["warnings"]:
        show.notice(warning["text"])
    show.line(verdict_in_words(document["verdict"], document["cut_faces"], document["confidence"]))
    if document["heart_box_lps_mm"] is not None:
        columns = ("axis", "from", "to", "size")
        show.table("Heart box, mm (LPS)", columns, _box_rows(document["heart_box_lps_mm"]))


def _box_rows(faces_mm: list[float]) -> list[tuple[str, str, str, str]]:
    axes = ("x, right to left", "y, front to back", "z, feet to head")
    edges = zip(axes, faces_mm[0::2], faces_mm[1::2], strict=True)
    return [(axis, f"{low:.1f}", f"{high:.1f}", f"{high - low:.1f}") for axis, low, high in edges]


def _rounded(box: Box) -> list[float]:
    return [round(face, 2) for face in box.faces_mm]
