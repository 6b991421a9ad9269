from __future__ import annotations

import numpy as np
import pytest

from heartbox.phantom.tissue import PHASES, Phase, palette

SEEDS = range(30)


def _blood_hu(phase: Phase) -> list[float]:
    return [palette(np.random.default_rng(seed), phase)["blood_aorta"].mean_hu for seed in SEEDS]


def test_blood_without_contrast_is_blood() -> None:
    assert all(30.0 < hu < 50.0 for hu in _blood_hu("none"))


@pytest.mark.parametrize(
    ("phase", "low", "high"), [("arterial", 240, 450), ("venous", 120, 190), ("poor", 90, 140)]
)
def test_aorta_is_as_bright_as_its_phase(phase: Phase, low: float, high: float) -> None:
    assert all(low < hu < high for hu in _blood_hu(phase))


def test_pulmonary_phase_is_brighter_on_the_right() -> None:
    for seed in SEEDS:
        tissues = palette(np.random.default_rng(seed), "pulmonary")
        assert tissues["blood_pulmonary"].mean_hu > tissues["blood_aorta"].mean_hu


def test_phase_leaves_bone_and_fat_alone() -> None:
    drawn = [palette(np.random.default_rng(4), phase) for phase in PHASES]
    for name in ("bone", "fat", "lung", "muscle"):
        assert len({tissues[name].mean_hu for tissues in drawn}) == 1
