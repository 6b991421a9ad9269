from __future__ import annotations

import numpy as np

from heartbox.train.degrade import degrade, recolour


def test_contrast_reaches_blood_only() -> None:
    blood = np.zeros((16, 16, 16), dtype=np.float32)
    blood[4:12, 4:12, 4:12] = 1
    hu = np.zeros_like(blood)
    recolour(hu, blood, 4.0, np.random.default_rng(3))
    assert (hu[blood == 0] == 0).all()
    assert (hu[blood == 1] > -21).all() and (hu[blood == 1] < 451).all() and hu.any()


def test_scan_without_blood_stays_as_it_is() -> None:
    hu = np.ones((4, 4, 4), dtype=np.float32)
    recolour(hu, np.zeros_like(hu), 4.0, np.random.default_rng(0))
    assert (hu == 1).all()


def test_degraded_picture_stays_finite_and_near_itself() -> None:
    rng = np.random.default_rng(2)
    changed = 0
    for _ in range(30):
        hu = np.full((32, 32, 32), 40, dtype=np.float32)
        hu[:16] = -850
        before = hu.copy()
        degrade(hu, 6.0, rng)
        assert np.isfinite(hu).all()
        assert abs(float(hu[16:].mean()) - 40) < 120
        changed += bool((hu != before).any())
    assert changed > 20
