from __future__ import annotations

import numpy as np

from heartbox.aorta.segment import Lumen, segment
from heartbox.geometry import Box, isotropic_grid
from heartbox.volume import Volume
from makers import canes


def _quiet(share: float, word: str) -> None:
    assert 0 <= share <= 1
    assert word


def test_the_whole_aorta_is_one_piece(cane_lumen: Lumen) -> None:
    assert cane_lumen.refusal is None
    (piece,) = cane_lumen.pieces
    assert (piece.kind, piece.start, piece.end) == ("whole", "annulus", "sector_face")


def test_blood_without_contrast_is_refused() -> None:
    lumen = segment(canes.cane_sector(blood_hu=48.0), _quiet)
    assert lumen.refusal == "no-contrast"
    assert lumen.pieces == ()


def test_a_sector_without_lung_is_refused(cane: Volume) -> None:
    hu = np.where(cane.hu < -200, np.int16(-60), cane.hu).astype(np.int16)
    assert segment(Volume(hu, cane.grid), _quiet).refusal == "no-aorta"


def test_below_the_arch_both_straight_parts_are_found() -> None:
    low = Box(canes.SECTOR.x0, canes.SECTOR.x1, canes.SECTOR.y0, canes.SECTOR.y1, canes.SECTOR.z0, 30.0)
    lumen = segment(canes.cane_sector(isotropic_grid(low, 1.6)), _quiet)
    assert [(piece.kind, piece.start, piece.end) for piece in lumen.pieces] == [
        ("ascending", "annulus", "sector_face"),
        ("descending", "sector_face", "sector_face"),
    ]
