"""The belly below the heart: domes of the diaphragm, liver, stomach, spleen, kidneys and bowel."""

from __future__ import annotations

import numpy as np

from heartbox.phantom.shapes import (
    Organs,
    Stack,
    axes_along,
    ellipsoid,
    offset,
    tube,
)
from heartbox.phantom.torso import Torso


def belly_organs(rng: np.random.Generator, torso: Torso, rest_mm: float) -> Organs:
    """Build domes, liver, stomach, spleen, kidneys and bowel below the heart.

    Parameters
    ----------
    rest_mm : height on which the heart rests; the middle of the diaphragm lies just below it
    """
    _, y, a, b = torso.cage.section(-60.0)
    right_top = rest_mm + float(rng.uniform(22.0, 48.0))
    left_top = rest_mm + float(rng.uniform(2.0, 26.0))
    low = -190.0
    right_half, left_half, middle_half = ((top - low) for top in (right_top, left_top, rest_mm - 1.0))
    domes = [
        ellipsoid((-0.46 * a, y - 10, low), (0.63 * a, 1.06 * b, right_half), exponent=2.15),
        ellipsoid((0.48 * a, y - 2, low), (0.62 * a, 1.0 * b, left_half), exponent=2.15),
        ellipsoid((0.12 * a, y - 24, low), (0.72 * a, 0.78 * b, middle_half), exponent=2.6),
    ]
    belly_wall = torso.cage.half_widths_mm[0] - 3.0
    filling = Stack(
        np.array([-330.0, -118.0]),
        np.repeat(torso.cage.centres_mm[:1] - np.array([0.0, 4.0]), 2, axis=0),
        np.repeat(belly_wall[None], 2, axis=0),
        2.35,
    )
    organs: Organs = [("belly", "fat", filling)]
    organs += [("diaphragm", "muscle", dome) for dome in domes]
    organs += [("under_diaphragm", "fat", dome.grown(-2.5)) for dome in domes]
    liver = [domes[0].grown(-3.5), ellipsoid((0.12 * a, y - 30, rest_mm - 40), (0.55 * a, 0.42 * b, 37.5))]
    organs += [("liver", "liver", part) for part in liver]
    stomach = ellipsoid((0.45 * a, y - 14, left_top - 52), (34, 40, 44))
    organs += [
        ("stomach", "stomach", stomach),
        ("stomach_gas", "air", ellipsoid(offset(stomach.centre_mm, 2, -20, 14), (20, 14, 16))),
        (
            "spleen",
            "spleen",
            ellipsoid((0.72 * a, y + 34, left_top - 46), (21, 34, 40), axes_along((1, 0.5, 0))),
        ),
    ]
    for side in (-1, 1):
        kidney = ellipsoid((side * 58, 62, -175 - 6 * side), (27, 24, 54))
        organs += [
            ("kidney", "kidney", kidney),
            ("psoas", "muscle", tube([(side * 34, 62, -130), (side * 44, 54, -330)], 15.0)),
        ]
    colon = [
        (-95, 0, -330),
        (-92, -8, -215),
        (-40, -48, -205),
        (40, -48, -190),
        (92, -6, -150),
        (98, 10, -330),
    ]
    return [*organs, ("colon", "stomach", tube(colon, 18.0)), ("colon_gas", "air", tube(colon[2:5], 11.0))]
