"""The page of the commands is made from their help."""

from __future__ import annotations

from pathlib import Path

import pytest

from heartbox.cli import status
from heartbox.cli.help_page import render


def test_page_is_fresh() -> None:
    page = Path(__file__).parents[3] / "docs" / "cli.md"
    assert page.read_text(encoding="utf-8") == render(), "run: python -m heartbox.cli.help_page docs/cli.md"


def test_page_does_not_depend_on_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    before = render()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setenv("TERMINAL_WIDTH", "40")
    assert render() == before


def test_page_has_every_command_and_every_exit_code() -> None:
    page = render()
    for command in (
        "run",
        "locate",
        "sector",
        "graph",
        "phantom",
        "evaluate",
        "train",
        "export",
        "bench locate",
    ):
        assert f"\n## heartbox {command}\n" in page
    for code, meaning in status.MEANINGS.items():
        assert f"| {code} | {meaning} |" in page
