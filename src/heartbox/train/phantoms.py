"""Synthetic patients to learn from, so that a phantom's heart is found like a person's."""

from __future__ import annotations

import numpy as np

from heartbox.geometry import Grid, apply_affine
from heartbox.phantom.anatomy import draw_anatomy, heart_box, paint, paint_mask
from heartbox.phantom.tissue import PHASES
from heartbox.train.data import Case, rim_points

#: Seeds from here on are for training only; tests use seeds below 1000.
FIRST_TRAINING_SEED = 100_000
#: Voxels along x, y, z, mm, and how many of each.
_SPACING_MM = (3.2, 3.2, 2.5)
_SHAPE_ZYX = (256, 118, 124)


def phantom_cases(count: int) -> list[Case]:
    """Draw synthetic patients, each in a contrast phase of its own.

    Parameters
    ----------
    count : how many, seeds from `FIRST_TRAINING_SEED` on

    Returns
    -------
    Cases with a drawn heart and its surface, without noise
    """
    return [_phantom_case(FIRST_TRAINING_SEED + number) for number in range(count)]


def _phantom_case(seed: int) -> Case:
    rng = np.random.default_rng(seed)
    anatomy = draw_anatomy(seed, PHASES[seed % len(PHASES)], float(rng.uniform(-5.0, 5.0)))
    box = heart_box(anatomy)
    spacing = np.array(_SPACING_MM)
    affine = np.diag([*_SPACING_MM, 1.0])
    middle = apply_affine(anatomy.pose, [0.0, 0.0, 0.0])
    affine[:3, 3] = middle - (np.array(_SHAPE_ZYX[::-1]) - 1) / 2 * spacing
    affine[2, 3] += rng.uniform(-40.0, 60.0)
    grid = Grid(_SHAPE_ZYX, affine)
    hu = np.clip(np.rint(paint(anatomy, grid)), -1024, 3071).astype(np.int16)
    heart = paint_mask(anatomy, grid, anatomy.heart.walls.values())
    shares = np.clip(np.rint(255 * heart), 0, 255).astype(np.uint8)
    surface = apply_affine(affine, rim_points(heart >= 0.5))
    upper = surface[surface[:, 2] > box.z1 - 6.0]
    top = np.array([*(upper if len(upper) else surface).mean(axis=0)[:2], box.z1])
    return Case(f"phantom-{seed}", hu, grid, box, (), np.ones(6), shares, None, surface, top, "phantom")
