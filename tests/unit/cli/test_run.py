"""``heartbox run`` when the corridor ends early: what is written, what is said, how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from heartbox import contract
from heartbox import run as corridor
from heartbox.aorta.export import export_graph
from heartbox.aorta.model import AorticGraph
from heartbox.cli.main import app
from heartbox.geometry import Box, Grid
from heartbox.intake.series import Series
from heartbox.locate import Finding, Model
from heartbox.run import Journey
from heartbox.sector import cut_sector, write_sector
from heartbox.volume import LazyVolume, Volume
from makers.aortas import refused_graph, stick_graph

MODEL = Model("heart", "0.1.0", "ab" * 32)
WITHOUT_GRAPH = ["box.json", "graph.json", "heart.png", "report.html", "sector.json", "sector.nrrd"]


def _series() -> Series:
    affine = np.diag([5.0, 5.0, 5.0, 1.0])
    affine[:3, 3] = -150
    volume = Volume(np.full((60, 60, 60), 40, np.int16), Grid((60, 60, 60), affine))
    return Series(LazyVolume.of(volume), "nifti", "CT", 432_000, (), "a scan")


def _walk(graph: AorticGraph | None) -> Callable[..., Journey]:
    """Stand in for the corridor: the same files, an answer that is known."""

    def walk(
        source: Path, folder: Path, margin_mm: Sequence[float], progress: Callable[[str, float], None]
    ) -> Journey:
        series = _series()
        progress("finding the heart", 1.0)
        if graph is None:
            return Journey(series, Finding("not_found", 0.98, None, (), MODEL))
        finding = Finding("cut", 0.9, Box(-60, 50, -55, 45, -50, 40), ("superior",), MODEL)
        sector = cut_sector(series.volume, finding, margin_mm)
        write_sector(sector, folder)
        export_graph(graph, folder)
        return Journey(series, finding, sector, graph)

    return walk


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_refused_graph_ends_with_3_and_a_report_that_says_why(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corridor, "walk_corridor", _walk(refused_graph()))
    said = CliRunner().invoke(app, ["run", "scan", "-o", "out"])
    assert said.exit_code == 3
    assert sorted(path.name for path in (here / "out").iterdir()) == WITHOUT_GRAPH
    assert "No aortic graph was drawn" in said.stdout
    assert "There is no contrast in the aorta." in said.stderr
    page = (here / "out" / "report.html").read_text(encoding="utf-8")
    assert "There is no contrast in the aorta." in page
    assert "upper edge" in page


def test_no_heart_ends_with_3_and_no_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corridor, "walk_corridor", _walk(None))
    said = CliRunner().invoke(app, ["run", "scan", "-o", "deep/out", "--json"])
    assert said.exit_code == 3
    document = json.loads(said.stdout)
    contract.check("locate", document["locate"])
    assert (document["sector"], document["graph"], document["files"]) == (None, None, [])
    assert list(here.iterdir()) == []


def test_no_heart_keeps_the_earlier_result(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corridor, "walk_corridor", _walk(stick_graph(6.0)))
    assert CliRunner().invoke(app, ["run", "scan", "-o", "out"]).exit_code == 0
    before = {path.name: path.read_bytes() for path in (here / "out").iterdir()}
    monkeypatch.setattr(corridor, "walk_corridor", _walk(None))
    assert CliRunner().invoke(app, ["run", "scan", "-o", "out", "--overwrite"]).exit_code == 3
    assert {path.name: path.read_bytes() for path in (here / "out").iterdir()} == before


def test_json_and_files_tell_the_same(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corridor, "walk_corridor", _walk(stick_graph(6.0)))
    said = CliRunner().invoke(app, ["run", "scan", "-o", "out", "--json"])
    assert said.exit_code == 0
    document = json.loads(said.stdout)
    for key, name in (("locate", "box.json"), ("sector", "sector.json"), ("graph", "graph.json")):
        assert json.loads((here / "out" / name).read_text(encoding="utf-8")) == document[key]
    assert document["files"] == sorted(path.name for path in (here / "out").iterdir())


def test_fault_while_the_report_is_written_leaves_nothing(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = stick_graph(6.0)
    short = replace(broken.branches[0], diameter_mm=broken.branches[0].diameter_mm[:3])
    walk = _walk(broken)

    def walk_badly(*arguments: object) -> Journey:
        return replace(walk(*arguments), graph=replace(broken, branches=(short,)))

    monkeypatch.setattr(corridor, "walk_corridor", walk_badly)
    said = CliRunner().invoke(app, ["run", "scan", "-o", "out", "-q"])
    assert said.exit_code == 1
    assert "please report" in said.stderr
    assert len(said.stderr.splitlines()) == 1
    assert list(here.iterdir()) == []
