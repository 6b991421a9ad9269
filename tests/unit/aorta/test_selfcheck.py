from __future__ import annotations

from dataclasses import replace

import numpy as np

from heartbox.aorta.branches import find_arch_branches
from heartbox.aorta.centreline import Centreline, trace_centreline
from heartbox.aorta.root import RootPlanes
from heartbox.aorta.segment import Lumen
from heartbox.aorta.selfcheck import doubts
from heartbox.volume import Volume


def test_each_fault_is_said(cane: Volume, cane_lumen: Lumen) -> None:
    lumen, line = cane_lumen, trace_centreline(cane_lumen.pieces[0])
    assert lumen.levels is not None
    branches = find_arch_branches(cane, line, lumen.levels)

    def codes(lumen: Lumen, line: Centreline) -> list[str]:
        return [notice.code for notice in doubts(lumen, [line], branches)]

    jumped = line.diameter_mm.copy()
    jumped[100:] += 12
    faint = replace(line.piece.contours, support=np.full(len(line.points_mm), 0.2))
    assert codes(lumen, line) == []
    assert codes(replace(lumen, margin=0.5), line) == ["vessel-choice-unsure"]
    assert codes(lumen, replace(line, piece=replace(line.piece, root=None))) == ["root-not-found"]
    blunt = replace(line.piece, root=RootPlanes(0, None, None, False))
    assert codes(lumen, replace(line, piece=blunt)) == ["annulus-unsure"]
    assert codes(lumen, replace(line, piece=replace(line.piece, end="end"))) == ["aorta-ends-inside"]
    assert codes(lumen, replace(line, diameter_mm=jumped)) == ["diameter-jump"]
    assert codes(lumen, replace(line, piece=replace(line.piece, contours=faint))) == ["edges-faint"]
    dim = line.piece.contours.blood_hu.copy()
    dim[150:] -= 160
    mixed = replace(line.piece.contours, blood_hu=dim)
    assert codes(lumen, replace(line, piece=replace(line.piece, contours=mixed))) == ["blood-uneven"]
    wide = line.diameter_mm.copy()
    wide[:5] = 60
    assert "annulus-wide" in codes(lumen, replace(line, diameter_mm=wide))
    assert [notice.code for notice in doubts(lumen, [line], branches[:2])] == ["arch-branches-unusual"]
    alone = replace(line, piece=replace(line.piece, kind="descending"))
    assert "ascending-not-found" in [notice.code for notice in doubts(lumen, [alone], [])]
