"""What is true of a scan: the heart's box, the aorta, its branches and landmarks, in LPS mm."""

from __future__ import annotations

from typing import Any

import numpy as np

from heartbox.geometry import FACES, Box
from heartbox.phantom.anatomy import Anatomy, heart_box
from heartbox.phantom.aorta import Vessel
from heartbox.phantom.protocol import LEAST_SHOWN_MM
from heartbox.phantom.scanner import Scan
from heartbox.phantom.shapes import Floats

SCHEMA = "heartbox.truth/1"


def truth_of(scan: Scan) -> dict[str, Any]:
    """Return the answers to one scan, the document of ``truth.schema.json``.

    The aorta is given whole, also where it leaves the scan; ``scan_bounds_lps_mm`` says where that is.
    A heart that the scan cuts ends at the scan's outer face.
    """
    whole = heart_box(scan.anatomy)
    bounds = scan.grid.bounds_mm
    verdict, box, faces = _judge(whole, bounds)
    return {
        "schema": SCHEMA,
        "frame": "LPS",
        "unit": "mm",
        "seed": scan.seed,
        "protocol": scan.protocol.as_json(),
        "scan_bounds_lps_mm": _numbers(bounds.faces_mm),
        "verdict": verdict,
        "cut_faces": faces,
        "heart_box_lps_mm": None if box is None else _numbers(box.faces_mm),
        "whole_heart_box_lps_mm": _numbers(whole.faces_mm),
        "aorta": _vessel(scan.anatomy, scan.anatomy.aorta.trunk),
        "branches": [_vessel(scan.anatomy, one) for one in scan.anatomy.aorta.branches],
        "landmarks": _landmarks(scan.anatomy),
    }


def _judge(whole: Box, bounds: Box) -> tuple[str, Box | None, list[str]]:
    """Say what a scan within ``bounds`` shows of a heart: verdict, box, faces at the scan's edge."""
    shown = whole.intersection(bounds)
    if shown is None or shown.size_mm.min() < LEAST_SHOWN_MM:
        return "not_found", None, []
    moved = np.array(shown.faces_mm) != np.array(whole.faces_mm)
    faces = [name for name, cut in zip(FACES, moved.tolist(), strict=True) if cut]
    return ("cut" if faces else "found"), shown, faces


def _vessel(anatomy: Anatomy, vessel: Vessel) -> dict[str, Any]:
    return {
        "name": vessel.name,
        "parent": vessel.parent,
        "points_mm": [_numbers(point) for point in anatomy.to_lps(vessel.points_mm)],
        "radius_mm": _numbers(vessel.radii_mm * anatomy.scale),
    }


def _landmarks(anatomy: Anatomy) -> list[dict[str, Any]]:
    trunk = anatomy.aorta.trunk
    return [
        {
            "name": name,
            "point_mm": _numbers(anatomy.to_lps(trunk.points_mm[index])),
            "diameter_mm": _numbers(trunk.radii_mm[index : index + 1] * 2 * anatomy.scale)[0],
        }
        for name, index in anatomy.aorta.landmarks.items()
    ]


def _numbers(values: Floats | tuple[float, ...]) -> list[float]:
    """Round to a micrometre: short files, and no digit that means anything is lost."""
    return [round(float(value), 3) for value in values]
