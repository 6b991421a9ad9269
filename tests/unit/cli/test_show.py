"""However a command ends, it says one thing and gives one exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable

import pytest
import typer

from heartbox import contract
from heartbox.cli import status
from heartbox.cli.show import Show, answering
from heartbox.problems import Problem


def _raise(error: BaseException) -> None:
    raise error


def _ended(
    body: Callable[[Show], None], as_json: bool = False, quiet: bool = False, verbose: bool = False
) -> int:
    """Run a body as a command does and return the exit code."""
    try:
        with answering(as_json, quiet, verbose) as show:
            body(show)
    except typer.Exit as ended:
        return ended.exit_code
    return status.DONE


def test_problem_is_one_sentence_and_its_own_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(lambda show: _raise(Problem("path-missing", path="scan"))) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "There is nothing at scan: check the path.\n"


def test_problem_is_a_document_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(lambda show: _raise(Problem("output-exists", path="out")), as_json=True) == 2
    said = capsys.readouterr()
    document = json.loads(said.out)
    contract.check("problem", document)
    assert document["code"] == "output-exists"
    assert said.err == ""


def test_quiet_still_says_problems(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(lambda show: _raise(Problem("path-missing", path="scan")), quiet=True) == 1
    assert "check the path" in capsys.readouterr().err


def test_verbose_adds_the_integrators_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    _ended(lambda show: _raise(Problem("path-missing", path="scan")), verbose=True)
    assert "path-missing: The path scan does not exist" in capsys.readouterr().err


def test_unforeseen_fault_is_a_sentence_to_report_without_its_text(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _ended(lambda show: _raise(KeyError("Doe^John"))) == 1
    said = capsys.readouterr()
    assert "KeyError" in said.err
    assert "please report" in said.err
    assert "Doe" not in said.out + said.err
    assert len(said.err.splitlines()) == 1


def test_unforeseen_fault_has_its_code_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(lambda show: _raise(KeyError("x")), as_json=True) == 1
    assert json.loads(capsys.readouterr().out)["code"] == "program-fault"


def test_trace_is_shown_only_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    _ended(lambda show: _raise(KeyError("x")), verbose=True)
    assert "Traceback" in capsys.readouterr().err


def test_ctrl_c_ends_with_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(lambda show: _raise(KeyboardInterrupt())) == 130
    assert "nothing is left behind" in capsys.readouterr().err


def test_sigterm_unwinds_what_is_open_and_ends_with_143() -> None:
    unwound = []

    def body(show: Show) -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            unwound.append(True)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as caught:
        _ended(body)
    assert caught.value.code == 143
    assert unwound == [True]
    assert signal.getsignal(signal.SIGTERM) is before


def test_closed_pipe_is_quiet() -> None:
    code = (
        "from heartbox.cli.show import answering\n"
        "with answering(True, False, False) as show:\n"
        "    for _ in range(200):\n"
        "        show.document({'x': 'y' * 10000})\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    said = child.stderr.read()
    child.stderr.close()
    assert (child.wait(), said) == (0, b"")


def test_libraries_warnings_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert _ended(lambda show: warnings.warn("Invalid value: Doe^John", stacklevel=1)) == 0
    assert capsys.readouterr().err == ""


def test_json_leaves_stdout_to_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    def body(show: Show) -> None:
        show.line("words")
        show.table("Title", ("a", "b"), [("x", "1")])
        with show.progress() as progress:
            progress("step", 0.5)
        show.notice("odd")
        show.document({"answer": 42})

    assert _ended(body, as_json=True) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"answer": 42}
    assert "odd" in said.err
    assert "words" not in said.err


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    def body(show: Show) -> None:
        show.line("words")
        show.table("Title", ("a", "b"), [("x", "1")])
        show.notice("odd")
        show.say("on the way")
        with show.progress() as progress:
            progress("step", 0.5)

    assert _ended(body, quiet=True) == 0
    assert capsys.readouterr() == ("", "")


def test_log_gets_a_line_for_each_step_that_ended(capsys: pytest.CaptureFixture[str]) -> None:
    def body(show: Show) -> None:
        with show.progress() as progress:
            progress("first", 0.0)
            progress("first", 0.9)
            progress("second", 0.0)
            raise Problem("path-missing", path="scan")

    assert _ended(body) == 1
    first, sentence = capsys.readouterr().err.splitlines()
    assert first.startswith("first: ")
    assert sentence == "There is nothing at scan: check the path."


def test_table_shows_foreign_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    _ended(lambda show: show.table("Title", ("a", "b"), [("[red]x[/red]", "1")]))
    assert "[red]x[/red]" in capsys.readouterr().out


def test_answer_no_is_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    def body(show: Show) -> None:
        show.exit_code = status.VERDICT_NO

    assert _ended(body) == 3
