"""The arguments and options that several commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

SixNumbers: TypeAlias = tuple[float, float, float, float, float, float]

SeriesArgument = Annotated[
    Path | None,
    typer.Argument(metavar="SERIES", help="DICOM folder, zip or file, NIfTI or NRRD.", show_default=False),
]
SeriesOption = Annotated[
    Path | None,
    typer.Option("-i", "--input", metavar="PATH", help="The same as SERIES.", show_default=False),
]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace an earlier result of this name, whole or not at all.")
]
Margin = Annotated[
    SixNumbers | None,
    typer.Option(
        "--margin",
        metavar="R L A P I S",
        help="Millimetres added to the heart's box on its right, left, front, back, bottom and top.",
        show_default=False,
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on stdout and nothing else there.")
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but problems.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Say more: details of problems, traces.")]

MOST_MARGIN_MM = 200.0


def one_source(argument: Path | None, option: Path | None, name: str = "SERIES") -> Path:
    """Take the input from where it was given: as an argument or after ``-i``, not both.

    Raises
    ------
    typer.BadParameter
        When it is missing or given twice (exit code 2).
    """
    if argument is not None and option is not None:
        raise typer.BadParameter(f"give {name} once: as an argument or after -i, not both")
    source = argument if argument is not None else option
    if source is None:
        raise typer.BadParameter(f"{name} is missing: name it as an argument or after -i")
    return source


def checked_margin(margin_mm: SixNumbers | None, default_mm: tuple[float, ...]) -> tuple[float, ...]:
    """Return six margins in mm, each from 0 to 200.

    Raises
    ------
    typer.BadParameter
        When one is outside (exit code 2).
    """
    if margin_mm is None:
        return default_mm
    if not all(0 <= face <= MOST_MARGIN_MM for face in margin_mm):
        raise typer.BadParameter(f"--margin needs six numbers from 0 to {MOST_MARGIN_MM:.0f} mm")
    return margin_mm
