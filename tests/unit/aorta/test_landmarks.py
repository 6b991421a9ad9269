from __future__ import annotations

from dataclasses import replace

from heartbox.aorta.centreline import trace_centreline
from heartbox.aorta.landmarks import find_landmarks
from heartbox.aorta.segment import Lumen


def test_what_cannot_be_seen_is_estimated_or_left_out(cane_lumen: Lumen) -> None:
    line = trace_centreline(cane_lumen.pieces[0])
    found = {mark.name: mark for mark in find_landmarks([line], [])}
    assert "isthmus" not in found
    assert "proximal_arch" not in found
    assert found["mid_arch"].definition.startswith("Estimated")
    assert "estimated" in found["mid_ascending"].definition
    assert found["mid_arch"].uncertainty_mm > found["annulus"].uncertainty_mm
    rootless = replace(line, piece=replace(line.piece, root=None))
    assert not {"annulus", "sinuses"} & {mark.name for mark in find_landmarks([rootless], [])}
