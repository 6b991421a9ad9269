"""What each tissue weighs in Hounsfield units, without contrast and in each phase of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, get_args

import numpy as np

Phase: TypeAlias = Literal["none", "pulmonary", "arterial", "venous", "poor"]
PHASES: tuple[Phase, ...] = get_args(Phase)


@dataclass(frozen=True)
class Tissue:
    """Mean HU, spread of the mean between patients, and amplitude of the texture inside, HU."""

    mean_hu: float
    spread_hu: float = 0.0
    texture_hu: float = 0.0


#: Every tissue of the body without contrast; ranges after Kalender, Computed Tomography, 3rd ed.
NATIVE: Mapping[str, Tissue] = {
    "air": Tissue(-1000.0),
    "airway": Tissue(-990.0, 5.0),
    "lung": Tissue(-850.0, 30.0, 22.0),
    "fat": Tissue(-102.0, 6.0, 8.0),
    "skin": Tissue(10.0, 15.0),
    "muscle": Tissue(55.0, 6.0, 12.0),
    "soft": Tissue(42.0, 6.0, 8.0),
    "liver": Tissue(58.0, 6.0, 6.0),
    "spleen": Tissue(48.0, 5.0, 4.0),
    "kidney": Tissue(34.0, 4.0, 4.0),
    "stomach": Tissue(25.0, 15.0, 15.0),
    "wall": Tissue(45.0, 5.0),
    "myocardium": Tissue(47.0, 4.0, 5.0),
    "bone": Tissue(620.0, 120.0, 60.0),
    "marrow": Tissue(170.0, 50.0, 45.0),
    "cartilage": Tissue(105.0, 20.0, 15.0),
    "disc": Tissue(85.0, 12.0, 8.0),
    "nerve": Tissue(28.0, 4.0),
    "table": Tissue(160.0, 70.0),
    "foam": Tissue(-930.0, 20.0),
    "blood_right": Tissue(41.0, 3.0, 3.0),
    "blood_caval_superior": Tissue(41.0, 3.0, 3.0),
    "blood_caval_inferior": Tissue(41.0, 3.0, 3.0),
    "blood_pulmonary": Tissue(41.0, 3.0, 3.0),
    "blood_left": Tissue(41.0, 3.0, 3.0),
    "blood_aorta": Tissue(41.0, 3.0, 3.0),
    "blood_lung": Tissue(35.0, 5.0),
    "blood_vein": Tissue(41.0, 3.0, 3.0),
}

#: Mean and spread of the HU in each phase, where contrast changes them.
_ENHANCED: Mapping[Phase, Mapping[str, tuple[float, float]]] = {
    "none": {},
    "pulmonary": {
        "blood_right": (380, 70), "blood_caval_superior": (700, 220), "blood_caval_inferior": (80, 25),
        "blood_pulmonary": (400, 60), "blood_left": (260, 50), "blood_aorta": (210, 40),
        "blood_lung": (330, 60), "blood_vein": (300, 120), "myocardium": (75, 10),
    },
    "arterial": {
        "blood_right": (210, 60), "blood_caval_superior": (330, 140), "blood_caval_inferior": (100, 25),
        "blood_pulmonary": (270, 50), "blood_left": (350, 45), "blood_aorta": (350, 45),
        "blood_lung": (260, 50), "blood_vein": (160, 60), "myocardium": (105, 12),
        "liver": (72, 8), "spleen": (115, 15), "kidney": (150, 25),
    },
    "venous": {
        "blood_right": (152, 12), "blood_caval_superior": (160, 15), "blood_caval_inferior": (145, 12),
        "blood_pulmonary": (152, 12), "blood_left": (155, 12), "blood_aorta": (155, 12),
        "blood_lung": (140, 12), "blood_vein": (150, 12), "myocardium": (105, 10),
        "liver": (108, 10), "spleen": (118, 10), "kidney": (170, 15),
    },
    "poor": {
        "blood_right": (118, 10), "blood_caval_superior": (140, 30), "blood_caval_inferior": (95, 10),
        "blood_pulmonary": (120, 10), "blood_left": (116, 8), "blood_aorta": (115, 8),
        "blood_lung": (105, 10), "blood_vein": (110, 10), "myocardium": (82, 8),
        "liver": (85, 8), "spleen": (90, 8), "kidney": (110, 12),
    },
}  # fmt: skip


def palette(rng: np.random.Generator, phase: Phase) -> dict[str, Tissue]:
    """Draw one patient's tissues: mean HU and texture of each.

    Returns
    -------
    name of the tissue -> Tissue, whose ``mean_hu`` is drawn (``spread_hu`` is then 0)
    """
    drawn: dict[str, Tissue] = {}
    for name, tissue in NATIVE.items():
        # One draw per tissue in every phase: the same seed keeps its other tissues.
        z = float(np.clip(rng.standard_normal(), -2.0, 2.0))
        mean, spread = _ENHANCED[phase].get(name, (tissue.mean_hu, tissue.spread_hu))
        drawn[name] = replace(tissue, mean_hu=mean + spread * z, spread_hu=0.0)
    if phase != "none":
        # One bolus fills the left heart and the aorta: they differ by a few HU only.
        left = drawn["blood_left"].mean_hu
        drawn["blood_aorta"] = replace(drawn["blood_aorta"], mean_hu=left - 4.0)
    return drawn
