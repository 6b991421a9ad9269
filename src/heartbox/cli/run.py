"""``heartbox run``: the whole corridor, from a CT series to the report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from heartbox.cli import status
from heartbox.cli.options import (
    AsJson,
    Margin,
    Overwrite,
    Quiet,
    SeriesArgument,
    SeriesOption,
    SixNumbers,
    Verbose,
    checked_margin,
    one_source,
)
from heartbox.cli.show import DISCLAIMER, Show, answering

if TYPE_CHECKING:
    from heartbox.aorta.report import Account
    from heartbox.run import Journey

_BOX_NAME, _DOCUMENT_NAME = "heart.png", "box.json"
_REPORT_NAME = "report.html"

_Output = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="A new folder for everything that is found.")
]


def run(
    series: SeriesArgument = None,
    source: SeriesOption = None,
    output: _Output = Path("heartbox-run"),
    margin: Margin = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Walk the whole way from a CT to the report.

    Finds the heart, cuts its sector, draws the aortic graph and writes it all with pictures.

    Without a heart nothing is written and the exit code is 3. When the aorta cannot be measured
    the box, the sector and the report that says so are written and the exit code is 3.
    """
    scan = one_source(series, source)
    with answering(as_json, quiet, verbose) as show:
        _run(show, scan, output, margin, overwrite)


def _run(show: Show, source: Path, output: Path, margin: SixNumbers | None, overwrite: bool) -> None:
    from heartbox.cli.graph import show_graph
    from heartbox.cli.located import Stopwatch, locate_document, show_located
    from heartbox.cli.sector import size_sentence
    from heartbox.landing import landing, refuse_taken
    from heartbox.run import GRAPH_PICTURE, walk_corridor
    from heartbox.sector import MARGIN_MM

    margin_mm = checked_margin(margin, MARGIN_MM)
    refuse_taken(output, overwrite)
    with show.progress() as progress, landing(output, overwrite) as folder:
        watch = Stopwatch(progress)
        journey = walk_corridor(source, folder, margin_mm, watch)
        document = locate_document(journey.series, journey.finding, watch.spent_ms())
        if journey.graph is not None:
            watch("writing the report", 0.0)
            account = _write_report(journey, document, folder)
            watch("writing the report", 1.0)
            names = sorted(path.name for path in folder.iterdir())
    show_located(show, document)
    if journey.graph is None:
        show.document({"locate": document, "sector": None, "graph": None, "files": []})
        show.exit_code = status.VERDICT_NO
        return
    show.line(size_sentence(account.sector_bytes, journey.series.n_bytes))
    show_graph(show, journey.graph)
    graph = json.loads((output / "graph.json").read_text(encoding="utf-8"))
    show.document({"locate": document, "sector": account.sector, "graph": graph, "files": names})
    show.line(f"Picture: {output / _BOX_NAME}")
    if account.graph_png:
        show.line(f"Graph:   {output / GRAPH_PICTURE}")
    show.line(f"Report:  {output / _REPORT_NAME}")
    show.line(DISCLAIMER)


def _write_report(journey: Journey, document: dict[str, Any], folder: Path) -> Account:
    """Draw the pictures and write box.json and the report into the folder."""
    from heartbox.aorta.report import Account, write_report
    from heartbox.cli.located import box_picture
    from heartbox.run import GRAPH_PICTURE
    from heartbox.sector import FIELDS_NAME, VOXELS_NAME

    if journey.graph is None or journey.sector is None:
        raise ValueError("there is nothing to report on without a heart")
    picture = folder / GRAPH_PICTURE
    account = Account(
        document,
        json.loads((folder / FIELDS_NAME).read_text(encoding="utf-8")),
        sum((folder / name).stat().st_size for name in (FIELDS_NAME, VOXELS_NAME)),
        journey.graph,
        box_picture(journey.series, journey.finding),
        picture.read_bytes() if picture.exists() else b"",
    )
    (folder / _BOX_NAME).write_bytes(account.box_png)
    text = json.dumps(document, indent=1, ensure_ascii=False)
    (folder / _DOCUMENT_NAME).write_text(text + "\n", encoding="utf-8")
    write_report(account, folder / _REPORT_NAME)
    return account
