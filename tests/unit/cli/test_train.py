"""``heartbox train`` and ``heartbox export`` at their doors."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from typer.testing import CliRunner

from heartbox.cli.main import app

COMMANDS = (["train", "recipe.toml", "--data", "data", "-o", "out"], ["export", "recipe.toml", "-o", "out"])


@pytest.mark.parametrize("command", COMMANDS, ids=["train", "export"])
def test_missing_extra_is_named(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    code = "extra-missing"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    said = CliRunner().invoke(app, [*command, "--json"])
    assert said.exit_code == 2
    assert f'"code": "{code}"' in said.stdout
    assert "heartbox[train]" in said.stdout


@pytest.mark.parametrize("command", COMMANDS, ids=["train", "export"])
def test_missing_recipe_is_named(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    pytest.importorskip("onnx", reason="the extra 'train' is not installed")
    monkeypatch.chdir(tmp_path)
    said = CliRunner().invoke(app, command)
    assert said.exit_code == 1
    assert said.stderr == "There is nothing at recipe.toml: check the path.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["train", "export"])
def test_where_to_is_asked_for(command: str) -> None:
    assert CliRunner().invoke(app, [command, "recipe.toml"]).exit_code == 2
