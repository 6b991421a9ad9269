"""``heartbox train``: fit the net by a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heartbox.cli.options import AsJson, Quiet, Verbose
from heartbox.cli.show import answering

Recipe = Annotated[Path, typer.Argument(metavar="RECIPE", help="A TOML file of training/recipes.")]
_Data = Annotated[Path, typer.Option("--data", metavar="DIR", help="Folder with the training scans.")]
_Out = Annotated[
    Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for checkpoints, nets and manifest.")
]


def train(
    recipe: Recipe,
    data: _Data,
    out: _Out,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Train the net by a recipe.

    Needs the extra 'train'. Ends with the ONNX files and their manifest. A run that was stopped
    goes on from its checkpoints in the same folder.
    """
    with answering(as_json, quiet, verbose) as show:
        require_train_extra()
        from heartbox.train.fit import train as fit

        for path in (recipe, data):
            require_path(path)
        written = fit(recipe, data, out, lambda text: show.say(text))
        show.document({"files": [path.name for path in written]})
        for path in written:
            show.line(str(path))


def require_train_extra() -> None:
    """Refuse when the extra 'train' is not installed.

    Raises
    ------
    Problem
        ``extra-missing``.
    """
    from importlib.util import find_spec

    from heartbox.problems import Problem

    for package in ("torch", "onnx"):
        if find_spec(package) is None:
            raise Problem("extra-missing", extra="train", reason=f"no package '{package}'")


def require_path(path: Path) -> None:
    """Refuse a path that does not exist.

    Raises
    ------
    Problem
        ``path-missing``.
    """
    from heartbox.problems import Problem

    if not path.exists():
        raise Problem("path-missing", path=str(path))
