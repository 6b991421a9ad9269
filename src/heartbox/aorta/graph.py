"""The aorta's front door: from a sector to its graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np

from heartbox.aorta.assemble import assemble, paint_labels
from heartbox.aorta.branches import ArchBranch, find_arch_branches
from heartbox.aorta.centreline import Centreline, trace_centreline
from heartbox.aorta.landmarks import find_landmarks
from heartbox.aorta.model import AorticGraph, Verdict
from heartbox.aorta.segment import Lumen, segment
from heartbox.aorta.selfcheck import doubts
from heartbox.problems import Notice
from heartbox.volume import Volume

METHOD = "heartbox.aorta/1"


def build_graph(sector: Volume, progress: Callable[[float, str], None] | None = None) -> AorticGraph:
    """Draw the contrast-filled aorta inside a sector as a graph.

    Parameters
    ----------
    sector : Volume on any affine; heart, and what of the aorta it holds
    progress : called with a share 0..1 and a word, or None

    Returns
    -------
    AorticGraph; ``refused`` when the sector shows no contrasted aorta, ``degraded`` when something is
    missing or doubtful (see its warnings)
    """
    tell = progress or (lambda share, word: None)
    lumen = segment(sector, tell)
    if lumen.refusal is not None:
        return _refused(sector, lumen)
    lines = [trace_centreline(piece) for piece in lumen.pieces]
    tell(0.7, "branches")
    branches = _branches(sector, lines, lumen)
    tell(0.85, "landmarks")
    landmarks = find_landmarks(lines, branches)
    warnings = doubts(lumen, lines, branches)
    tell(0.9, "labels")
    nodes, edges = assemble(lines, branches)
    labels = paint_labels(sector.grid, lines, branches)
    verdict: Verdict = "degraded" if warnings else "complete"
    tell(1.0, "labels")
    return AorticGraph(
        verdict, tuple(warnings), nodes, edges, tuple(landmarks), labels, sector.grid, _provenance(lumen)
    )


def _refused(sector: Volume, lumen: Lumen) -> AorticGraph:
    reason = Notice.of(str(lumen.refusal))
    labels = np.zeros(sector.grid.shape, dtype=np.uint8)
    return AorticGraph("refused", (reason,), (), (), (), labels, sector.grid, _provenance(lumen))


def _branches(sector: Volume, lines: Sequence[Centreline], lumen: Lumen) -> list[ArchBranch]:
    if lumen.levels is None or lines[0].piece.kind != "whole":
        return []
    return find_arch_branches(sector, lines[0], lumen.levels)


def _provenance(lumen: Lumen) -> dict[str, Any]:
    found: dict[str, Any] = {"method": METHOD, "heartbox": version("heartbox")}
    if lumen.levels is not None:
        found["blood_hu"] = round(lumen.levels.blood_hu)
        found["background_hu"] = round(lumen.levels.background_hu)
        found["vessel_choice_margin"] = round(lumen.margin, 1)
    return found
