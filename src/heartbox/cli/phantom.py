"""``heartbox phantom``: a synthetic chest CT whose answers are known."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import typer

from heartbox.cli.options import AsJson, Overwrite, Quiet, Verbose
from heartbox.cli.show import DISCLAIMER, answering

Contrast: TypeAlias = Literal["none", "pulmonary", "arterial", "venous", "poor"]
Crop: TypeAlias = Literal["whole", "heart_cut_superior", "heart_cut_inferior", "no_heart"]
Kernel: TypeAlias = Literal["soft", "standard", "sharp"]
Orientation: TypeAlias = Literal["axial", "coronal", "sagittal"]

_Folder = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="A new folder for series/ and truth.json.", show_default=False),
]
_Output = Annotated[
    Path | None, typer.Option("-o", "--output", metavar="DIR", help="The same as DIR.", show_default=False)
]
_Spacing = Annotated[
    float | None,
    typer.Option(
        "--spacing",
        metavar="MM",
        help="Distance between slices; without it they fill the crop.",
        show_default=False,
    ),
]
_Thickness = Annotated[
    float | None,
    typer.Option(
        "--thickness",
        metavar="MM",
        help="What one slice averages over; without it the spacing.",
        show_default=False,
    ),
]


def phantom(
    folder: _Folder = None,
    output: _Output = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another patient.")] = 1,
    slices: Annotated[int, typer.Option("--slices", min=1, help="Number of slices.")] = 160,
    spacing: _Spacing = None,
    thickness: _Thickness = None,
    rows: Annotated[int, typer.Option("--rows", min=16, help="Rows and columns of a slice.")] = 512,
    field_of_view: Annotated[float, typer.Option("--fov", metavar="MM", help="Width of a slice.")] = 380.0,
    contrast: Annotated[
        Contrast, typer.Option("--contrast", help="Phase of the contrast agent.")
    ] = "arterial",
    noise: Annotated[
        float, typer.Option("--noise", metavar="HU", help="Standard deviation of the noise.")
    ] = 12.0,
    kernel: Annotated[Kernel, typer.Option("--kernel", help="Sharpness of the reconstruction.")] = "standard",
    tilt: Annotated[float, typer.Option("--tilt", metavar="DEG", help="Turn of the patient.")] = 0.0,
    crop: Annotated[Crop, typer.Option("--crop", help="Part of the body that is scanned.")] = "whole",
    orientation: Annotated[Orientation, typer.Option("--orientation", help="Plane of the slices.")] = "axial",
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Make a synthetic chest CT with known answers.

    Writes a DICOM series and truth.json: the heart's box, the aorta's centreline with its radii,
    branches and landmarks, all in LPS mm from closed form. The same seed gives the same bytes.
    """
    if folder is not None and output is not None:
        raise typer.BadParameter("give DIR once: as an argument or after -o, not both")
    target = folder or output or Path("heartbox-phantom")
    with answering(as_json, quiet, verbose) as show:
        from heartbox.landing import landing, refuse_taken
        from heartbox.phantom.phantom import make_phantom
        from heartbox.phantom.protocol import Protocol

        protocol = Protocol(
            slices=slices,
            spacing_mm=spacing,
            thickness_mm=thickness,
            field_of_view_mm=field_of_view,
            rows=rows,
            kernel=kernel,
            noise_hu=noise,
            phase=contrast,
            tilt_deg=tilt,
            crop=crop,
            orientation=orientation,
        )
        refuse_taken(target, overwrite)
        with show.progress() as progress, landing(target, overwrite) as aside:
            truth = make_phantom(
                aside, seed, protocol, lambda done, of: progress("writing slices", done / max(of, 1))
            )
        show.document(truth)
        show.line(f"Phantom {seed}: {slices} slices in {target}")
        show.line(DISCLAIMER)
