"""The bones of the chest: ribs with cartilage, sternum, clavicles and shoulder blades."""

from __future__ import annotations

import numpy as np

from heartbox.geometry import Points
from heartbox.phantom.shapes import Ellipsoid, Organs, Stack, Tube, axes_along, bundle, ellipsoid, tube
from heartbox.phantom.torso import Torso


def chest_bones(torso: Torso) -> Organs:
    """Build ribs with cartilage, sternum, clavicles and shoulder blades."""
    ribs, marrow, cartilage = [], [], []
    for number in range(12):
        for side in (-1, 1):
            bone, end = _rib(torso.cage, number, side)
            ribs.append(bone)
            marrow.append(bone.grown(-2.0))
            if number < 10:
                cartilage.append(_cartilage(torso.cage, end, number, side))
    organs: Organs = [("cartilage", "cartilage", bundle(cartilage))]
    organs += _shoulder(torso)
    organs += [("ribs", "bone", bundle(ribs)), ("rib_marrow", "marrow", bundle(marrow))]
    low, high = (np.array([0.0, y - b - 7.0, z]) for z, (_, y, _, b) in
                 ((z, torso.cage.section(z)) for z in (-8.0, 118.0)))  # fmt: skip
    sternum = ellipsoid(
        (low + high) / 2,
        (float(np.linalg.norm(high - low)) / 2 + 6, 18, 6.5),
        axes_along(high - low, (1, 0, 0)),
        4.0,
    )
    return [*organs, ("sternum", "bone", sternum), ("sternum_marrow", "marrow", sternum.grown(-1.8))]


def _rib(cage: Stack, number: int, side: int) -> tuple[Tube, Points]:
    """Lay one rib around the cage: from the spine back, round the side, forward and down."""
    start = (152.0, 143.0, 126.0, 106.0, 84.0, 60.0, 34.0, 8.0, -18.0, -44.0, -70.0, -94.0)[number]
    drop = (34.0, 58.0, 76.0, 88.0, 96.0, 100.0, 100.0, 94.0, 86.0, 76.0, 50.0, 30.0)[number]
    reach = (158.0, 155.0, 152.0, 150.0, 148.0, 145.0, 140.0, 132.0, 122.0, 112.0, 78.0, 58.0)[number]
    angles = np.radians(np.linspace(20.0, reach, 24))
    share = np.linspace(0.0, 1.0, 24)
    heights = start - drop * share**1.15
    points = []
    for angle, z in zip(angles, heights, strict=True):
        x, y, a, b = cage.section(float(np.clip(z, -158.0, 152.0)))
        radius = 1.0 / (np.abs(np.sin(angle)) ** cage.exponent + np.abs(np.cos(angle)) ** cage.exponent) ** (
            1.0 / cage.exponent
        )
        points.append(
            (x + side * (a + 5.5) * radius * np.sin(angle), y + (b + 5.5) * radius * np.cos(angle), z)
        )
    return tube(points, 5.2), np.array(points[-1])


def _cartilage(cage: Stack, end: Points, number: int, side: int) -> Tube:
    height = max(115.0 - 19.0 * number, -6.0)
    _, y, _, b = cage.section(height)
    target = np.array([side * (17.0 + max(0, number - 6) * 8.0), y - b - 6.0, height])
    middle = (end + target) / 2
    _, y, _, b = cage.section(float(np.clip(middle[2], -158.0, 152.0)))
    middle[1] = min(middle[1], y - 0.9 * b - 5.0)
    return tube([end, middle, target], 4.8)


def _shoulder(torso: Torso) -> Organs:
    organs: Organs = []
    for side in (-1, 1):
        _, y, a, b = torso.cage.section(75.0)
        place = np.array([side * (0.80 * a + 14.0), y + 0.68 * b + 16.0, 82.0])
        flat = np.array([side * 0.62, 0.78, 0.12])
        axes = axes_along(flat, (0, 0, 1))
        organs += [
            ("shoulder_muscle", "muscle", ellipsoid(place + 2 * flat, (16, 78, 54), axes)),
            ("pectoral", "muscle", _pectoral(torso, side)),
            ("scapula", "bone", ellipsoid(place, (4.5, 66, 40), axes, 2.5)),
            ("scapula_marrow", "marrow", ellipsoid(place, (2.2, 62, 36), axes, 2.5)),
            (
                "clavicle",
                "bone",
                tube([(side * 20, -32, 131), (side * 70, -22, 146), (side * 140, 18, 158)], 6.0),
            ),
            (
                "clavicle_marrow",
                "marrow",
                tube([(side * 22, -32, 131), (side * 70, -22, 146), (side * 138, 18, 158)], 3.5),
            ),
        ]
    return organs


def _pectoral(torso: Torso, side: int) -> Ellipsoid:
    _, y, a, b = torso.cage.section(75.0)
    place = (side * 0.62 * a, y - 0.80 * b - 13.0, 78.0)
    return ellipsoid(place, (50, 46, 8), axes_along((1.0, side * 0.42, 0.0), (0.0, -0.12, 1.0)))
