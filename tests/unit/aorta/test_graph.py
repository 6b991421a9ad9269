from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from heartbox import contract
from heartbox.aorta.export import graph_document
from heartbox.aorta.graph import build_graph
from heartbox.aorta.model import AORTA_BRANCHES, LABELS, AorticGraph
from heartbox.geometry import apply_affine
from heartbox.volume import Volume
from makers import canes


def test_a_clear_aorta_is_complete(cane_graph: AorticGraph) -> None:
    assert cane_graph.verdict == "complete"
    assert cane_graph.warnings == ()


def test_centreline_and_widths_are_those_of_the_truth(cane_graph: AorticGraph) -> None:
    trunk = canes.trunk()
    tree = cKDTree(trunk.points_mm)
    points = np.concatenate([b.points_mm for b in cane_graph.branches if b.name in AORTA_BRANCHES])
    width = np.concatenate([b.diameter_mm for b in cane_graph.branches if b.name in AORTA_BRANCHES])
    inscribed = np.concatenate(
        [b.inscribed_radius_mm for b in cane_graph.branches if b.name in AORTA_BRANCHES]
    )
    away, nearest = tree.query(points)
    error = width - 2 * trunk.radii_mm[nearest]
    assert away.mean() < 0.8
    assert np.abs(error).mean() < 0.5
    assert (2 * inscribed <= width + 0.1).all()
    missed, _ = cKDTree(points).query(trunk.points_mm[trunk.points_mm[:, 2] > canes.SECTOR.z0 + 2])
    assert missed.max() < 4.0


def test_the_graph_fits_its_schema_and_hangs_together(cane_graph: AorticGraph) -> None:
    contract.check("graph", graph_document(cane_graph))
    nodes = {node.id: node for node in cane_graph.nodes}
    assert len(nodes) == len(cane_graph.nodes)
    for branch in cane_graph.branches:
        assert np.allclose(branch.points_mm[0], nodes[branch.start].point_mm)
        assert np.allclose(branch.points_mm[-1], nodes[branch.end].point_mm)
    assert len(cane_graph.branches) == len(nodes) - 1


def test_arch_branches_are_found_where_they_leave(cane_graph: AorticGraph) -> None:
    for name in canes.BRANCHES:
        (branch,) = [b for b in cane_graph.branches if b.name == name]
        away, _ = cKDTree(canes.branch(name).points_mm).query(branch.points_mm[15:])
        assert away.max() < 1.5
        assert np.median(branch.diameter_mm) == pytest.approx(2 * canes.BRANCHES[name][1], abs=0.7)


def test_labels_lie_around_their_branches(cane_graph: AorticGraph) -> None:
    inverse = cane_graph.grid.inverse
    for branch in cane_graph.branches:
        value = LABELS["aorta"] if branch.name in AORTA_BRANCHES else LABELS[branch.name]
        inner = branch.points_mm[3:-3] if value == 1 else branch.points_mm[20:-3]
        i, j, k = np.rint(apply_affine(inverse, inner)).astype(int).T
        assert (cane_graph.labels[k, j, i] == value).all()


def test_landmarks_lie_where_the_truth_has_them(cane_graph: AorticGraph) -> None:
    found = {mark.name: mark for mark in cane_graph.landmarks}
    front = canes.ARCH_CENTRE_Y_MM - canes.ARCH_RADIUS_MM
    for name, z in (("annulus", -55.0), ("sinuses", -44.0), ("sinotubular_junction", -32.0)):
        assert np.linalg.norm(found[name].point_mm - [0, front, z]) < 4.0
    assert {"mid_ascending", "proximal_arch", "mid_arch", "isthmus", "mid_descending"} < set(found)
    assert all(mark.definition.endswith(".") for mark in cane_graph.landmarks)
    assert found["diaphragm"].definition.startswith("Estimated")


def test_a_flipped_sector_gives_the_same_graph(cane: Volume, cane_graph: AorticGraph) -> None:
    other = build_graph(canes.flipped(cane))
    assert other.verdict == cane_graph.verdict
    assert [b.name for b in other.branches] == [b.name for b in cane_graph.branches]
    for one, two in zip(cane_graph.branches, other.branches, strict=True):
        away, _ = cKDTree(one.points_mm).query(two.points_mm)
        assert away.max() < 0.8
    assert (other.labels > 0).sum() == pytest.approx((cane_graph.labels > 0).sum(), rel=0.01)


def test_without_contrast_the_graph_is_empty_and_says_why() -> None:
    told: list[float] = []
    graph = build_graph(canes.cane_sector(blood_hu=45.0), lambda share, word: told.append(share))
    assert graph.verdict == "refused"
    assert [warning.code for warning in graph.warnings] == ["no-contrast"]
    assert not (graph.nodes or graph.branches or graph.landmarks)
    assert not graph.labels.any()
    assert told
    contract.check("graph", graph_document(graph))
