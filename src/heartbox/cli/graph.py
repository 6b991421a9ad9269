"""``heartbox graph``: the aortic graph of a sector."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heartbox.cli import status
from heartbox.cli.options import AsJson, Overwrite, Quiet, Verbose, one_source
from heartbox.cli.show import DISCLAIMER, Show, answering

if TYPE_CHECKING:
    from heartbox.aorta.model import AorticGraph, Branch, Landmark

_SectorArgument = Annotated[
    Path | None,
    typer.Argument(metavar="SECTOR", help="A sector's folder, or its NRRD file.", show_default=False),
]
_SectorOption = Annotated[
    Path | None,
    typer.Option("-i", "--input", metavar="PATH", help="The same as SECTOR.", show_default=False),
]
_Output = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="A new folder for the graph's files.")
]


def graph(
    sector: _SectorArgument = None,
    source: _SectorOption = None,
    output: _Output = Path("heartbox-graph"),
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Draw the aortic graph of a sector.

    Writes graph.json, GraphML, VTP, STL, a label NRRD, CSV and graph.png. When the aorta cannot be
    measured (no contrast, for instance) only graph.json with the reasons is written and the exit
    code is 3. --json prints graph.json.
    """
    path = one_source(sector, source, "SECTOR")
    with answering(as_json, quiet, verbose) as show:
        from heartbox.aorta.export import graph_document
        from heartbox.landing import landing, refuse_taken
        from heartbox.run import graph_sector
        from heartbox.sector import read_sector

        refuse_taken(output, overwrite)
        with show.progress() as progress, landing(output, overwrite) as folder:
            progress("reading the sector", 0.0)
            built = graph_sector(read_sector(path), folder, progress)
        show.document(graph_document(built))
        show_graph(show, built)
        show.line(f"Graph: {output}")
        show.line(DISCLAIMER)


def show_graph(show: Show, built: AorticGraph) -> None:
    """Print the verdict, the branches and the landmarks; sets the exit code of a refusal."""
    from heartbox.aorta.report import graph_verdict_in_words

    for warning in built.warnings:
        show.notice(warning.text)
    show.line(graph_verdict_in_words(built))
    branches = [_branch_row(branch) for branch in built.branches]
    columns = ("branch", "length mm", "diameter mm", "least", "largest", "confidence")
    show.table("Branches", columns, branches)
    marks = [_landmark_row(landmark) for landmark in built.landmarks]
    show.table("Landmarks", ("landmark", "diameter mm", "uncertainty mm"), marks)
    if built.verdict == "refused":
        show.exit_code = status.VERDICT_NO


def _branch_row(branch: Branch) -> tuple[str, ...]:
    width = branch.diameter_mm
    numbers = (branch.length_mm, float(width.mean()), float(width.min()), float(width.max()))
    return (branch.name, *(f"{number:.1f}" for number in numbers), f"{branch.confidence:.2f}")


def _landmark_row(landmark: Landmark) -> tuple[str, ...]:
    width = "-" if landmark.diameter is None else f"{landmark.diameter.equivalent:.1f}"
    return (landmark.name, width, f"{landmark.uncertainty_mm:.0f}")
