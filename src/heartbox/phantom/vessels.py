"""The great vessels beside the aorta: veins, pulmonary arteries and veins."""

from __future__ import annotations

import numpy as np

from heartbox.phantom.aorta import WALL_MM, Aorta
from heartbox.phantom.heart import Heart
from heartbox.phantom.shapes import Organs, Tube, offset, tube
from heartbox.phantom.spine import Spine


def other_vessels(heart: Heart, aorta: Aorta, spine: Spine, lift_mm: float) -> Organs:
    """Build the vessels that are not the aorta, as ``(name, tissue, solid)`` in painter's order."""
    return [
        *_veins(heart, aorta, lift_mm),
        *_pulmonary_veins(heart),
        *_pulmonary_arteries(heart, aorta),
        ("azygos", "blood_vein", _azygos(spine)),
    ]


def _veins(heart: Heart, aorta: Aorta, lift_mm: float) -> Organs:
    middle = aorta.trunk.points_mm[aorta.landmarks["mid_ascending"]]
    radius = aorta.trunk.radii_mm[aorta.landmarks["mid_ascending"]]
    atrium = heart.cavities["right_atrium"].centre_mm
    beside = min(middle[0] - radius - 10.5, -24.0)
    high = 104.0 + lift_mm
    superior = tube(
        [
            (beside + 1, -4, high),
            (beside, 4, middle[2] + 8),
            (beside + 2, 4, middle[2] - 18),
            offset(atrium, -6, 4, 12),
        ],
        np.array([8.0, 9.0, 9.5, 9.0]),
    )
    floor = -heart.walls["right_atrium"].reach_mm([0, 0, -1])
    inferior = tube(
        [
            offset(atrium, -2, 6, -10),
            (atrium[0] - 4, 16, floor - 12),
            (-17, 26, -90),
            (-15, 40, -170),
            (-14, 42, -330),
        ],
        np.array([10.0, 11.0, 11.5, 11.0, 10.0]),
    )
    return [
        (
            "left_brachiocephalic_vein",
            "blood_caval_superior",
            tube(
                [
                    (58, -4, 150 + lift_mm),
                    (34, -14, 128 + lift_mm),
                    (6, -19, 110 + lift_mm),
                    (beside + 1, -5, high - 2),
                ],
                6.0,
            ),
        ),
        (
            "right_brachiocephalic_vein",
            "blood_caval_superior",
            tube([(-60, -2, 150 + lift_mm), (-36, -8, 132 + lift_mm), (beside + 1, -4, high)], 6.5),
        ),
        ("vena_cava_superior", "blood_caval_superior", superior),
        ("vena_cava_inferior", "blood_caval_inferior", inferior),
        ("left_jugular", "blood_vein", tube([(45, -6, 142 + lift_mm), (40, 2, 180), (38, 4, 300)], 6.0)),
        ("right_jugular", "blood_vein", tube([(-44, -6, 142 + lift_mm), (-40, 2, 180), (-38, 4, 300)], 7.0)),
    ]


def _pulmonary_veins(heart: Heart) -> Organs:
    atrium = heart.cavities["left_atrium"]
    centre, s = atrium.centre_mm, heart.scale
    ends = {
        "right_superior": ((-24, -4, 5), (-54, -8, 18)),
        "right_inferior": ((-24, 6, -8), (-56, 16, -14)),
        "left_superior": ((25, -3, 8), (46, -8, 22)),
        "left_inferior": ((25, 8, -5), (52, 20, -8)),
    }
    return [
        (
            f"{name}_pulmonary_vein",
            "blood_left",
            tube(
                [centre, centre + s * np.array(near), centre + s * np.array(far)],
                np.array([7.5, 7.0, 4.5]) * s,
            ),
        )
        for name, (near, far) in ends.items()
    ]


def _pulmonary_arteries(heart: Heart, aorta: Aorta) -> Organs:
    """Build trunk and both arteries; the right one crosses behind the ascending aorta above the atrium."""
    roof = heart.walls["left_atrium"].reach_mm([0, 0, 1])
    valve = heart.pulmonary_valve_mm
    right_radius, left_radius, trunk_radius = 9.5, 9.5, 13.0
    crossing = roof + right_radius + 2.0
    near = int(np.argmin(np.abs(aorta.trunk.points_mm[: aorta.landmarks["proximal_arch"], 2] - crossing)))
    ascending, radius = aorta.trunk.points_mm[near], aorta.trunk.radii_mm[near]
    behind = ascending[1] + radius + WALL_MM + right_radius + 1.0
    fork = np.array([max(30.0, ascending[0] + radius + 14.0), behind - 9.0, crossing + 3.0])
    # Beside the ascending aorta, never through it.
    front = np.array(
        [max(valve[0], ascending[0] + radius + trunk_radius + 2.0), valve[1] - 2.0, valve[2] + 14.0]
    )
    courses = {
        "pulmonary_trunk": tube([valve, front, fork], np.array([12.0, trunk_radius, 12.5])),
        "right_pulmonary_artery": tube(
            [
                fork,
                (ascending[0], behind, crossing),
                (-30, behind + 2, crossing - 3),
                (-52, behind + 10, crossing - 12),
            ],
            np.array([right_radius + 1, right_radius, right_radius - 1, 6.0]),
        ),
        "left_pulmonary_artery": tube(
            [
                fork,
                (fork[0] + 12, behind + 6, crossing + 7),
                (fork[0] + 22, behind + 22, crossing),
                (fork[0] + 28, behind + 30, crossing - 22),
            ],
            np.array([left_radius + 1, left_radius, left_radius - 1, 6.0]),
        ),
    }
    walls = [(f"{name}_wall", "wall", course.grown(1.0)) for name, course in courses.items()]
    return [*walls, *((name, "blood_pulmonary", course) for name, course in courses.items())]


def _azygos(spine: Spine) -> Tube:
    course = [
        offset(spine.body_centre_mm(z), -8.0, -spine.front_half_width_mm - 3.5, 0.0)
        for z in (-150, -60, 0, 45)
    ]
    return tube(course, 3.5)
