from __future__ import annotations

from heartbox.aorta.assemble import assemble, paint_labels
from heartbox.aorta.centreline import trace_centreline
from heartbox.aorta.segment import Lumen
from heartbox.volume import Volume


def test_without_branches_the_arch_is_cut_at_its_bends(cane: Volume, cane_lumen: Lumen) -> None:
    line = trace_centreline(cane_lumen.pieces[0])
    nodes, edges = assemble([line], [])
    assert [edge.name for edge in edges] == ["ascending", "arch", "descending"]
    assert [node.kind for node in nodes] == ["annulus", "junction", "junction", "sector_face"]
    assert [(edge.start, edge.end) for edge in edges] == [("n0", "n1"), ("n1", "n2"), ("n2", "n3")]
    assert sum(len(edge.points_mm) for edge in edges) == len(line.points_mm) + 2
    labels = paint_labels(cane.grid, [line], [])
    assert set(labels.ravel().tolist()) == {0, 1}
