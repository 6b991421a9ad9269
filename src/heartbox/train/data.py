"""Scans to learn from: voxels, where the heart is, and how much each face of its box can be trusted."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from heartbox.geometry import FACES, Box, Grid, Points, apply_affine
from heartbox.nrrd import read_nrrd
from heartbox.sample import reduced_affine
from heartbox.volume import HuVolume

Shares: TypeAlias = npt.NDArray[np.uint8]  # (z, y, x), 0..255 share of the voxel inside a label

#: Fat ends here; a smoothed voxel below it is not heart (our reading leaves fat pads out).
FAT_HU = -30.0
#: A face that fat moved by more than this is a flaw of the label, not fat, mm.
MOST_FAT_MM = 8.0
#: The label's surface is looked for on a grid this many times finer in the plane.
_FINER = 4
#: How much the reading of a SegTHOR top counts, by its grade.
TOP_WEIGHT = {"a": 1.0, "b": 0.6, "c": 0.2}


@dataclass(frozen=True)
class Case:
    """One scan to learn from.

    Parameters
    ----------
    name : the manifest's case
    hu : (z, y, x) int16, HU
    grid : Grid of hu, axes along LPS, all rising
    box : the heart's box, LPS mm; of a cut heart it ends at the scan's face; None without a heart
    cut_faces : faces at which the scan ends inside the heart
    face_weight : (6,) how much each face of the box counts
    heart, blood : (z, y, x) uint8 shares of heart, and of blood pools; None where nobody drew them
    surface : (n, 3) LPS mm, points on the heart's surface; None where nobody drew it
    top : (3,) LPS mm, the point that the upper face follows when the patient is turned
    source : which collection it is from
    """

    name: str
    hu: HuVolume
    grid: Grid
    box: Box | None
    cut_faces: tuple[str, ...] = ()
    face_weight: npt.NDArray[np.float64] = field(default_factory=lambda: np.ones(6))
    heart: Shares | None = None
    blood: Shares | None = None
    surface: Points | None = None
    top: Points | None = None
    source: str = ""

    def padding_mm(self) -> npt.NDArray[np.float64]:
        """How far each face of the box lies outside of the surface points, (6,) mm."""
        if self.surface is None or self.box is None:
            raise ValueError(f"{self.name} has no surface")
        faces = Box.around(self.surface).faces_mm
        outwards = np.array([-1, 1, -1, 1, -1, 1])
        return np.asarray(outwards * (np.array(self.box.faces_mm) - np.array(faces)))


def load_cases(folder: Path, splits: Sequence[str], left_out: Sequence[str] = ()) -> list[Case]:
    """Load the scans of some splits.

    Parameters
    ----------
    folder : holds ``manifest.csv`` and the files that it names
    splits : ``train`` (SegTHOR) and ``train_open``; others are refused
    left_out : cases to leave out, such as those kept for development

    Returns
    -------
    The cases in the manifest's order

    Raises
    ------
    ValueError
        When a split is not one to train on.
    """
    wrong = set(splits) - {"train", "train_open"}
    if wrong:
        raise ValueError(f"never trained on: {', '.join(sorted(wrong))}")
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in splits]
    rows = [row for row in rows if row["case"] not in left_out]
    tops = _tops(folder) if "train" in splits else {}
    return [
        _segthor_case(folder, row, tops[row["case"]]) if row["split"] == "train" else _open_case(folder, row)
        for row in rows
    ]


def _tops(folder: Path) -> dict[str, tuple[float, float]]:
    with (folder / "train" / "segthor_tops.csv").open(newline="", encoding="utf-8") as file:
        return {
            f"segthor-p{int(row['patient']):02d}": (
                float(row["top_landmark_mm"]),
                TOP_WEIGHT[row["grade"]],
            )
            for row in csv.DictReader(file)
        }


def _open_case(folder: Path, row: dict[str, str]) -> Case:
    volume = read_nrrd(folder / row["file"])
    cut = tuple(face for face in FACES if face in row["cut_faces"])
    box = Box.of(json.loads(row["heart_box_lps_mm"])) if row["heart_box_lps_mm"] else None
    return Case(row["case"], volume.hu, volume.grid, box, cut, source=row["source"])


def _segthor_case(folder: Path, row: dict[str, str], top: tuple[float, float]) -> Case:
    with np.load(folder / row["file"]) as stored:
        hu = np.ascontiguousarray(stored["hu"].T)
        heart, aorta = (np.ascontiguousarray(stored[name].T) for name in ("heart", "aorta"))
        affine = stored["affine_lps"].astype(np.float64)
        label_box = stored["heart_box_lps_mm"].astype(np.float64)
    grid = Grid((hu.shape[0], hu.shape[1], hu.shape[2]), affine)
    z1, weight = top
    faces, surface = _lean_heart(hu, heart, grid, z1)
    faces = label_box + faces
    faces[5] = z1
    upper = surface[surface[:, 2] > surface[:, 2].max() - 6.0]
    face_weight = np.ones(6)
    face_weight[5] = weight
    blood = _blood(heart >= 128, aorta)
    heart[grid.affine[2, 3] + grid.affine[2, 2] * np.arange(hu.shape[0]) > z1] = 0
    return Case(
        row["case"], hu, grid, Box.of(faces), (), face_weight, heart, blood, surface,
        np.array([*upper.mean(axis=0)[:2], z1]), row["source"],
    )  # fmt: skip


def _lean_heart(hu: HuVolume, heart: Shares, grid: Grid, z1: float) -> tuple[npt.NDArray[np.float64], Points]:
    """Take the fat off a label, and what lies above the top.

    Returns
    -------
    how far each face of the label's box moves, (6,) mm, and points on the surface, (n, 3) LPS mm
    """
    spacing = grid.spacing_mm
    (k0, k1), (j0, j1), (i0, i1) = _around(heart >= 128, 3)
    soft = ndimage.gaussian_filter(hu[k0:k1, j0:j1, i0:i1].astype(np.float32), 2.5 / spacing[::-1])
    share = heart[k0:k1, j0:j1, i0:i1].astype(np.float32) / 255
    soft, share = (
        ndimage.zoom(values, (1, _FINER, _FINER), order=1, mode="nearest", grid_mode=True)
        for values in (soft, share)
    )
    label = share >= 0.5
    cut = grid.cropped((k0, j0, i0), (k1, j1, i1))
    affine = reduced_affine(cut, (label.shape[1], label.shape[2]), 0, 1)
    below = label & (affine[2, 3] + affine[2, 2] * np.arange(len(label)) <= z1)[:, None, None]
    lean = _largest(ndimage.binary_opening(below & (soft > FAT_HU), iterations=2))
    step = np.repeat([affine[0, 0], affine[1, 1], affine[2, 2]], 2)
    inwards = np.array([1, -1, 1, -1, 1, -1])
    moved = inwards * np.clip(inwards * (_index_box(lean) - _index_box(label)) * step, 0.0, MOST_FAT_MM)
    return moved, apply_affine(affine, rim_points(lean)[::3])


def rim_points(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """List the voxels on a mask's surface, (n, 3) indices (i, j, k)."""
    return np.asarray(np.argwhere(mask & ~ndimage.binary_erosion(mask))[:, ::-1])


def _around(mask: npt.NDArray[np.bool_], rim: int) -> list[tuple[int, int]]:
    found = ndimage.find_objects(mask.astype(np.uint8))[0]
    return [
        (max(part.start - rim, 0), min(part.stop + rim, size))
        for part, size in zip(found, mask.shape, strict=True)
    ]


def _blood(label: npt.NDArray[np.bool_], aorta: Shares) -> Shares:
    """Share of blood pools, by guess: the heart some way from its surface, and the aorta."""
    deep = ndimage.gaussian_filter(ndimage.binary_erosion(label, iterations=2).astype(np.float32), 1.0)
    return np.asarray(np.maximum((255 * deep).astype(np.uint8), aorta))


def _largest(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    labels, _ = ndimage.label(mask)
    return np.asarray(labels == np.bincount(labels.ravel())[1:].argmax() + 1)


def _index_box(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """First and last plane along x, y, z in which a mask has at least three voxels, (6,)."""
    ends = []
    for axis in (2, 1, 0):
        across = tuple(a for a in (0, 1, 2) if a != axis)
        planes = np.flatnonzero(mask.sum(across) >= 3)
        ends += [planes[0], planes[-1]]
    return np.array(ends, dtype=np.float64)
