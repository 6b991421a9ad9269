from __future__ import annotations

import numpy as np

from heartbox.aorta.branches import find_arch_branches
from heartbox.aorta.centreline import trace_centreline
from heartbox.aorta.segment import segment
from heartbox.geometry import apply_affine
from heartbox.volume import Volume
from makers import canes


def _without(cane: Volume, name: str) -> Volume:
    """Put soft tissue where a branch runs above the arch, and a vein that touches nothing beside it."""
    k, j, i = np.indices(cane.grid.shape)
    x, y, z = np.moveaxis(apply_affine(cane.grid.affine, np.stack([i, j, k], axis=-1)), -1, 0)
    course = canes.branch(name).points_mm[0]
    gone = (np.hypot(x - course[0], y - course[1]) < canes.BRANCHES[name][1] + 2) & (z > course[2] + 13)
    hu = np.where(gone, np.int16(40), cane.hu)
    vein = (np.hypot(x + 22, y - 5) < 5) & (z > 45)
    return Volume(np.where(vein, np.int16(350), hu).astype(np.int16), cane.grid)


def test_only_vessels_that_hang_on_the_arch_count(cane: Volume) -> None:
    sector = _without(cane, "left_carotid")
    lumen = segment(sector, lambda share, word: None)
    assert lumen.levels is not None
    found = find_arch_branches(sector, trace_centreline(lumen.pieces[0]), lumen.levels)
    assert [branch.name for branch in found] == ["brachiocephalic", "left_subclavian"]
    assert all(branch.end == "sector_face" for branch in found)
    assert found[0].leaves_at < found[1].leaves_at
    assert all(abs(np.median(branch.points_mm[:, 0])) < 2 for branch in found)
