"""One small phantom for all journeys, and the command line as a person uses it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from heartbox.cli.main import app
from heartbox.phantom.phantom import make_phantom
from heartbox.phantom.protocol import Protocol

SMALL = {"slices": 64, "spacing_mm": 5.0, "rows": 96, "noise_hu": 8.0}
SEED = 3


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Heartbox = Callable[..., Said]


@pytest.fixture(scope="session")
def phantom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with series/ and truth.json; nobody writes into it."""
    folder = tmp_path_factory.mktemp("phantom")
    make_phantom(folder, SEED, Protocol(**SMALL))  # type: ignore[arg-type]
    return folder


@pytest.fixture(scope="session")
def abdomen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A series of the belly, below every heart."""
    folder = tmp_path_factory.mktemp("abdomen")
    protocol = Protocol(slices=40, spacing_mm=4.0, rows=96, noise_hu=8.0, crop="no_heart")
    make_phantom(folder, SEED, protocol)
    return folder / "series"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def run_heartbox(*arguments: str | Path) -> Said:
    """Run the command line in this process."""
    ended = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return Said(ended.exit_code, ended.stdout, ended.stderr)


@pytest.fixture
def heartbox(here: Path) -> Heartbox:
    """The command line, in an empty working directory."""
    return run_heartbox
