"""Move the patient, choose what the scan covers, and move the truth along.

A turned patient's box is read off the turned surface, its top off one turned point, and the faces
of a heart that the scan cuts off are wanted a little beyond the scan's edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heartbox.geometry import Affine, Box, apply_affine
from heartbox.train.data import Case

#: A cut heart's face is wanted this far beyond the scan's edge at most, mm.
BEYOND_MM = 12.0
#: A heart of which less than this height is in the scan counts as absent, mm.
ABSENT_MM = 8.0
_OUTWARDS = np.array([-1, 1, -1, 1, -1, 1])


@dataclass(frozen=True)
class Truth:
    """What a scan shows of a moved heart.

    Parameters
    ----------
    faces : (6,) LPS mm, cut faces up to `BEYOND_MM` beyond the scan's edge
    weight : (6,) how much each face counts
    visible_mm : height of the heart within the scan; 0 without a heart
    """

    faces: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    visible_mm: float


def draw_motion(case: Case, rng: np.random.Generator) -> Affine:
    """Turn and scale the patient about the heart; only hearts with a surface may be turned.

    Parameters
    ----------
    case : the scan
    rng : source of chance

    Returns
    -------
    (4, 4) float64, LPS mm -> LPS mm
    """
    centre = case.grid.bounds_mm.centre_mm if case.box is None else case.box.centre_mm
    drawn = case.surface is not None
    size = rng.uniform(0.76, 1.14) if drawn else rng.uniform(0.86, 1.2)
    turn = np.diag(size * np.clip(rng.normal(1.0, 0.05, 3), 0.88, 1.12))
    if drawn and rng.random() < 0.7:
        angles = np.radians(np.clip(rng.normal(0.0, 6.0, 3), -15.0, 15.0))
        turn = turn @ _rotation(angles)
    motion = np.eye(4)
    motion[:3, :3] = turn
    motion[:3, 3] = centre - turn @ centre
    return motion


def _rotation(angles: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    (cx, cy, cz), (sx, sy, sz) = np.cos(angles), np.sin(angles)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    return np.asarray(about_x @ about_y @ about_z)


def draw_bounds(case: Case, motion: Affine, rng: np.random.Generator) -> Box:
    """Choose where the scan of a moved patient ends: whole, cut through the heart, or beside it.

    Parameters
    ----------
    case : the scan
    motion : (4, 4) float64, LPS mm -> LPS mm
    rng : source of chance

    Returns
    -------
    Box, LPS mm
    """
    middle = np.tile(case.grid.bounds_mm.centre_mm, (2, 1))
    middle[:, 2] = case.grid.bounds_mm.faces_mm[4:]
    low, high = (float(z) for z in apply_affine(motion, middle)[:, 2])
    faces = np.array(Box.around(apply_affine(motion, case.grid.corners_mm)).faces_mm)
    faces[4:] = low, high
    if case.box is None:
        return Box.of(faces)
    moved = apply_affine(motion, np.stack([case.box.low_mm, case.box.high_mm]))
    z0, z1 = moved[:, 2]
    below, above = _slab(z0, z1, rng)
    faces[4] = min(max(low, below), high - 12.0)
    faces[5] = max(min(high, above), faces[4] + 12.0)
    if rng.random() < 0.1:
        centre = moved.mean(axis=0) + rng.normal(0.0, 15.0, 3)
        half = rng.uniform(95.0, 200.0)
        faces[:4] = centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half
    return Box.of(faces)


def _slab(z0: float, z1: float, rng: np.random.Generator) -> tuple[float, float]:
    """Draw the lower and the upper end of a scan around a heart from z0 to z1, mm."""
    kind = rng.choice(6, p=[0.36, 0.19, 0.16, 0.09, 0.08, 0.12])
    through = z0 + (z1 - z0) * rng.uniform(0.15, 0.95)
    far = rng.uniform(40.0, 400.0)
    low, high = z0 - rng.exponential(70.0), z1 + rng.exponential(70.0)
    if kind == 1:  # the top is cut off
        low, high = min(low, through - 40.0), through
    elif kind == 2:  # the bottom is cut off
        low, high = through, max(high, through + 40.0)
    elif kind == 3:  # a slab within or about the heart
        low, high = through - rng.uniform(20.0, 70.0), through + rng.uniform(20.0, 70.0)
    elif kind == 4:  # above the heart
        low, high = z1 + rng.uniform(-3.0, 15.0), z1 + 15.0 + far
    elif kind == 5:  # below it
        low, high = z0 - 5.0 - far, z0 - rng.uniform(-3.0, 15.0)
    return low, high


def moved_truth(case: Case, motion: Affine, bounds: Box) -> Truth:
    """Read the moved heart's box as far as the scan shows it, its cut faces a little beyond.

    Parameters
    ----------
    case : the scan
    motion : (4, 4) float64, LPS mm -> LPS mm
    bounds : where the scan ends, LPS mm
    """
    if case.box is None:
        return Truth(np.tile([-1.0, 1.0], 3), np.zeros(6), 0.0)
    weight = case.face_weight.copy()
    if case.surface is None or case.top is None:
        faces = apply_affine(motion, np.stack([case.box.low_mm, case.box.high_mm])).T.ravel()
        faces[5] += 40.0 * ("superior" in case.cut_faces)
        shown = min(faces[5], bounds.z1) - max(faces[4], bounds.z0)
        if shown < 0.8 * (faces[5] - faces[4]) and not case.cut_faces:
            weight[:4] = 0.0
    else:
        surface = apply_affine(motion, case.surface)
        pad = case.padding_mm() * _OUTWARDS
        faces = np.array(Box.around(surface).faces_mm) + pad
        faces[5] = apply_affine(motion, case.top)[2]
        shown = min(faces[5], bounds.z1) - max(faces[4], bounds.z0)
        seen = surface[(surface[:, 2] > bounds.z0) & (surface[:, 2] < bounds.z1)]
        if shown > ABSENT_MM and len(seen) > 20:
            faces[:4] = (np.array(Box.around(seen).faces_mm) + pad)[:4]
    outermost = np.array(bounds.faces_mm) + BEYOND_MM * _OUTWARDS
    faces[::2] = np.maximum(faces[::2], outermost[::2])
    faces[1::2] = np.minimum(faces[1::2], outermost[1::2])
    if shown <= ABSENT_MM or (faces[1::2] <= faces[::2]).any():
        return Truth(np.tile([-1.0, 1.0], 3), np.zeros(6), 0.0)
    return Truth(faces, weight, float(shown))
