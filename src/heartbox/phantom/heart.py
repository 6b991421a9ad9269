"""The heart: four chambers with their walls as ellipsoids, and its box in closed form.

Shapes and places after the reference scan LIDC-IDRI-0001 and the convention of the heart's box:
the top is the roof of the left atrium, great vessels do not count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heartbox.geometry import Box, Points
from heartbox.phantom.shapes import (
    Ellipsoid,
    Floats,
    Organs,
    Tube,
    axes_along,
    ellipsoid,
    tube,
)

#: Where the heart rests on the diaphragm: it grows and shrinks about this point, body mm.
ANCHOR_MM = np.array([30.0, -2.0, -46.0])
#: The right heart and the outflow stay this far below the left atrium's roof, mm.
ROOF_CLEARANCE_MM = 4.0


@dataclass(frozen=True)
class Heart:
    """The heart's solids, body frame.

    Parameters
    ----------
    walls : outer surface of each part: ``left_ventricle``, ``right_ventricle``, ``outflow``,
        ``right_atrium``, ``left_atrium``; their union is the heart
    cavities : blood inside them, by the same names
    scale : how much larger than the mean heart
    annulus_mm : (3,) centre of the aortic annulus
    annulus_direction : (3,) unit vector from the ventricle into the aorta
    pulmonary_valve_mm : (3,) centre of the outflow's upper end
    """

    walls: dict[str, Ellipsoid]
    cavities: dict[str, Ellipsoid]
    scale: float
    annulus_mm: Points
    annulus_direction: Points
    pulmonary_valve_mm: Points

    def reach_mm(self, direction: Points) -> float:
        """Return the support function of the heart along a body direction, (3,), mm."""
        return max(wall.reach_mm(direction) for wall in self.walls.values())

    @property
    def box_mm(self) -> Box:
        """The heart's box in the body frame."""
        return Box.of(sign * self.reach_mm(sign * np.eye(3)[axis]) for axis in range(3) for sign in (-1, 1))

    def place(self, point_mm: tuple[float, float, float]) -> Points:
        """Move a point of the mean heart to where it lies in this one, (3,) body mm."""
        return np.asarray(ANCHOR_MM + self.scale * (np.array(point_mm) - ANCHOR_MM))

    def organs(self) -> Organs:
        """Return ``(name, tissue, solid)`` in the order in which they are painted."""
        sac = [(f"{name}_fat", "fat", wall.grown(4.0)) for name, wall in self.walls.items()]
        right: Organs = []
        for name, wall in self.walls.items():
            if name not in ("left_ventricle", "left_atrium"):
                right.append((name, "myocardium", wall))
        right += [
            ("right_ventricle_cavity", "blood_right", self.cavities["right_ventricle"]),
            ("outflow_cavity", "blood_right", self.cavities["outflow"]),
            ("left_ventricle", "myocardium", self.walls["left_ventricle"]),
            ("right_atrium_cavity", "blood_right", self.cavities["right_atrium"]),
            ("tricuspid", "blood_right", self._valve("right_atrium", "right_ventricle", 15.0)),
            ("left_atrium", "wall", self.walls["left_atrium"]),
            ("left_atrium_cavity", "blood_left", self.cavities["left_atrium"]),
            ("left_ventricle_cavity", "blood_left", self.cavities["left_ventricle"]),
            ("mitral", "blood_left", self._valve("left_atrium", "left_ventricle", 13.0)),
        ]
        return [*sac, *right]

    def _valve(self, upper: str, lower: str, radius_mm: float) -> Tube:
        ends = [self.cavities[upper].centre_mm, self.cavities[lower].centre_mm]
        return tube(ends, radius_mm * self.scale)


def draw_heart(rng: np.random.Generator) -> Heart:
    """Draw one heart in the body frame, its lowest point at the height of `ANCHOR_MM`."""
    scale = float(rng.uniform(0.88, 1.12))
    turn = rng.uniform(-1.0, 1.0, size=3)
    axis = np.array([0.72 + 0.08 * turn[0], -0.55 + 0.08 * turn[1], -0.42 + 0.12 * turn[2]])
    wobble = rng.uniform(0.95, 1.05, size=(5, 3))
    base: dict[str, tuple[tuple[float, float, float], tuple[float, float, float], Floats]] = {
        "right_atrium": ((-7, -6, -6), (25, 27, 36), axes_along((1, 0, 0))),
        "right_ventricle": ((26, -20, -16), (46, 31, 30), axes_along((0.85, -0.25, -0.45))),
        "outflow": ((32, -25, 12), (19, 17, 27), axes_along((1, 0, 0))),
        "left_ventricle": ((50, -4, -10), (46, 35, 35), axes_along(axis)),
        "left_atrium": ((14, 31, 18), (34, 22, 25), axes_along((1.0, 0.06, 0.1))),
    }
    walls = {}
    for (name, (centre, semi, axes)), share in zip(base.items(), wobble, strict=True):
        place = ANCHOR_MM + scale * (np.array(centre) - ANCHOR_MM)
        walls[name] = ellipsoid(place, scale * np.array(semi) * share, axes)
    walls = _below_roof(walls)
    up = np.array([0.0, 0.0, ANCHOR_MM[2] - min(-wall.reach_mm([0, 0, -1]) for wall in walls.values())])
    walls = {name: _moved(wall, up) for name, wall in walls.items()}
    annulus = ANCHOR_MM + scale * (np.array([20.0, -4.0, 8.0]) - ANCHOR_MM) + up
    direction = np.array([-0.42 + 0.06 * turn[0], -0.14, 0.88])
    valve = walls["outflow"].centre_mm + np.array([2.0, -4.0, 0.72 * walls["outflow"].semi_axes_mm[2]])
    return Heart(walls, _cavities(walls, rng), scale, annulus, direction / np.linalg.norm(direction), valve)


def _moved(wall: Ellipsoid, by_mm: Points) -> Ellipsoid:
    return Ellipsoid(wall.centre_mm + by_mm, wall.semi_axes_mm, wall.axes)


def _below_roof(walls: dict[str, Ellipsoid]) -> dict[str, Ellipsoid]:
    """Lower the right heart where it would rise above the left atrium's roof."""
    roof = walls["left_atrium"].reach_mm([0, 0, 1]) - ROOF_CLEARANCE_MM
    lowered = dict(walls)
    for name in ("right_atrium", "right_ventricle", "outflow", "left_ventricle"):
        excess = max(0.0, walls[name].reach_mm([0, 0, 1]) - roof)
        lowered[name] = _moved(walls[name], np.array([0.0, 0.0, -excess]))
    return lowered


def _cavities(walls: dict[str, Ellipsoid], rng: np.random.Generator) -> dict[str, Ellipsoid]:
    """Hollow the walls: thick left ventricle, thin right heart and atria."""
    thickness = {
        "right_atrium": 2.5,
        "right_ventricle": 4.0,
        "outflow": 3.5,
        "left_ventricle": float(rng.uniform(9.0, 13.0)),
        "left_atrium": 2.5,
    }
    cavities = {name: wall.grown(-thickness[name]) for name, wall in walls.items()}
    ventricle = cavities["left_ventricle"]
    # The wall is thinner at the base, where the valves are: the cavity sits towards it.
    towards_base = -3.0 * ventricle.axes[0]
    cavities["left_ventricle"] = Ellipsoid(
        ventricle.centre_mm + towards_base, ventricle.semi_axes_mm, ventricle.axes
    )
    return cavities
