"""A real compressed series against an independent reading of the same scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from heartbox.geometry import apply_affine
from heartbox.intake.door import open_series

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
DICOM, REDUCED = DATA / "dicom" / "acrin-nsclc-042", DATA / "other" / "acrin42.nrrd"
#: The reduced scan is rounded to multiples of 4 HU.
ROUNDED_HU = 2.0
PLACE_MM = 1e-3

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not DICOM.exists() or not REDUCED.exists(), reason="the real scans are not beside it"),
]


def test_shuffled_jpeg_ls_series_agrees_in_place_and_value_with_its_reduced_twin() -> None:
    series, reduced = open_series(DICOM).volume, open_series(REDUCED).volume
    assert series.grid.shape == (68, 512, 512)
    first = apply_affine(reduced.grid.inverse, apply_affine(series.grid.affine, [0.5, 0.5, 0]))
    assert np.allclose(first, first.round(), atol=PLACE_MM)
    offset = int(first[2].round())
    for k in range(0, 68, 7):
        means = np.clip(series.read_slice(k), -1024, 3071).reshape(256, 2, 256, 2).mean(axis=(1, 3))
        assert np.abs(means - reduced.read_slice(k + offset)).max() <= ROUNDED_HU
        place = apply_affine(series.grid.affine, [100.5, 200.5, k])
        assert np.allclose(apply_affine(reduced.grid.affine, [50, 100, k + offset]), place, atol=PLACE_MM)
