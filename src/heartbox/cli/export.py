"""``heartbox export``: trained checkpoints to ONNX files and their manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from heartbox.cli.options import AsJson, Quiet, Verbose
from heartbox.cli.show import answering
from heartbox.cli.train import Recipe, require_path, require_train_extra

_Out = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="DIR", help="Folder of the checkpoints; the files go there too."),
]


def export(
    recipe: Recipe,
    out: _Out,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Export trained checkpoints as ONNX.

    Needs the extra 'train'. Writes the files and their manifest. Training ends with the same step;
    alone it serves a recipe whose decision numbers have changed.
    """
    with answering(as_json, quiet, verbose) as show:
        require_train_extra()
        from heartbox.train.export_onnx import export_model
        from heartbox.train.fit import read_looks, read_recipe, trained_net

        for path in (recipe, out):
            require_path(path)
        looks = read_looks(read_recipe(recipe))
        written = export_model(recipe, out, {look: trained_net(out, look) for look in looks})
        show.document({"files": [path.name for path in written]})
        for path in written:
            show.line(str(path))
