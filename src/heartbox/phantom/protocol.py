"""How a phantom is scanned: what a person at the console would set, all in one place."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias, get_args

from heartbox.contract import limit
from heartbox.phantom.tissue import PHASES, Phase
from heartbox.problems import Problem

Crop: TypeAlias = Literal["whole", "heart_cut_superior", "heart_cut_inferior", "no_heart"]
Kernel: TypeAlias = Literal["soft", "standard", "sharp"]
Orientation: TypeAlias = Literal["axial", "coronal", "sagittal"]
CROPS: tuple[Crop, ...] = get_args(Crop)
KERNELS: tuple[Kernel, ...] = get_args(Kernel)
ORIENTATIONS: tuple[Orientation, ...] = get_args(Orientation)

#: A scan must show this much of a heart's height, or it counts as a scan without a heart, mm.
LEAST_SHOWN_MM = 5.0


@dataclass(frozen=True)
class Protocol:
    """How a phantom is scanned.

    Parameters
    ----------
    slices : number of slices
    spacing_mm : distance between slices, mm; None spreads the slices over the crop's whole length
    thickness_mm : length along the normal that one slice averages over, mm; None is the spacing
    field_of_view_mm : width and height of a slice, mm; below 300 mm it is centred on the heart
    rows : rows and columns of a slice
    kernel : how sharp the reconstruction is
    noise_hu : standard deviation of the noise, HU
    noise_grain_mm : correlation length of the noise in the slice (Gaussian sd), mm
    phase : contrast phase
    tilt_deg : turn of the patient about a seeded axis, degrees
    crop : which part of the body is scanned
    orientation : direction of the slices

    Raises
    ------
    Problem
        ``protocol-unfit`` when a number is out of its range or a word unknown.
    """

    slices: int = 160
    spacing_mm: float | None = None
    thickness_mm: float | None = None
    field_of_view_mm: float = 380.0
    rows: int = 512
    kernel: Kernel = "standard"
    noise_hu: float = 12.0
    noise_grain_mm: float = 0.7
    phase: Phase = "arterial"
    tilt_deg: float = 0.0
    crop: Crop = "whole"
    orientation: Orientation = "axial"

    def __post_init__(self) -> None:
        axis = int(limit("axis_voxels"))
        ranges = {
            "slices": (self.slices, 1, axis),
            "rows": (self.rows, 16, axis),
            "spacing_mm": (1.0 if self.spacing_mm is None else self.spacing_mm, 0.05, 50.0),
            "thickness_mm": (1.0 if self.thickness_mm is None else self.thickness_mm, 0.05, 50.0),
            "field_of_view_mm": (self.field_of_view_mm, 50.0, 1000.0),
            "noise_hu": (self.noise_hu, 0.0, 500.0),
            "noise_grain_mm": (self.noise_grain_mm, 0.0, 10.0),
            "tilt_deg": (self.tilt_deg, -45.0, 45.0),
        }
        for name, (value, low, high) in ranges.items():
            if not (math.isfinite(value) and low <= value <= high):
                raise Problem("protocol-unfit", reason=f"{name} is {value}, it goes from {low} to {high}")
        words: dict[str, tuple[str, tuple[str, ...]]] = {
            "kernel": (self.kernel, KERNELS),
            "phase": (self.phase, PHASES),
            "crop": (self.crop, CROPS),
            "orientation": (self.orientation, ORIENTATIONS),
        }
        for name, (word, known) in words.items():
            if word not in known:
                raise Problem("protocol-unfit", reason=f"{name} is '{word}', it is one of {', '.join(known)}")

    def as_json(self) -> dict[str, Any]:
        """Return the settings by name, for ``truth.json``."""
        return asdict(self)


#: A small scan for tests: 96 cubic voxels of 3 mm along each axis.
SMALL = Protocol(slices=96, spacing_mm=3.0, field_of_view_mm=288.0, rows=96, noise_hu=8.0, noise_grain_mm=1.5)
