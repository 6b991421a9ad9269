"""The aorta doubts itself: what is missing or looks wrong, in words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from heartbox.aorta.branches import ArchBranch
from heartbox.aorta.centreline import Centreline
from heartbox.aorta.planes import smooth_along
from heartbox.aorta.segment import Lumen
from heartbox.problems import Notice

_LEAST_PIECE_MM = 25.0
_LEAST_SUPPORT = 0.5
_SUPPORT_RUN_MM = 15
_ROOT_MM = 30
#: Measured: 0.46 of the drop in a dissection, at most 0.29 in whole aortas.
_MOST_UNEVEN_SHARE = 0.35
_MOST_JUMP = 2.5
_LEAST_MARGIN = 2.0
_USUAL_BRANCHES = 3


def doubts(lumen: Lumen, lines: Sequence[Centreline], branches: Sequence[ArchBranch]) -> list[Notice]:
    """Say what is missing or doubtful; nothing to say means that the aorta is complete.

    Parameters
    ----------
    lumen : Lumen that was not refused
    lines : centrelines of its pieces
    branches : vessels that leave the arch

    Returns
    -------
    list of Notice, codes of ``contract/notices.json``
    """
    kinds = {line.piece.kind for line in lines}
    found = []
    if kinds == {"descending"}:
        found.append(Notice.of("ascending-not-found"))
    elif "whole" not in kinds:
        found.append(Notice.of("arch-not-found"))
    if lumen.margin < _LEAST_MARGIN:
        found.append(Notice.of("vessel-choice-unsure"))
    for line in lines:
        found += _ends(line)
        found += _widths(line)
        found += _blood(line, lumen)
    if "whole" in kinds and len(branches) != _USUAL_BRANCHES:
        found.append(Notice.of("arch-branches-unusual", count=len(branches)))
    return found


def _ends(line: Centreline) -> list[Notice]:
    piece, name = line.piece, _NAMES[line.piece.kind]
    found = []
    if piece.kind != "descending" and piece.root is None:
        found.append(Notice.of("root-not-found"))
    elif piece.start == "end":
        found.append(Notice.of("aorta-ends-inside", part=name, where="upper"))
    if piece.end == "end":
        where = "upper" if piece.kind == "ascending" else "lower"
        found.append(Notice.of("aorta-ends-inside", part=name, where=where))
    if line.arc_mm[-1] < _LEAST_PIECE_MM:
        found.append(Notice.of("aorta-short", part=name, length_mm=round(float(line.arc_mm[-1]))))
    return found


_NAMES = {"whole": "aorta", "ascending": "ascending aorta", "descending": "descending aorta"}


def _widths(line: Centreline) -> list[Notice]:
    name = _NAMES[line.piece.kind]
    found = []
    width = smooth_along(line.diameter_mm, 1.0)
    jump = float(np.abs(np.diff(width)).max())
    if jump > _MOST_JUMP:
        found.append(Notice.of("diameter-jump", part=name, jump_mm=round(jump, 1)))
    root = line.piece.root
    if root is not None and (root.sinuses is None or not root.clear):
        found.append(Notice.of("annulus-unsure"))
    if root is not None:
        above = root.junction if root.junction is not None else (root.sinuses or 10)
        ascending = float(np.median(width[above : above + 30]))
        if width[root.annulus] > ascending:
            found.append(Notice.of("annulus-wide", annulus_mm=round(float(width[root.annulus]), 1)))
    if _least_support(line) < _LEAST_SUPPORT:
        found.append(Notice.of("edges-faint", part=name))
    return found


def _blood(line: Centreline, lumen: Lumen) -> list[Notice]:
    """Suspect a dissection where the line changes between a bright and a dark channel."""
    blood = line.piece.contours.blood_hu[_ROOT_MM if line.piece.root is not None else 0 :]
    if lumen.levels is None or len(blood) == 0:
        return []
    least, most = np.percentile(blood, [5, 95])
    if most - least <= _MOST_UNEVEN_SHARE * lumen.levels.drop_hu:
        return []
    part = _NAMES[line.piece.kind]
    return [Notice.of("blood-uneven", part=part, least_hu=round(float(least)), most_hu=round(float(most)))]


def _least_support(line: Centreline) -> float:
    """Return the least mean support over 15 mm; the root leans on bright blood and is left out."""
    first = _ROOT_MM if line.piece.root is not None else 0
    support = line.piece.contours.support[first:]
    run = min(_SUPPORT_RUN_MM, len(support))
    return float(np.convolve(support, np.ones(run) / run, "valid").min()) if run else 0.0
