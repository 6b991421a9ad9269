"""``heartbox serve``: the page and the server, on this computer."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from heartbox.cli.options import Quiet, Verbose
from heartbox.cli.show import DISCLAIMER, answering

_Host = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="An address of this computer.")]
_Port = Annotated[int, typer.Option("--port", min=0, max=65535, help="0 lets the system choose.")]
_Data = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Where sectors, jobs and results are kept.  [default: the user's data folder]",
        show_default=False,
    ),
]
_Example = Annotated[
    Path | None,
    typer.Option(
        "--example", metavar="DIR", help="A study that the page opens with one click.", show_default=False
    ),
]


def serve(
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    data: _Data = None,
    example: _Example = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Serve the page and draw the graphs of the sectors it sends.

    Answers on this computer only. Prints the address on stderr and runs until Ctrl-C; what was
    accepted by then goes on at the next start.
    """
    with answering(False, quiet, verbose):
        from heartbox.problems import Problem
        from heartbox.server.app import Settings
        from heartbox.server.app import serve as serve_until_stopped

        if example is not None and not example.is_dir():
            raise Problem("path-missing", path=str(example))
        settings = Settings(data or user_data_folder(), example)
        try:
            serve_until_stopped(settings, host, port, lambda address: _say(address, quiet))
        except KeyboardInterrupt:
            _say("Stopped. What was accepted goes on at the next start.", quiet)


def user_data_folder() -> Path:
    """Return where this system keeps the data of a user's programs, and heartbox in it."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "heartbox"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "heartbox"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "heartbox"


def _say(text: str, quiet: bool) -> None:
    if not quiet:
        typer.echo(f"{text}  ({DISCLAIMER})" if text.startswith("http") else text, err=True)


if __name__ == "__main__":
    typer.run(serve)
