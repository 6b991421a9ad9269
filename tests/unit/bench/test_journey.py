from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from heartbox.bench import journey
from heartbox.problems import Problem


def _node(folder: Path, script: str) -> str:
    """Stand in for Node.js with a program that says what a journey would say."""
    path = folder / "node"
    path.write_text(f"#!{sys.executable}\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "web" / "node_modules").mkdir(parents=True)
    monkeypatch.setattr(journey, "_WEB", tmp_path / "web")
    return tmp_path


def test_each_walk_is_told_as_it_ends(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = [{"drop_to_box_s": 1.5}, {"drop_to_box_s": 2.5}]
    script = "".join(f"print({json.dumps(json.dumps(one))})\n" for one in said)
    monkeypatch.setattr("shutil.which", lambda name: _node(checkout, script))
    assert list(journey.bench_journey(checkout, 2)) == said


def test_a_walk_that_breaks_off_says_why(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = "import sys; sys.stderr.write('no Chromium or Chrome was found\\n'); sys.exit(1)"
    monkeypatch.setattr("shutil.which", lambda name: _node(checkout, script))
    with pytest.raises(Problem, match="no Chromium") as caught:
        list(journey.bench_journey(checkout, 1))
    assert caught.value.code == "journey-unavailable"


def test_without_node_the_walk_is_refused(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(Problem) as caught:
        list(journey.bench_journey(checkout, 1))
    assert caught.value.code == "journey-unavailable"


def test_a_series_that_is_not_there_is_named(checkout: Path) -> None:
    with pytest.raises(Problem) as caught:
        list(journey.bench_journey(checkout / "nowhere", 1))
    assert caught.value.code == "path-missing"
