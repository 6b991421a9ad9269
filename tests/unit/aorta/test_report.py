"""The report: whole, self-contained, honest and safe to open."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from heartbox import contract
from heartbox.aorta.report import DISCLAIMER, Account, graph_verdict_in_words, report_html, write_report
from heartbox.problems import Notice
from makers.aortas import refused_graph, stick_graph

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
MODEL = {"name": "heart", "version": "1.0", "sha256": "ab" * 32}


def _account(**changes: Any) -> Account:
    located = {
        "schema": "heartbox.locate/1",
        "verdict": "found",
        "cut_faces": [],
        "confidence": 0.93,
        "heart_box_lps_mm": [-60.2, 70.1, -80.0, 40.0, -60.0, 60.5],
        "sector_box_lps_mm": [-75.2, 85.1, -90.0, 100.0, -75.0, 160.5],
        "series": {
            "kind": "dicom",
            "modality": "CT",
            "shape_zyx": [133, 512, 500],
            "spacing_xyz_mm": [0.7, 0.71, 2.5],
            "orientation": "axial",
            "bytes": 70_000_000,
        },
        "model": MODEL,
        "timings_ms": {"reading_headers": 310.0},
        "warnings": [],
    }
    contract.check("locate", located)
    sector = {
        "schema": "heartbox.sector/1",
        "sha256": "cd" * 32,
        "shape_zyx": [90, 270, 230],
        "affine_lps": np.diag([0.7, 0.71, 2.5, 1.0]).tolist(),
        "heart_box_lps_mm": located["heart_box_lps_mm"],
        "sector_box_lps_mm": located["sector_box_lps_mm"],
        "margin_mm": [15, 15, 10, 60, 15, 100],
        "verdict": "found",
        "cut_faces": [],
        "confidence": 0.93,
        "model": MODEL,
    }
    contract.check("sector", sector)
    return replace(Account(located, sector, 7_000_000, stick_graph(6.0), PNG, PNG), **changes)


class _Page(HTMLParser):
    """Collects tags with their attributes, and the text that a reader sees."""

    VOID = frozenset({"meta", "img", "line", "polyline", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.text += data


def test_report_loads_nothing_from_elsewhere_and_runs_nothing() -> None:
    page = report_html(_account())
    assert "http:" not in page
    assert "https:" not in page
    assert "//" not in re.sub(r'src="data:[^"]*"', "", page)
    for tag, attributes in _Page(page).tags:
        assert tag not in {"script", "link", "iframe", "object", "embed"}
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert (attributes.get(name) or "data:").startswith("data:")


def test_report_says_at_both_ends_what_it_is_not() -> None:
    text = _Page(report_html(_account())).text.strip()
    assert text.removeprefix("heartbox report").strip().startswith(DISCLAIMER)
    assert text.endswith(DISCLAIMER)


def test_report_holds_verdict_numbers_and_sizes() -> None:
    text = _Page(report_html(_account())).text
    for words in (
        "The whole heart was found (confidence 0.93).",
        "The aortic graph is degraded",
        "130 \N{MULTIPLICATION SIGN} 120 \N{MULTIPLICATION SIGN} 120 mm",
        "7.0 MB of 70.0 MB (10 %)",
        "500 \N{MULTIPLICATION SIGN} 512 \N{MULTIPLICATION SIGN} 133",
        "Half way between the junction and the first branch.",
        "28.5 mm (ascending)",
        "26.5 to 29.2",
        "199 mm",
        "ab" * 32,
    ):
        assert words in text, words


def test_pictures_are_inside() -> None:
    sources = [attributes["src"] for tag, attributes in _Page(report_html(_account())).tags if tag == "img"]
    assert len(sources) == 2
    for source in sources:
        assert source is not None
        assert base64.b64decode(source.removeprefix("data:image/png;base64,")) == PNG


def test_every_foreign_text_is_escaped() -> None:
    evil = '<img src=x onerror="alert(1)">&\'$disclaimer'
    base = _account()
    graph = replace(
        base.graph,
        warnings=(Notice("odd", evil),),
        branches=tuple(replace(branch, name=branch.name + evil) for branch in base.graph.branches),
        landmarks=tuple(replace(mark, name=evil, definition=evil) for mark in base.graph.landmarks),
        provenance={evil: evil},
    )
    located = {
        **base.located,
        "warnings": [{"code": "odd", "text": evil}],
        "model": {**MODEL, "name": evil},
        "series": {**base.located["series"], "modality": evil},
        "timings_ms": {evil: 1.0},
    }
    page = report_html(replace(base, graph=graph, located=located))
    assert "<img src=x" not in page
    parsed = _Page(page)
    assert sum(tag == "img" for tag, _ in parsed.tags) == 2
    assert evil in parsed.text


def test_warnings_stand_before_the_pictures() -> None:
    page = report_html(_account())
    assert page.index("The slices are &lt;coronal&gt; &amp; not axial.") < page.index("<img")


def test_refused_graph_gives_a_report_with_the_reason_and_no_graph() -> None:
    page = report_html(_account(graph=refused_graph(), graph_png=b""))
    text = _Page(page).text
    assert "No aortic graph was drawn" in text
    assert "There is no contrast in the aorta." in text
    assert "Landmarks" not in text
    assert page.count("<img") == 1


@pytest.mark.parametrize("verdict", ["complete", "degraded", "refused"])
def test_every_graph_verdict_has_a_sentence(verdict: str) -> None:
    assert graph_verdict_in_words(replace(refused_graph(), verdict=verdict)).endswith(".")  # type: ignore[arg-type]


def test_report_is_written_as_utf8(tmp_path: Path) -> None:
    path = write_report(_account(), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == report_html(_account())
