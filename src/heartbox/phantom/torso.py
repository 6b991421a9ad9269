"""The trunk around the heart: skin, muscles, lungs with their vessels, airways, and the table below."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heartbox.geometry import Box, Points
from heartbox.phantom.shapes import (
    Floats,
    Organs,
    Stack,
    Tube,
    bundle,
    ellipsoid,
    offset,
    stack,
    tube,
)
from heartbox.phantom.spine import Spine

#: Outer surface of the skin: z, x centre, front y, back y, half width (mm, mean body, arms raised).
_SKIN = np.array(
    [
        (-330, 0, -88, 128, 160), (-230, 0, -92, 126, 150), (-150, 0, -92, 126, 143), (-90, 0, -90, 130, 140),
        (-60, 0, -90, 134, 138), (0, 0, -80, 141, 140), (60, 0, -74, 142, 150), (100, 0, -62, 138, 162),
        (130, 0, -50, 128, 176), (152, 0, -40, 116, 180), (166, 0, -34, 106, 160), (178, 0, -32, 98, 112),
        (190, 0, -34, 92, 78), (206, 0, -38, 88, 62), (260, 0, -50, 86, 60), (330, 0, -84, 100, 74),
    ],
    dtype=np.float64,
)  # fmt: skip
#: Inner surface of the rib cage, same columns.
_CAGE = np.array(
    [
        (-160, 0, -72, 88, 112), (-120, 0, -74, 106, 116), (-90, 0, -74, 114, 118), (-60, 0, -70, 118, 118),
        (-30, 0, -60, 120, 117), (0, 0, -55, 120, 115), (30, 0, -52, 119, 111), (60, 0, -48, 114, 104),
        (90, 0, -38, 106, 94), (110, 0, -27, 97, 84), (128, 0, -13, 86, 69), (142, 0, 4, 72, 48),
        (150, 0, 18, 60, 30), (155, 0, 28, 50, 14),
    ],
    dtype=np.float64,
)  # fmt: skip


@dataclass(frozen=True)
class Torso:
    """What the trunk is built from: outlines as stacks, body frame; the rest hangs on them."""

    skin: Stack
    cage: Stack
    fat_mm: float
    bosom_mm: float
    arms_down: bool


def draw_torso(rng: np.random.Generator, heart_box: Box, spine: Spine) -> Torso:
    """Draw the trunk's outlines so that the cage holds the heart in front of the spine."""
    front = min(0.0, heart_box.y0 - 5.0 + 54.0)
    back = float(spine.body_centre_mm(0.0)[1] + spine.front_half_width_mm + 14.0 - 120.0)
    wide = float(rng.uniform(0.93, 1.08)) * max(1.0, (heart_box.x1 + 12.0) / 112.0)
    fat = float(rng.uniform(4.0, 26.0))
    cage = _outline(_CAGE, front, max(back, -8.0), wide)
    grown_mm = fat - 12.0
    # The muscles of the back, 46 mm behind the bodies' centres, stay under the skin.
    hind = float(spine.body_centre_mm(0.0)[1]) + 49.0 - (_SKIN[5, 3] + grown_mm)
    skin = _outline(_SKIN, front, max(back, -8.0, hind), wide)
    grown = skin.half_widths_mm + grown_mm
    skin = Stack(skin.z_mm, skin.centres_mm, grown, 2.45)
    bosom = float(rng.uniform(10.0, 30.0)) if rng.random() < 0.5 else 0.0
    return Torso(skin, cage, fat, bosom, bool(rng.random() < 0.15))


def _outline(table: Floats, front_mm: float, back_mm: float, wide: float) -> Stack:
    moved = table.copy()
    moved[:, 2] += front_mm
    moved[:, 3] += back_mm
    moved[:, 4] *= wide
    return stack(moved, exponent=2.35)


def outer_organs(torso: Torso) -> Organs:
    """Build skin, fat and muscles, arms and breasts."""
    skin = torso.skin
    under = Stack(skin.z_mm, skin.centres_mm, skin.half_widths_mm - 2.0, skin.exponent)
    muscle = _body_wall(torso)
    organs: Organs = []
    bosom: Organs = []
    if torso.bosom_mm:
        for side in (-1, 1):
            x, y, _, b = skin.section(0.0)
            place = (x + side * 72.0, y - 0.86 * b, -4.0)
            solid = ellipsoid(place, (58.0, 18.0 + torso.bosom_mm, 56.0))
            organs.append(("breast_skin", "skin", solid))
            bosom.append(("breast", "fat", solid.grown(-2.0)))
            bosom.append(
                ("gland", "soft", ellipsoid(offset(np.array(place), 0, -torso.bosom_mm / 2, 0), (20, 9, 17)))
            )
    arms = [_arm(torso, side) for side in (-1, 1)]
    organs += [("arm", "skin", arm) for arm in arms]
    organs.append(("skin", "skin", skin))
    organs += [("arm_fat", "fat", arm.grown(-2.0)) for arm in arms]
    organs += [("subcutaneous_fat", "fat", under), *bosom, ("body_wall", "muscle", muscle)]
    organs += [("arm_muscle", "muscle", arm.grown(-8.0)) for arm in arms]
    organs += [("humerus", "bone", arm.grown(-31.0)) for arm in arms]
    organs += [("humerus_marrow", "marrow", arm.grown(-36.0)) for arm in arms]
    return organs


def _body_wall(torso: Torso) -> Stack:
    """Lay the muscles: a coat of the rib cage and the belly that widens into the shoulders."""
    skin, cage = torso.skin, torso.cage
    inside = np.column_stack([skin.centres_mm, skin.half_widths_mm - torso.fat_mm - 2.0])
    coat = np.array([cage.section(float(z)) for z in np.clip(skin.z_mm, -160.0, 150.0)]) + np.array(
        [0.0, 0.0, 13.0, 11.0]
    )
    shoulder = np.clip((skin.z_mm - 100.0) / 45.0, 0.0, 1.0)[:, None]
    mixed = (1.0 - shoulder) * coat + shoulder * inside
    return Stack(skin.z_mm, mixed[:, :2], np.minimum(mixed[:, 2:], skin.half_widths_mm - 3.0), skin.exponent)


def _arm(torso: Torso, side: int) -> Tube:
    shoulder = (side * 150.0, 40.0, 145.0)
    if torso.arms_down:
        x = torso.skin.section(0.0)[2] + 48.0
        return tube([shoulder, (side * x, 45, 60), (side * (x + 6), 45, -120), (side * x, 20, -330)], 42.0)
    return tube([shoulder, (side * 165, 35, 200), (side * 150, 25, 330)], 42.0)


def inner_organs(torso: Torso, lung_vessels: Tube) -> Organs:
    """Build the lungs with their vessels, then the belly that rises into them."""
    lungs = Stack(
        torso.cage.z_mm, torso.cage.centres_mm, torso.cage.half_widths_mm - 1.0, torso.cage.exponent
    )
    return [
        ("pleura", "fat", torso.cage),
        ("lungs", "lung", lungs),
        ("lung_vessels", "blood_lung", lung_vessels),
    ]


def mediastinum(torso: Torso, spine: Spine, heart_box: Box, lift_mm: float) -> Organs:
    """Build the fat between the lungs, around which heart and great vessels lie."""
    rows = []
    for z, left, right, front_gap in (
        (-125, 44, 44, 8), (-60, 40, 40, 4), (heart_box.z0, 36, 38, 2), (0, 30, 36, 2), (30, 32, 38, 2),
        (60 + lift_mm, 42, 36, 2), (85 + lift_mm, 40, 34, 2), (112 + lift_mm, 38, 38, 0), (135, 44, 44, -6),
        (156, 44, 44, -14), (170, 40, 40, -10), (250, 34, 34, 0), (330, 34, 34, 0),
    ):  # fmt: skip
        _, y, _, b = torso.cage.section(z)
        back = float(spine.body_centre_mm(z)[1])
        rows.append((z, (left - right) / 2, min(y - b + front_gap, back - 40.0), back, (left + right) / 2))
    return [("mediastinum", "fat", stack(rows, exponent=2.6))]


def airways(heart_box: Box, spine: Spine, lift_mm: float) -> Organs:
    """Build trachea, main bronchi and oesophagus."""
    carina = np.array([-3.0, 31.0, max(64.0 + lift_mm, heart_box.z1 + 21.0)])
    courses = {
        "trachea": tube([(-2, 18, 330), (-1, 10, 200), (-2, 12, 150), (-5, 22, 115 + lift_mm), carina], 8.5),
        "right_bronchus": tube(
            [carina, offset(carina, -16, 4, -13), offset(carina, -30, 8, -22), offset(carina, -40, 16, -42)],
            np.array([7.5, 7.0, 6.0, 4.0]),
        ),
        "left_bronchus": tube(
            [carina, offset(carina, 20, 5, -12), offset(carina, 42, 9, -19), offset(carina, 54, 18, -36)],
            np.array([7.0, 6.2, 5.5, 3.5]),
        ),
    }
    gullet = [
        (-6.0 - 3.0 * (z < 60), float(spine.body_centre_mm(z)[1]) - spine.front_half_width_mm - gap, z)
        for z, gap in ((330, 9), (200, 9), (130, 10), (70, 12), (20, 14), (-30, 16), (-80, 24))
    ]
    organs: Organs = [("oesophagus", "soft", tube([*gullet, (22, 18, -112)], 7.0))]
    organs += [(f"{name}_wall", "soft", course.grown(1.3)) for name, course in courses.items()]
    return [*organs, *((name, "airway", course) for name, course in courses.items())]


def draw_lung_vessels(rng: np.random.Generator, cage: Stack, heart_box: Box) -> Tube:
    """Grow two trees of thin vessels from the hila into the lungs."""
    pieces: list[Tube] = []
    for side in (-1, 1):
        hilum = np.array([side * 48.0, 28.0, heart_box.z1 - 2.0])
        twigs = [
            (hilum, _unit(np.array([side * 1.0, 0.3, 0.0]) + rng.normal(0, 0.9, 3)), 4.2) for _ in range(7)
        ]
        while twigs:
            start, direction, radius = twigs.pop()
            length = float(rng.uniform(5.0, 8.0)) * radius + 6.0
            bend = _unit(direction + rng.normal(0, 0.25, 3))
            end = start + length * bend
            if not _inside(cage, end, side):
                continue
            middle = start + 0.5 * length * _unit(direction + bend)
            pieces.append(
                Tube(
                    np.stack([start, middle, end]),
                    np.linspace(radius, 0.8 * radius, 3),
                    np.zeros(1, np.int64),
                )
            )
            if radius > 1.0:
                twigs += [
                    (end, _unit(bend + rng.normal(0, 0.55, 3)), radius * float(rng.uniform(0.6, 0.85)))
                    for _ in range(2)
                ]
    return bundle(pieces)


def _inside(cage: Stack, point: Points, side: int) -> bool:
    x, y, a, b = cage.section(float(np.clip(point[2], -140.0, 148.0)))
    inside = ((point[0] - x) / (a - 6)) ** 2 + ((point[1] - y) / (b - 6)) ** 2 < 1.0
    return bool(inside and side * point[0] > 22.0 and -120.0 < point[2] < 140.0)


def _unit(vector: Points) -> Points:
    return np.asarray(vector / np.linalg.norm(vector))


def table_organs(torso: Torso) -> Organs:
    """Build the scanner's table under the back: a shell of a wide, flat tube with foam inside."""
    lowest = float((torso.skin.centres_mm[:, 1] + torso.skin.half_widths_mm[:, 1]).max())
    shell = ellipsoid((0, lowest + 24.0, 0), (230.0, 21.0, 4000.0), exponent=3.0)
    return [("table", "table", shell), ("table_foam", "foam", shell.grown(-3.0))]
