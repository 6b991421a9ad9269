"""The command line: ``heartbox COMMAND``. Commands load what they need when they run."""

from __future__ import annotations

from typing import Annotated

import typer

from heartbox.cli import bench, evaluate, export, graph, locate, phantom, run, sector, serve, train
from heartbox.cli.show import DISCLAIMER

app = typer.Typer(
    name="heartbox",
    help="Finds the heart in a chest CT, cuts its sector and draws the aortic graph.",
    epilog=DISCLAIMER,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"heartbox {version('heartbox')}")
        raise typer.Exit


@app.callback()
def _heartbox(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Find the heart in a chest CT, cut its sector and draw the aortic graph."""


app.command("run")(run.run)
app.command("locate")(locate.locate)
app.command("sector")(sector.sector)
app.command("graph")(graph.graph)
app.command("phantom")(phantom.phantom)
app.command("serve")(serve.serve)
app.command("evaluate")(evaluate.evaluate)
app.add_typer(bench.app, name="bench")
app.command("train")(train.train)
app.command("export")(export.export)

if __name__ == "__main__":
    app()
