"""A walking-stick aorta in closed form: its graph, its mask and the sector around it."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from heartbox.aorta.model import AorticGraph, Branch, Diameter, Landmark, Node
from heartbox.geometry import Grid, Points
from heartbox.problems import Notice
from heartbox.volume import Volume

ASCENDING_RADIUS_MM = 14.0
DESCENDING_RADIUS_MM = 11.0
BRANCH_RADIUS_MM = 5.0
ARCH_RADIUS_MM = 30.0
BLOOD_HU = 350


def stick_grid(spacing_mm: float = 1.5) -> Grid:
    """Lay voxels around the stick: x rises to the left, y to the back, z to the head."""
    low, high = np.array([-24.0, -40.0, -50.0]), np.array([24.0, 70.0, 80.0])
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = low
    nx, ny, nz = (np.ceil((high - low) / spacing_mm).astype(int) + 1).tolist()
    return Grid((nz, ny, nx), affine)


def stick_graph(spacing_mm: float = 1.5) -> AorticGraph:
    """Build the graph: up at y = -20, over the arch, down at y = 40, one branch from the top."""
    rise = _line((0, -20, -20), (0, -20, 20))
    turn = np.linspace(np.pi, 0, 95)
    arch = np.stack(
        [0 * turn, 10 + ARCH_RADIUS_MM * np.cos(turn), 20 + ARCH_RADIUS_MM * np.sin(turn)], axis=1
    )
    fall = _line((0, 40, 20), (0, 40, -45))
    twig = _line((0, 10, 50), (8, 5, 75))
    branches = (
        _branch("b0", "ascending", ("n0", "n1"), rise, ASCENDING_RADIUS_MM),
        _branch("b1", "arch", ("n1", "n2"), arch, (ASCENDING_RADIUS_MM + DESCENDING_RADIUS_MM) / 2),
        _branch("b2", "descending", ("n2", "n3"), fall, DESCENDING_RADIUS_MM),
        _branch("b3", "brachiocephalic", ("n1", "n4"), twig, BRANCH_RADIUS_MM),
    )
    nodes = (
        Node("n0", "annulus", "annulus", rise[0], 0.9),
        Node("n1", "junction", "begin of the arch", rise[-1], 0.8),
        Node("n2", "junction", "end of the arch", fall[0], 0.8),
        Node("n3", "sector_face", "lower end", fall[-1], 1.0),
        Node("n4", "end", "end of the branch", twig[-1], 0.6),
    )
    width = Diameter(2 * ASCENDING_RADIUS_MM, 26.5, 29.25)
    landmarks = (
        Landmark("annulus", rise[0], width, 2.0, "The narrowest section between ventricle and sinuses."),
        Landmark("mid-ascending", rise[20], None, 5.0, "Half way between the junction and the first branch."),
    )
    warnings = (Notice("orientation-unusual", "The slices are <coronal> & not axial."),)
    grid = stick_grid(spacing_mm)
    provenance = {"heartbox": "0.1.0", "method": "walking stick"}
    return AorticGraph(
        "degraded", warnings, nodes, branches, landmarks, _labels(grid, branches), grid, provenance
    )


def refused_graph() -> AorticGraph:
    """Build what a scan without contrast gives: a verdict and its reason, nothing measured."""
    grid = stick_grid(6.0)
    reason = (Notice("orientation-unusual", "There is no contrast in the aorta."),)
    return AorticGraph("refused", reason, (), (), (), np.zeros(grid.shape, np.uint8), grid)


def stick_sector(graph: AorticGraph) -> Volume:
    """Fill the lumen with bright blood, everything else with soft tissue."""
    hu = np.full(graph.grid.shape, 40, dtype=np.int16)
    hu[graph.labels > 0] = BLOOD_HU
    return Volume(hu, graph.grid)


def _line(start: tuple[float, float, float], end: tuple[float, float, float]) -> Points:
    a, b = np.array(start, dtype=np.float64), np.array(end, dtype=np.float64)
    count = round(float(np.linalg.norm(b - a))) + 1
    return np.linspace(a, b, count)


def _branch(id_: str, name: str, ends: tuple[str, str], points_mm: Points, radius_mm: float) -> Branch:
    radii = np.full(len(points_mm), radius_mm)
    return Branch(id_, name, *ends, points_mm, radii, 2 * radii + 0.5, 0.8)


def _labels(grid: Grid, branches: tuple[Branch, ...]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    k, j, i = np.indices(grid.shape)
    centres_mm = np.stack([i, j, k], axis=-1) * grid.spacing_mm + grid.affine[:3, 3]
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for branch in reversed(branches):
        reach, _ = cKDTree(branch.points_mm).query(centres_mm)
        labels[reach <= branch.inscribed_radius_mm[0]] = 2 if branch.name == "brachiocephalic" else 1
    return labels
