"""The page ``docs/cli.md``, made from the commands' own help so that it cannot fall behind.

``python -m heartbox.cli.help_page docs/cli.md`` writes it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from heartbox.cli import status
from heartbox.cli.main import app
from heartbox.cli.show import DISCLAIMER

_WIDTH = 96
_HEAD = f"""# The command line

{DISCLAIMER} This page is made from `--help`: `python -m heartbox.cli.help_page docs/cli.md`.

Results go to stdout (`--json`: one JSON object, a refusal included), progress and notes to stderr.
Results land whole or not at all; an earlier result is replaced only with `--overwrite`.

| exit code | means |
|---|---|
"""


def render() -> str:
    """Return the page, Markdown: exit codes, then every command with its help."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in status.MEANINGS.items())
    root = typer.main.get_command(app)
    sections = [f"\n## {name}\n\n```text\n{text}\n```\n" for name, text in _helps(root, "heartbox", None)]
    return _HEAD + codes + "".join(sections)


def _helps(command: Any, name: str, parent: Any) -> Iterator[tuple[str, str]]:
    """Walk the commands; typer brings its own copy of click's classes, so they are not named here."""
    settings = {**command.context_settings, "terminal_width": _WIDTH, "max_content_width": _WIDTH}
    context = command.context_class(command, info_name=name.split()[-1], parent=parent, **settings)
    yield name, command.get_help(context).rstrip()
    for child in getattr(command, "commands", {}):
        yield from _helps(command.get_command(context, child), f"{name} {child}", context)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(render(), encoding="utf-8")
