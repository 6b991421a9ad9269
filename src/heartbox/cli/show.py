"""What a command says: results on stdout (words or one JSON object), everything else on stderr."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from types import FrameType
from typing import Any

import typer

from heartbox.cli import status

DISCLAIMER = "Not a medical device: for research use."

#: What a cell of numbers looks like, and how wide a table may be where no terminal sets a limit.
_NUMBER = re.compile(r"-|-?[0-9.]+")
_LOG_WIDTH = 240

Progress = Callable[[str, float], None]


@dataclass
class Show:
    """The voice of one command; ``exit_code`` is what the process ends with when nothing fails."""

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    exit_code: int = status.DONE

    def document(self, document: Mapping[str, Any]) -> None:
        """Print the one JSON object of ``--json``; nothing without it."""
        if self.as_json:
            typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))

    def line(self, text: str) -> None:
        """Print one line of the result."""
        if not (self.as_json or self.quiet):
            typer.echo(text)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Print a table of the result; columns of numbers are set flush right, nothing is cut off."""
        if self.as_json or self.quiet or not rows:
            return
        from rich import box
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
        for column, cells in zip(columns, zip(*rows, strict=True), strict=True):
            numbers = all(_NUMBER.fullmatch(cell) for cell in cells)
            table.add_column(column, justify="right" if numbers else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        width = None if sys.stdout.isatty() else _LOG_WIDTH
        Console(file=sys.stdout, highlight=False, width=width).print(table)

    def notice(self, text: str) -> None:
        """Say something odd that did not stop the work, on stderr."""
        if not self.quiet:
            typer.echo(f"Note: {text}", err=True)

    def say(self, text: str) -> None:
        """Say how far the work is, on stderr."""
        if not self.quiet:
            typer.echo(text, err=True)

    def detail(self, text: str) -> None:
        """Say something on stderr that only ``-v`` wants to hear."""
        if self.verbose:
            typer.echo(text, err=True)

    def problem(self, document: Mapping[str, Any]) -> None:
        """Say a refusal: its JSON document on stdout with ``--json``, else its sentence on stderr."""
        if self.as_json:
            self.document(document)
        else:
            typer.echo(document["title"], err=True)
            self.detail(f"{document['code']}: {document['detail']}")

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """Give a function ``(step, share 0..1)`` that shows how far the named steps are.

        Bars on a terminal; elsewhere (a log) one line for each step that has ended.
        """
        if not sys.stderr.isatty():
            steps = _Lines(self.say if not self.as_json else self.detail)
            yield steps
            steps.end()
            return
        if self.quiet:
            yield lambda step, share: None
            return
        from rich import progress as bars
        from rich.console import Console

        with bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(bar_width=30),
            bars.TaskProgressColumn(),
            bars.TimeElapsedColumn(),
            console=Console(file=sys.stderr, highlight=False),
        ) as live:
            yield _Steps(live)


class _Steps:
    """Turns ``(step, share)`` calls into bars: a new step's name ends the bar before it."""

    def __init__(self, live: Any) -> None:
        self._live = live
        self._step = ""
        self._task: Any = None

    def __call__(self, step: str, share: float) -> None:
        if step != self._step:
            if self._task is not None:
                self._live.update(self._task, completed=1.0)
            self._step, self._task = step, self._live.add_task(step, total=1.0)
        self._live.update(self._task, completed=min(max(share, 0.0), 1.0))


class _Lines:
    """Turns ``(step, share)`` calls into lines: a step is named with its time when it has ended."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._step = ""
        self._begun = 0.0

    def __call__(self, step: str, share: float) -> None:
        if step != self._step:
            self.end()
            self._step, self._begun = step, perf_counter()

    def end(self) -> None:
        """Name the step that has ended."""
        if self._step:
            self._say(f"{self._step}: {perf_counter() - self._begun:.1f} s")
        self._step = ""


@contextmanager
def answering(as_json: bool, quiet: bool, verbose: bool) -> Iterator[Show]:
    """Run a command's body and turn however it ends into words and an exit code.

    A problem becomes its sentence and its own code, Ctrl-C 130, SIGTERM 143, a closed pipe
    silence, anything unforeseen the problem ``program-fault`` (its trace with ``-v``).
    Warnings of libraries are silenced: they may quote a header's values.

    Raises
    ------
    typer.Exit
        With the exit code of `heartbox.cli.status`.
    """
    from heartbox.problems import Problem

    show = Show(as_json, quiet, verbose)
    before = signal.signal(signal.SIGTERM, _terminate)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield show
        sys.stdout.flush()
    except Problem as problem:
        show.problem(problem.as_json())
        show.exit_code = problem.exit_code
    except KeyboardInterrupt:
        typer.echo("Stopped; nothing is left behind.", err=True)
        show.exit_code = status.INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (typer.Exit, typer.BadParameter):
        raise
    except Exception as fault:  # noqa: BLE001 - the last door before the user: a sentence, never a bare trace
        show.detail(traceback.format_exc())
        show.problem(Problem("program-fault", kind=type(fault).__name__, where=_where(fault)).as_json())
        show.exit_code = status.BAD_INPUT
    finally:
        signal.signal(signal.SIGTERM, before)
    if show.exit_code != status.DONE:
        raise typer.Exit(show.exit_code)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(status.TERMINATED)


def _where(fault: BaseException) -> str:
    """Name the last line of this program that the fault passed: a file's base name and a number."""
    frames = traceback.extract_tb(fault.__traceback__)
    own = [frame for frame in frames if "heartbox" in Path(frame.filename).parts]
    frame = (own or list(frames))[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
