"""One synthetic patient: all organs in painter's order, their HU, and where they lie on the table.

Organs are laid in the *body frame*; one similarity (scale, turn, shift) carries the body into LPS mm,
so that every answer (heart box, aorta) follows a tilted patient exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from heartbox.geometry import Affine, Box, Grid, Points, apply_affine
from heartbox.phantom import torso as trunk
from heartbox.phantom.aorta import DESCENDING_MM, Aorta, draw_aorta
from heartbox.phantom.belly import belly_organs
from heartbox.phantom.bones import chest_bones
from heartbox.phantom.heart import Heart, draw_heart
from heartbox.phantom.raster import blend, texture_bank
from heartbox.phantom.shapes import Shape
from heartbox.phantom.spine import draw_spine
from heartbox.phantom.tissue import Phase, Tissue, palette
from heartbox.phantom.vessels import other_vessels

#: Top of the left atrium's roof in the mean body, mm: great vessels and airways follow it up and down.
_MEAN_ROOF_MM = 42.0


@dataclass(frozen=True)
class Organ:
    """One solid of one tissue."""

    name: str
    tissue: str
    shape: Shape


@dataclass(frozen=True)
class Anatomy:
    """A synthetic patient.

    Parameters
    ----------
    organs : in painter's order: later ones cover earlier ones
    tissues : name -> drawn Tissue
    heart, aorta : the parts whose answers are asked for, body frame
    pose : (4, 4) float64, body mm -> LPS mm: uniform scale, turn, shift
    bank : (n, n, n) float32, the lattice of the tissues' texture
    """

    organs: tuple[Organ, ...]
    tissues: Mapping[str, Tissue]
    heart: Heart
    aorta: Aorta
    pose: Affine
    bank: npt.NDArray[np.float32]

    @property
    def scale(self) -> float:
        """How much larger this body is than the frame it was drawn in."""
        return float(np.cbrt(np.linalg.det(self.pose[:3, :3])))

    def to_lps(self, points_mm: npt.ArrayLike) -> Points:
        """Carry points, (..., 3) body mm, into LPS mm."""
        return apply_affine(self.pose, points_mm)


def draw_anatomy(seed: int, phase: Phase = "arterial", tilt_deg: float = 0.0) -> Anatomy:
    """Draw one patient.

    Parameters
    ----------
    seed : the same seed gives the same body; phase and tilt do not change its organs' shapes
    phase : how the blood is enhanced (`heartbox.phantom.tissue.PHASES`)
    tilt_deg : turn of the whole patient about an axis drawn from the seed, degrees

    Returns
    -------
    Anatomy, in LPS mm through its ``pose``
    """
    rng, tissue_rng, pose_rng = (np.random.default_rng([seed, stream]) for stream in (11, 12, 13))
    heart = draw_heart(rng)
    box = heart.box_mm
    lift = box.z1 - _MEAN_ROOF_MM
    width = float(rng.uniform(0.8, 1.3))
    spine = draw_spine(rng, box.y1, DESCENDING_MM / 2 * width)
    torso = trunk.draw_torso(rng, box, spine)
    aorta = draw_aorta(rng, heart, spine, lift, width)
    parts = [
        *trunk.outer_organs(torso),
        *trunk.inner_organs(torso, trunk.draw_lung_vessels(rng, torso.cage, box)),
        *trunk.mediastinum(torso, spine, box, lift),
        *spine.soft_organs(),
        *belly_organs(rng, torso, box.z0),
        *trunk.airways(box, spine, lift),
        *heart.organs(),
        *other_vessels(heart, aorta, spine, lift),
        *aorta.organs(),
        *chest_bones(torso),
        *spine.organs(),
        *trunk.table_organs(torso),
    ]
    organs = tuple(Organ(*part) for part in parts)
    return Anatomy(
        organs, palette(tissue_rng, phase), heart, aorta, _pose(pose_rng, tilt_deg), texture_bank(rng)
    )


def _pose(rng: np.random.Generator, tilt_deg: float) -> Affine:
    """Draw size and place of the body on the table and turn it about the heart."""
    scale = float(rng.uniform(0.93, 1.07))
    axis = rng.standard_normal(3)
    turn = Rotation.from_rotvec(np.radians(tilt_deg) * axis / np.linalg.norm(axis)).as_matrix()
    pose = np.eye(4)
    pose[:3, :3] = scale * turn
    pose[:3, 3] = rng.uniform([-12.0, -30.0, -400.0], [12.0, 30.0, 400.0])
    return pose


def heart_box(anatomy: Anatomy) -> Box:
    """Return the heart's box in closed form: the smallest LPS box around all chambers and walls.

    Each face is the support function of the (turned) ellipsoids, not the box of a turned box.
    """
    turn = anatomy.pose[:3, :3]
    shift = anatomy.pose[:3, 3]
    faces = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            reach = anatomy.heart.reach_mm(sign * turn[axis])
            faces.append(sign * reach + shift[axis])
    return Box.of(faces)


def paint(anatomy: Anatomy, grid: Grid) -> npt.NDArray[np.float32]:
    """Paint the patient on any grid, without noise.

    Parameters
    ----------
    grid : Grid, voxel -> LPS mm; any spacing, any direction

    Returns
    -------
    (z, y, x) float32 HU; air outside the body
    """
    hu = np.full(grid.shape, anatomy.tissues["air"].mean_hu, dtype=np.float32)
    in_body = _in_body(anatomy, grid)
    for organ in anatomy.organs:
        tissue = anatomy.tissues[organ.tissue]
        blend(hu, in_body, organ.shape, tissue.mean_hu, (anatomy.bank, tissue.texture_hu))
    return hu


def paint_mask(anatomy: Anatomy, grid: Grid, shapes: Iterable[Shape]) -> npt.NDArray[np.float32]:
    """Paint the union of some of the patient's solids as each voxel's share of it, 0..1.

    Parameters
    ----------
    grid : Grid, voxel -> LPS mm
    shapes : solids in the body frame, e.g. ``anatomy.heart.walls.values()``

    Returns
    -------
    (z, y, x) float32, 0..1
    """
    share = np.zeros(grid.shape, dtype=np.float32)
    in_body = _in_body(anatomy, grid)
    for shape in shapes:
        blend(share, in_body, shape, 1.0, (anatomy.bank, 0.0))
    return share


def _in_body(anatomy: Anatomy, grid: Grid) -> Grid:
    return Grid(grid.shape, np.linalg.inv(anatomy.pose) @ grid.affine)
