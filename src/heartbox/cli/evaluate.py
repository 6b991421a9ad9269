"""``heartbox evaluate``: the net against scans and phantoms with known answers, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from heartbox.cli import status
from heartbox.cli.options import AsJson, Quiet, Verbose
from heartbox.cli.show import Show, answering

if TYPE_CHECKING:
    from heartbox.evaluate.rows import Report, Row

_Manifest = Annotated[
    Path | None,
    typer.Argument(metavar="MANIFEST.csv", help="Table of scans with known answers.", show_default=False),
]
_Splits = Annotated[
    str | None,
    typer.Option(
        "--splits",
        metavar="A,B",
        help="Take only these splits of the table.  [default: the test splits]",
        show_default=False,
    ),
]
_Phantoms = Annotated[int, typer.Option("--phantoms", min=0, help="Number of phantoms to try as well.")]
_FirstSeed = Annotated[int, typer.Option("--first-seed", min=0, help="Seed of the first phantom.")]
_At = Annotated[
    list[str] | None,
    typer.Option(
        "--at",
        metavar="CASE=PATH",
        help="Where a case's voxels lie when not beside the table; repeat it for more.",
        show_default=False,
    ),
]


def evaluate(
    manifest: _Manifest = None,
    splits: _Splits = None,
    at: _At = None,
    phantoms: _Phantoms = 0,
    first_seed: _FirstSeed = 1,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare the net with known answers.

    Verdict, cut faces, overlap (IoU) and millimetres, for scans of a table and for phantoms.

    Misses are shown with their reason. The exit code is 3 when a bar is missed.
    """
    if manifest is None and phantoms == 0:
        raise typer.BadParameter("name a MANIFEST.csv, or a number of --phantoms, or both")
    folders = dict(_place(place) for place in at or [])
    with answering(as_json, quiet, verbose) as show:
        from heartbox.evaluate.evaluate import SCAN_SPLITS, evaluate_manifest, evaluate_phantoms

        reports: dict[str, Report] = {}
        if manifest is not None:
            wanted = splits.split(",") if splits else SCAN_SPLITS
            reports["scans"] = evaluate_manifest(manifest, wanted, folders, lambda row: _say(show, row))
        if phantoms:
            seeds = range(first_seed, first_seed + phantoms)
            reports["phantoms"] = evaluate_phantoms(seeds, lambda row: _say(show, row))
        _show_reports(show, reports)


def _say(show: Show, row: Row) -> None:
    show.say(f"{row.case}: {_outcome(row)}, {row.seconds:.1f} s")


def _place(text: str) -> tuple[str, Path]:
    case, _, path = text.partition("=")
    if not case or not path:
        raise typer.BadParameter("--at needs CASE=PATH")
    return case, Path(path)


def _show_reports(show: Show, reports: dict[str, Report]) -> None:
    show.document({name: report.as_json() for name, report in reports.items()})
    columns = (
        "case",
        "split",
        "expected",
        "verdict",
        "IoU",
        "worst face mm",
        "read",
        "slices",
        "s",
        "",
        "why",
    )
    for name, report in reports.items():
        show.table(name, columns, [_cells(row) for row in report.rows])
        show.line(f"{name}: {report.passed} of {report.counted} passed, {report.skipped} skipped")
        if report.passed < report.counted:
            show.exit_code = status.VERDICT_NO


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.case,
        row.split,
        " ".join((row.expected, *row.expected_faces)),
        " ".join((row.verdict, *row.cut_faces)),
        "-" if row.iou is None else f"{row.iou:.2f}",
        "-" if row.max_face_error_mm is None else f"{row.max_face_error_mm:.1f}",
        str(row.slices_read),
        str(row.slices),
        f"{row.seconds:.1f}",
        _outcome(row),
        row.reason,
    )


def _outcome(row: Row) -> str:
    return "skipped" if row.skipped else "passed" if row.passed else "missed"
