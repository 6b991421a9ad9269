from __future__ import annotations

import numpy as np
import pytest

from heartbox.aorta.centreline import trace_centreline
from heartbox.aorta.segment import Lumen
from makers import canes


def test_a_centreline_counts_its_millimetres_and_widths(cane_lumen: Lumen) -> None:
    line = trace_centreline(cane_lumen.pieces[0])
    steps = np.diff(line.arc_mm)
    assert steps == pytest.approx(np.ones(len(steps)), abs=0.05)
    assert line.plane_at(50.2) == 50
    low = line.points_mm[:, 2] < 0
    behind = low & (line.points_mm[:, 1] > 30)
    inscribed = line.inscribed_radius_mm[behind]
    assert inscribed == pytest.approx(np.full(len(inscribed), canes.DESCENDING_MM), abs=0.5)
