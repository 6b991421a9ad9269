"""``heartbox sector``: cut the heart's sector out of a scan, de-identified."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

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
    from heartbox.geometry import Box
    from heartbox.intake.series import Series
    from heartbox.sector import Sector

_Output = Annotated[
    Path, typer.Option("-o", "--output", metavar="DIR", help="A new folder for sector.nrrd and sector.json.")
]
_Drawn = Annotated[
    SixNumbers | None,
    typer.Option(
        "--box",
        metavar="X0 X1 Y0 Y1 Z0 Z1",
        help="The heart's box in LPS mm, drawn by a person: the net is not asked.",
        show_default=False,
    ),
]


def sector(
    series: SeriesArgument = None,
    source: SeriesOption = None,
    output: _Output = Path("heartbox-sector"),
    margin: Margin = None,
    box: _Drawn = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Cut the heart's sector out of a scan.

    The sector is the box plus a margin: voxels, their place in mm and a closed list of fields
    (sector.json), nothing of the patient's. Without a heart nothing is written and the exit code
    is 3; --json prints the fields.
    """
    scan = one_source(series, source)
    with answering(as_json, quiet, verbose) as show:
        from heartbox.landing import landing, refuse_taken
        from heartbox.sector import FIELDS_NAME, write_sector

        refuse_taken(output, overwrite)
        found, cut = _cut(show, scan, margin, box)
        if cut is None:
            show.exit_code = status.VERDICT_NO
            return
        with landing(output, overwrite) as folder:
            write_sector(cut, folder)
            n_bytes = sum(file.stat().st_size for file in folder.iterdir())
            fields = json.loads((folder / FIELDS_NAME).read_text(encoding="utf-8"))
        show.document(fields)
        show.line(size_sentence(n_bytes, found.n_bytes))
        show.line(f"Sector: {output}")
        show.line(DISCLAIMER)


def size_sentence(sector_bytes: int, scan_bytes: int) -> str:
    """Say the sector's size beside the scan's."""
    share = f" ({100 * sector_bytes / scan_bytes:.0f} %)" if scan_bytes else ""
    return f"The sector has {sector_bytes / 1e6:.1f} MB, the scan {scan_bytes / 1e6:.1f} MB{share}."


def _cut(
    show: Show, source: Path, margin: SixNumbers | None, drawn: SixNumbers | None
) -> tuple[Series, Sector | None]:
    """Cut around the drawn box or the heart that the net finds; no heart, no sector."""
    from heartbox.cli.located import Stopwatch, find_in, locate_document, show_located
    from heartbox.intake.door import open_series
    from heartbox.sector import MARGIN_MM, cut_sector

    margin_mm, box = checked_margin(margin, MARGIN_MM), _box(drawn)
    with show.progress() as progress:
        if box is not None:
            progress("reading headers", 0.0)
            series = open_series(source)
            progress("cutting the sector", 0.0)
            return series, cut_sector(series.volume, box, margin_mm)
        watch = Stopwatch(progress)
        series, finding = find_in(source, watch)
        cut = None
        if finding.heart_box is not None:
            watch("cutting the sector", 0.0)
            cut = cut_sector(series.volume, finding, margin_mm)
    document = locate_document(series, finding, watch.spent_ms())
    if cut is None:
        show.document(document)
    show_located(show, document)
    return series, cut


def _box(faces_mm: SixNumbers | None) -> Box | None:
    from heartbox.geometry import Box
    from heartbox.problems import Problem

    if faces_mm is None:
        return None
    try:
        return Box.of(faces_mm)
    except ValueError as error:
        raise Problem("box-malformed", reason=str(error)) from error
