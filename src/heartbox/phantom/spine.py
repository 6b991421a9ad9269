"""The spine: vertebral bodies with a bright rim, discs, canal and processes, along a curved line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heartbox.geometry import Points
from heartbox.phantom.shapes import (
    Floats,
    Organs,
    ellipsoid,
    offset,
    rod,
    tube,
)

#: Height of the vertebral bodies' front above y = 0 in the mean body: z, y in mm (LIDC-IDRI-0001, damped).
_FRONT_MM = np.array(
    [
        (-340, 42), (-240, 40), (-150, 44), (-110, 54), (-60, 68), (-20, 76), (20, 79), (60, 76), (100, 64),
        (130, 49), (160, 36), (200, 30), (260, 30), (340, 34),
    ],
    dtype=np.float64,
)  # fmt: skip


@dataclass(frozen=True)
class Spine:
    """The line of the vertebral bodies' centres and the size of the bodies, body frame.

    Parameters
    ----------
    z_mm, y_mm, x_mm : (n,) float64, the line of the centres
    front_half_width_mm : distance from the centre to the front of a body, mm
    """

    z_mm: Floats
    y_mm: Floats
    x_mm: Floats
    front_half_width_mm: float

    def body_centre_mm(self, z_mm: float) -> Points:
        """Return the centre of the spine's body at one height, (3,) body mm."""
        x = float(np.interp(z_mm, self.z_mm, self.x_mm))
        return np.array([x, float(np.interp(z_mm, self.z_mm, self.y_mm)), z_mm])

    def soft_organs(self) -> Organs:
        """Return the muscles along the spine: painted before the bones."""
        heights = np.arange(-330.0, 331.0, 15.0)
        around = [offset(self.body_centre_mm(z), 0, 4, 0) for z in heights]
        behind = [[offset(self.body_centre_mm(z), side * 20, 28, 0) for z in heights] for side in (-1, 1)]
        return [
            ("prevertebral", "soft", tube(around, self.front_half_width_mm + 5.5)),
            ("right_back_muscle", "muscle", tube(behind[0], 17.5)),
            ("left_back_muscle", "muscle", tube(behind[1], 17.5)),
        ]

    def organs(self) -> Organs:
        """Return bones, discs and canal as ``(name, tissue, solid)`` in painter's order."""
        parts: Organs = []
        for number, z in enumerate(self.levels_mm()):
            parts += self._vertebra(number, z)
        heights = np.arange(-330.0, 331.0, 15.0)
        canal = [offset(self.body_centre_mm(z), 0, self.front_half_width_mm + 9.0, 0) for z in heights]
        return [*parts, ("canal", "fat", tube(canal, 9.0)), ("cord", "nerve", tube(canal, 6.0))]

    def levels_mm(self) -> Floats:
        """Return the heights of the vertebral bodies' centres, (n,) float64, from low to high."""
        low = np.arange(-310.0, -110.0, 33.0)
        middle = np.arange(low[-1] + 28.0, 145.0, 24.0)
        return np.concatenate([low, middle, np.arange(middle[-1] + 19.0, 320.0, 17.0)])

    def _vertebra(self, number: int, z: float) -> Organs:
        centre = self.body_centre_mm(z)
        pitch = 24.0 if -110 < z < 145 else (31.0 if z < 0 else 17.0)
        width = 1.2 if z < -110 else (1.0 if z < 130 else 0.8)
        depth = self.front_half_width_mm
        half = np.array([18.5 * width, depth, pitch / 2 - 1.0])
        disc = np.array([17.5 * width, depth - 1.0, 4.0])
        rear = offset(centre, 0, depth + 9, 0)
        arch: Organs = [
            (
                "pedicles",
                "bone",
                rod([offset(rear, -13, -7, 2), offset(rear, -15, 3, 0), offset(rear, 0, 12, -4)], 4.0),
            ),
            (
                "pedicles",
                "bone",
                rod([offset(rear, 13, -7, 2), offset(rear, 15, 3, 0), offset(rear, 0, 12, -4)], 4.0),
            ),
            ("process", "bone", rod([offset(rear, 0, 12, -4), offset(rear, 0, 21, -18)], 3.5)),
        ]
        if -110 < z < 145:
            reach = 34.0
            arch.append(
                ("transverse", "bone", rod([offset(rear, -15, 4, 0), offset(rear, -reach, 11, 2)], 4.5))
            )
            arch.append(
                ("transverse", "bone", rod([offset(rear, 15, 4, 0), offset(rear, reach, 11, 2)], 4.5))
            )
        name = f"vertebra_{number}"
        return [
            *arch,
            (f"disc_{number}", "disc", ellipsoid(offset(centre, 0, 0, pitch / 2), disc, exponent=4.0)),
            (name, "bone", ellipsoid(centre, half, exponent=4.0)),
            (f"{name}_marrow", "marrow", ellipsoid(centre, half - 2.2, exponent=4.0)),
        ]


def draw_spine(rng: np.random.Generator, heart_back_mm: float, aorta_radius_mm: float) -> Spine:
    """Draw the spine's curve behind a heart.

    Parameters
    ----------
    heart_back_mm : y of the heart's posterior face: the descending aorta passes between it and the spine
    aorta_radius_mm : of the descending aorta
    """
    depth = float(rng.uniform(14.0, 16.5))
    bend = float(rng.uniform(0.75, 1.15))
    z, front = _FRONT_MM.T
    front = 79.0 + (front - 79.0) * bend
    # The aorta's front must stay behind the heart's back where it lies beside the spine.
    beside = depth + aorta_radius_mm + 3.5
    aorta_front = 79.0 + depth - 0.76 * beside - aorta_radius_mm - 1.5
    room = heart_back_mm + 3.0 - aorta_front
    front = front + max(0.0, room)
    sway = float(rng.uniform(-5.0, 5.0))
    heights = np.linspace(z[0], z[-1], 200)
    x = sway * np.sin((heights + 60.0) / 160.0)
    return Spine(heights, _rounded(np.interp(heights, z, front)) + depth, x, depth)


def _rounded(values: Floats) -> Floats:
    padded = np.pad(values, 12, mode="edge")
    kernel = np.hanning(27)[1:-1]
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="valid"))
