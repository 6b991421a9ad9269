"""The command line as a whole."""

from __future__ import annotations

import resource
import subprocess
import sys
from typing import get_args

import pytest
import typer
from typer.testing import CliRunner

from heartbox.cli import phantom
from heartbox.cli.main import app
from heartbox.phantom.protocol import CROPS, KERNELS, ORIENTATIONS
from heartbox.phantom.tissue import PHASES

#: Heavy packages and rooms: a command loads them when it runs.
HEAVY = ("numpy", "scipy", "torch", "vtk", "matplotlib", "onnxruntime", "numba", "skimage", "pydicom", "rich")
COMMANDS = ("run", "locate", "sector", "graph", "phantom", "evaluate", "train", "export", "bench locate")
#: Loading the commands takes about 0.1 s; shared machines need room.
MOST_HELP_S = 0.3


def _childrens_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_is_quick() -> None:
    """The best of five, in processor time: other programs on the machine do not count."""
    spent = []
    for _ in range(5):
        before = _childrens_s()
        subprocess.run([sys.executable, "-m", "heartbox.cli.main", "--help"], check=True, capture_output=True)
        spent.append(_childrens_s() - before)
    assert min(spent) < MOST_HELP_S


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from heartbox.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    child = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert child.stdout.strip() == "[]"


def test_version_is_the_packages() -> None:
    from importlib.metadata import version

    said = CliRunner().invoke(app, ["--version"])
    assert said.exit_code == 0
    assert said.stdout == f"heartbox {version('heartbox')}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_json_quiet_and_verbose(name: str) -> None:
    said = CliRunner().invoke(app, [*name.split(), "--help"])
    assert said.exit_code == 0
    for option in ("--json", "-q, --quiet", "-v, --verbose"):
        assert option in said.stdout


def test_no_promised_command_is_missing() -> None:
    names = set(getattr(typer.main.get_command(app), "commands", {}))
    assert names >= {command.split()[0] for command in COMMANDS}


@pytest.mark.parametrize("name", ["run", "locate", "sector", "graph", "bench locate"])
def test_missing_input_is_bad_usage(name: str) -> None:
    said = CliRunner().invoke(app, name.split())
    assert said.exit_code == 2
    assert "missing" in said.stderr


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["locate", "--nonsense"], ["sector", "x", "--box", "1", "2"]]
)
def test_wrong_words_are_bad_usage(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_phantoms_words_are_the_rooms_own() -> None:
    assert get_args(phantom.Contrast) == PHASES
    assert get_args(phantom.Crop) == CROPS
    assert get_args(phantom.Kernel) == KERNELS
    assert get_args(phantom.Orientation) == ORIENTATIONS
