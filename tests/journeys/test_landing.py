"""Outputs land whole or not at all, whatever ends a command."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from heartbox.geometry import Grid
from heartbox.nrrd import write_nrrd
from journeys.conftest import Heartbox

HEARTBOX = [sys.executable, "-m", "heartbox.cli.main"]
LONG_PHANTOM = ["phantom", "big", "--slices", "900", "--rows", "256"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_stopped_command_leaves_nothing(number: signal.Signals, code: int, here: Path) -> None:
    child = subprocess.Popen([*HEARTBOX, *LONG_PHANTOM], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        _wait_for_slices(here, child)
        child.send_signal(number)
        out, err = child.communicate(timeout=120)
    finally:
        child.kill()
        child.communicate()
    assert child.returncode == code
    assert out == b""
    assert b"Traceback" not in err
    assert list(here.iterdir()) == []


def _wait_for_slices(folder: Path, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and child.poll() is None:
        if len(list(folder.glob(".big.*.partial/series/*.dcm"))) >= 2:
            return
        time.sleep(0.05)
    raise AssertionError("the command never began to write")


def test_reader_that_goes_away_is_no_error(here: Path) -> None:
    small = ["phantom", "ph", "--slices", "8", "--spacing", "30", "--rows", "16", "--json"]
    child = subprocess.Popen([*HEARTBOX, *small], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    err = child.stderr.read()
    child.stderr.close()
    assert (child.wait(), err) == (0, b"")
    assert (here / "ph" / "truth.json").is_file()


def test_taken_output_is_refused_before_the_input_is_touched(heartbox: Heartbox) -> None:
    """The input does not exist: whoever opens it first would say so."""
    Path("out").mkdir()
    Path("out/mine.txt").write_text("keep")
    readers = [(name, "nowhere", "-o", "out") for name in ("run", "locate", "sector", "graph")]
    for arguments in (*readers, ("phantom", "out")):
        said = heartbox(*arguments)
        assert said.code == 2
        assert said.err == "out exists already: name another folder or add --overwrite.\n"
    assert Path("out/mine.txt").read_text() == "keep"


def test_overwrite_keeps_a_folder_with_other_things(phantom: Path, heartbox: Heartbox) -> None:
    Path("out").mkdir()
    Path("out/mine.txt").write_text("keep")
    said = heartbox("sector", phantom / "series", "-o", "out", "--overwrite", "--json")
    assert said.code == 2
    assert said.document["code"] == "output-foreign"
    assert [path.name for path in Path("out").iterdir()] == ["mine.txt"]
    assert [path.name for path in Path().iterdir()] == ["out"]


def test_scan_is_never_overwritten_by_its_own_result(phantom: Path, heartbox: Heartbox) -> None:
    before = sorted((phantom / "series").iterdir())
    said = heartbox("sector", phantom / "series", "-o", phantom / "series", "--overwrite", "-q")
    assert said.code == 2
    assert sorted((phantom / "series").iterdir()) == before


def test_same_phantom_twice_is_the_same(heartbox: Heartbox) -> None:
    options = ["--seed", "5", "--slices", "8", "--spacing", "30", "--rows", "32", "--contrast", "venous"]
    first = heartbox("phantom", "one", *options, "--json")
    assert first.code == 0, first.err
    assert heartbox("phantom", "-o", "one", *options, "--overwrite").code == 0
    assert json.loads(Path("one/truth.json").read_text(encoding="utf-8")) == first.document
    assert len(list(Path("one/series").iterdir())) == 8
    assert [path.name for path in Path().iterdir()] == ["one"]


def test_sector_without_contrast_is_refused_with_the_reason(heartbox: Heartbox) -> None:
    grid = Grid((60, 60, 60), np.diag([3.0, 3.0, 3.0, 1.0]))
    tissue = np.random.default_rng(1).normal(40, 10, grid.shape).astype(np.int16)
    write_nrrd(Path("plain.nrrd"), tissue, grid)
    said = heartbox("graph", "plain.nrrd", "-o", "out")
    assert said.code == 3
    assert "No aortic graph was drawn" in said.out
    assert "Note:" in said.err
    assert [path.name for path in Path("out").iterdir()] == ["graph.json"]
    document = json.loads(Path("out/graph.json").read_text(encoding="utf-8"))
    assert document["verdict"] == "refused"
    assert document["warnings"]
