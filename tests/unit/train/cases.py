"""An ellipsoid for a heart in a block for a body: every answer in closed form."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np

from heartbox.geometry import Box, Grid
from heartbox.nrrd import write_nrrd
from heartbox.train.augment import Look
from heartbox.train.data import Case, rim_points

RADII_MM = np.array([60.0, 50.0, 45.0])
WINDOWS = ((-1000.0, 600.0), (-150.0, 250.0))
COARSE = Look("coarse", 6.0, 64, 5.0, 3.0, WINDOWS, (0.0, 0.0))
FINE = Look("fine", 3.5, 64, 5.0, 3.0, WINDOWS)


def drawn_case(name: str = "segthor-p00") -> Case:
    grid = Grid((100, 60, 70), _affine())
    share = _ellipsoid(grid)
    box = Box.of(np.stack([-RADII_MM, RADII_MM], axis=1).ravel())
    surface = rim_points(share) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    heart = (255 * share).astype(np.uint8)
    top = np.array([0.0, 0.0, RADII_MM[2]])
    return Case(name, _hu(share), grid, box, (), np.ones(6), heart, heart, surface, top, "made up")


def boxed_case(name: str = "o_made_up") -> Case:
    case = drawn_case()
    return Case(name, case.hu, case.grid, case.box)


def write_folder(folder: Path) -> None:
    """Write a manifest with two scans to train on and one that must never be."""
    case = boxed_case()
    assert case.box is not None
    (folder / "open").mkdir()
    write_nrrd(folder / "open" / "a.nrrd", case.hu, case.grid)
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["case", "file", "split", "source", "cut_faces", "heart_box_lps_mm"])
        box = json.dumps(case.box.faces_mm)
        table.writerow(["o_a", "open/a.nrrd", "train_open", "made up", "", box])
        table.writerow(["o_b", "open/a.nrrd", "train_open", "made up", "superior", box])
        table.writerow(["t_c", "open/a.nrrd", "test_other", "made up", "", box])


def _affine() -> np.typing.NDArray[np.float64]:
    affine = np.diag([5.0, 5.0, 3.0, 1.0])
    affine[:3, 3] = -172.5, -147.5, -148.5
    return affine


def _ellipsoid(grid: Grid) -> np.typing.NDArray[np.bool_]:
    k, j, i = np.ogrid[: grid.shape[0], : grid.shape[1], : grid.shape[2]]
    axes = zip((i, j, k), (0, 1, 2), strict=True)
    square = sum(((grid.affine[a, a] * n + grid.affine[a, 3]) / RADII_MM[a]) ** 2 for n, a in axes)
    return np.asarray(square <= 1)


def _hu(share: np.typing.NDArray[np.bool_]) -> np.typing.NDArray[np.int16]:
    hu = np.full(share.shape, -1000, dtype=np.int16)
    hu[:, 5:-5, 5:-5] = -850
    hu[share] = 40
    hu[:, 45:55, 5:-5] = 50
    return hu
