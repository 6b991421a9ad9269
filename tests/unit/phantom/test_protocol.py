from __future__ import annotations

from typing import Any

import pytest

from heartbox.phantom.protocol import Protocol
from heartbox.problems import Problem


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"slices": 0}, "slices"),
        ({"slices": 5000}, "slices"),
        ({"rows": 4}, "rows"),
        ({"spacing_mm": 0.0}, "spacing_mm"),
        ({"thickness_mm": -1.0}, "thickness_mm"),
        ({"noise_hu": float("nan")}, "noise_hu"),
        ({"field_of_view_mm": 5000.0}, "field_of_view_mm"),
        ({"tilt_deg": 90.0}, "tilt_deg"),
        ({"phase": "late"}, "phase"),
        ({"crop": "legs"}, "crop"),
        ({"kernel": "B30f"}, "kernel"),
        ({"orientation": "oblique"}, "orientation"),
    ],
)
def test_impossible_protocol_is_refused_by_name(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(Problem) as caught:
        Protocol(**settings)
    assert caught.value.code == "protocol-unfit"
    assert word in caught.value.sentence
    assert caught.value.exit_code == 2


def test_protocol_as_json_names_every_setting() -> None:
    document = Protocol(slices=7, phase="venous").as_json()
    assert document["slices"] == 7
    assert document["phase"] == "venous"
    assert document["spacing_mm"] is None
