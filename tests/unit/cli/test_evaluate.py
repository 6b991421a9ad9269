"""The table of ``heartbox evaluate``, from rows that are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heartbox.cli.main import app
from heartbox.evaluate import evaluate as room
from heartbox.evaluate.rows import Report, Row

GOOD = Row("scan-a", "test_other", "found", (), "found", (), 0.99, 0.876, 4.25, None, 60, 133, 1.5, True)
MISSED = Row("scan-b", "negative", "not_found", (), "found", (), 0.6, reason="a heart where there is none")
SKIPPED = Row("scan-c", "test_other", "cut", ("inferior",), reason="file-empty")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """Stand in for the room; keep what the command asked it."""
    asked: dict[str, object] = {}

    def manifest(
        path: Path, splits: Sequence[str], folders: Mapping[str, Path], on_row: Callable[[Row], None]
    ) -> Report:
        asked.update(path=path, splits=tuple(splits), folders=dict(folders))
        rows = (GOOD, MISSED, SKIPPED)
        for row in rows:
            on_row(row)
        return Report(rows)

    def phantoms(seeds: Iterable[int], on_row: Callable[[Row], None]) -> Report:
        asked["seeds"] = list(seeds)
        on_row(GOOD)
        return Report((GOOD,))

    monkeypatch.setattr(room, "evaluate_manifest", manifest)
    monkeypatch.setattr(room, "evaluate_phantoms", phantoms)
    return asked


def test_misses_are_shown_and_give_exit_code_3(told: dict[str, object]) -> None:
    said = CliRunner().invoke(app, ["evaluate", "scans.csv"])
    assert said.exit_code == 3
    for words in ("0.88", "a heart where there is none", "skipped", "scans: 1 of 2 passed, 1 skipped"):
        assert words in said.stdout
    assert said.stderr.splitlines()[1] == "scan-b: missed, 0.0 s"
    assert told["splits"] == room.SCAN_SPLITS


def test_all_passed_is_done(told: dict[str, object]) -> None:
    said = CliRunner().invoke(app, ["evaluate", "--phantoms", "3", "--first-seed", "7"])
    assert said.exit_code == 0
    assert told == {"seeds": [7, 8, 9]}


def test_json_is_one_object_with_both_tables(told: dict[str, object]) -> None:
    arguments = ["evaluate", "scans.csv", "--splits", "a,b", "--at", "x=/y", "--phantoms", "1", "--json"]
    said = CliRunner().invoke(app, arguments)
    assert said.exit_code == 3
    document = json.loads(said.stdout)
    assert document["scans"]["counted"] == 2
    assert document["phantoms"]["passed"] == 1
    assert told["splits"] == ("a", "b")
    assert told["folders"] == {"x": Path("/y")}


@pytest.mark.parametrize("arguments", [[], ["scans.csv", "--at", "nonsense"], ["--phantoms", "-1"]])
def test_wrong_use_is_named(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["evaluate", *arguments]).exit_code == 2
