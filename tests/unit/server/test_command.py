from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from heartbox.cli.serve import serve, user_data_folder
from heartbox.server.app import Settings

Served = tuple[Settings, str, int]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Served]:
    """Where the command hands over to the server: it says its address, then Ctrl-C comes."""
    calls: list[Served] = []

    def stand_in(settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
        calls.append((settings, host, port))
        say(f"http://{host}:{port}/")
        raise KeyboardInterrupt

    monkeypatch.setattr("heartbox.server.app.serve", stand_in)
    return calls


def _run(*arguments: str) -> Any:
    app = typer.Typer()
    app.command()(serve)
    return CliRunner().invoke(app, arguments)


def test_the_address_is_said_on_stderr_and_ctrl_c_is_a_good_end(served: list[Served], tmp_path: Path) -> None:
    ended = _run("--data", str(tmp_path), "--port", "8123")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr.startswith("http://127.0.0.1:8123/")
    assert "Stopped" in ended.stderr
    ((settings, host, port),) = served
    assert (settings.data, settings.example, host, port) == (tmp_path, None, "127.0.0.1", 8123)


def test_quiet_says_nothing(served: list[Served], tmp_path: Path) -> None:
    ended = _run("--data", str(tmp_path), "-q")
    assert (ended.exit_code, ended.output) == (0, "")


def test_the_data_lie_in_the_users_own_folder(served: list[Served], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    monkeypatch.setattr(sys, "platform", "linux")
    _run()
    assert served[0][0].data == Path("/somewhere/heartbox")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert user_data_folder().parts[-3:] == ("Library", "Application Support", "heartbox")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert user_data_folder() == Path("/local/heartbox")


def test_an_example_that_is_not_there_is_said(served: list[Served], tmp_path: Path) -> None:
    ended = _run("--example", str(tmp_path / "none"))
    assert ended.exit_code == 1
    assert "There is nothing at" in ended.stderr
    assert not served


def test_every_limit_of_the_server_is_explained() -> None:
    root = Path(__file__).parents[3]
    told = (root / "docs" / "server.md").read_text(encoding="utf-8")
    limits = json.loads((root / "contract" / "limits.json").read_text(encoding="utf-8"))
    ours = [name for name in limits if name.startswith(("upload", "request", "job"))]
    assert len(ours) == 6
    for name in ours:
        assert f"`{name}`" in told
