"""``heartbox locate``: the heart's box in a chest CT, with a preview picture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from heartbox.cli import status
from heartbox.cli.options import AsJson, Overwrite, Quiet, SeriesArgument, SeriesOption, Verbose, one_source
from heartbox.cli.show import DISCLAIMER, Show, answering

_PREVIEW_NAME = "heart.png"
_DOCUMENT_NAME = "box.json"

_Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="PATH",
        help="A .png for the preview, or a new folder for heart.png and box.json.  [default: heart.png]",
        show_default=False,
    ),
]
_Preview = Annotated[bool, typer.Option("--preview/--no-preview", help="Draw the box in three planes.")]


def locate(
    series: SeriesArgument = None,
    source: SeriesOption = None,
    output: _Output = None,
    preview: _Preview = True,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Find the heart's box in a chest CT.

    Prints the verdict (found, cut or not_found), the box in LPS mm and the confidence. A heart
    that the scan cuts off is named with the faces at the edge. Without a heart nothing is written
    and the exit code is 3. An earlier preview .png of the same name is replaced.
    """
    scan = one_source(series, source)
    with answering(as_json, quiet, verbose) as show:
        _locate(show, scan, output or Path(_PREVIEW_NAME), preview, overwrite)


def _locate(show: Show, source: Path, output: Path, preview: bool, overwrite: bool) -> None:
    from heartbox.cli.located import Stopwatch, box_picture, find_in, locate_document, show_located
    from heartbox.landing import land_file, landing, refuse_taken

    into_folder = output.suffix.lower() != ".png"
    if into_folder:
        refuse_taken(output, overwrite)
    with show.progress() as progress:
        watch = Stopwatch(progress)
        found, finding = find_in(source, watch)
        picture = b""
        if preview and finding.heart_box is not None:
            watch("drawing the preview", 0.0)
            picture = box_picture(found, finding)
            watch("drawing the preview", 1.0)
        document = locate_document(found, finding, watch.spent_ms())
    if finding.heart_box is None:
        show.exit_code = status.VERDICT_NO
    elif into_folder:
        with landing(output, overwrite) as folder:
            text = json.dumps(document, indent=1, ensure_ascii=False)
            (folder / _DOCUMENT_NAME).write_text(text + "\n", encoding="utf-8")
            if picture:
                (folder / _PREVIEW_NAME).write_bytes(picture)
    elif picture:
        land_file(output, picture)
    show.document(document)
    show_located(show, document)
    if finding.heart_box is not None and (into_folder or picture):
        show.line(f"{'Results' if into_folder else 'Preview'}: {output}")
    show.line(DISCLAIMER)
