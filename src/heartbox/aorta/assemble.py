"""Lines, branches and outlines put together: nodes, edges of the graph, and the label volume."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from heartbox.aorta.branches import ArchBranch
from heartbox.aorta.centreline import Centreline
from heartbox.aorta.model import LABELS, Branch, Node, NodeKind
from heartbox.aorta.paint import paint
from heartbox.geometry import Grid


def assemble(
    lines: Sequence[Centreline], branches: Sequence[ArchBranch]
) -> tuple[tuple[Node, ...], tuple[Branch, ...]]:
    """Cut the aorta at its junctions and hang the arch's branches on them.

    Parameters
    ----------
    lines : centrelines of the aorta's pieces
    branches : vessels that leave the arch

    Returns
    -------
    nodes and branches; every branch runs between two nodes and ends exactly in their points. The arch
    is one branch between each two neighbouring junctions, all of them named ``arch``.
    """
    nodes: list[Node] = []
    edges: list[Branch] = []
    for line in lines:
        at = _cuts(line, branches) if line.piece.kind == "whole" else []
        ids = _line_nodes(line, at, branches, nodes)
        edges += _line_edges(line, ids, branches, len(edges))
        if line.piece.kind == "whole":
            for branch in branches:
                edges.append(_side_edge(branch, ids[branch.leaves_at], nodes, len(edges)))
    return tuple(nodes), tuple(edges)


def paint_labels(
    grid: Grid, lines: Sequence[Centreline], branches: Sequence[ArchBranch]
) -> npt.NDArray[np.uint8]:
    """Paint aorta and branches on a grid: (z, y, x) uint8, numbers of `LABELS`; the aorta goes first."""
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for line in lines:
        paint(labels, grid, line.piece.contours, LABELS["aorta"])
    for branch in branches:
        paint(labels, grid, branch.contours, LABELS[branch.name])
    return labels


def _borders(line: Centreline, branches: Sequence[ArchBranch]) -> tuple[int, int]:
    """Return the planes where the arch begins and ends: at its first and last vessel, else by its bend."""
    first, last = line.piece.arch or (0, len(line.points_mm) - 1)
    for branch in branches:
        if branch.name == "brachiocephalic":
            first = branch.leaves_at
        if branch.name == "left_subclavian":
            last = branch.leaves_at
    return (first, last) if first < last else (min(first, last), max(first, last) + 1)


def _cuts(line: Centreline, branches: Sequence[ArchBranch]) -> list[int]:
    planes = {*_borders(line, branches), *(branch.leaves_at for branch in branches)}
    return sorted(plane for plane in planes if 0 < plane < len(line.points_mm) - 1)


def _line_nodes(
    line: Centreline, cuts: Sequence[int], branches: Sequence[ArchBranch], nodes: list[Node]
) -> dict[int, str]:
    """Add the nodes of a line; return their ids by plane."""
    last = len(line.points_mm) - 1
    kind = line.piece.kind
    names = {branch.leaves_at: f"{branch.name} leaves" for branch in branches}
    ends: dict[int, tuple[NodeKind, str]] = {
        0: (line.piece.start, f"{'aorta' if kind == 'whole' else kind} begins"),
        last: (line.piece.end, f"{'aorta' if kind == 'whole' else kind} ends"),
    }
    ids = {}
    for plane in [0, *cuts, last]:
        node_kind, name = ends.get(plane, ("junction", names.get(plane, "arch border, estimated")))
        ids[plane] = f"n{len(nodes)}"
        sure = _sureness(line, max(plane - 3, 0), plane + 4)
        nodes.append(Node(ids[plane], node_kind, name, line.points_mm[plane], sure))
    return ids


def _line_edges(
    line: Centreline, ids: dict[int, str], branches: Sequence[ArchBranch], count: int
) -> list[Branch]:
    planes = sorted(ids)
    first, last = _borders(line, branches)
    edges: list[Branch] = []
    for a, b in pairwise(planes):
        name: str = line.piece.kind
        if name == "whole":
            middle = (a + b) / 2
            name = "ascending" if middle < first else "descending" if middle > last else "arch"
        cut = slice(a, b + 1)
        edges.append(
            Branch(
                f"b{count + len(edges)}",
                name,
                ids[a],
                ids[b],
                line.points_mm[cut],
                line.inscribed_radius_mm[cut],
                line.diameter_mm[cut],
                _sureness(line, a, b + 1),
            )
        )
    return edges


def _side_edge(branch: ArchBranch, start: str, nodes: list[Node], count: int) -> Branch:
    end = Node(f"n{len(nodes)}", branch.end, f"{branch.name} ends", branch.points_mm[-1], branch.confidence)
    nodes.append(end)
    return Branch(
        f"b{count}",
        branch.name,
        start,
        end.id,
        branch.points_mm,
        branch.inscribed_radius_mm,
        branch.diameter_mm,
        branch.confidence,
    )


def _sureness(line: Centreline, first: int, stop: int) -> float:
    return float(np.clip(line.piece.contours.support[first:stop].mean(), 0.0, 1.0))
