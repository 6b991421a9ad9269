from __future__ import annotations

import numpy as np

from heartbox.train.phantoms import FIRST_TRAINING_SEED, phantom_cases


def test_synthetic_patient_comes_with_heart_surface_and_box() -> None:
    (case,) = phantom_cases(1)
    assert case.name == f"phantom-{FIRST_TRAINING_SEED}"
    assert case.box is not None and case.heart is not None and case.surface is not None
    assert np.abs(case.padding_mm()).max() < 4.0
    assert case.grid.bounds_mm.contains(case.box.corners_mm).all()
    k, j, i = np.nonzero(case.heart > 127)
    middle = [float(np.mean(n)) for n in (i, j, k)]
    centre = case.grid.affine[:3, :3] @ middle + case.grid.affine[:3, 3]
    assert np.abs(centre - case.box.centre_mm).max() < 25.0
