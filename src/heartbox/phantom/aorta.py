"""The aorta with its branches, coronary stumps and landmarks, from the annulus to the abdomen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from heartbox.geometry import Points
from heartbox.phantom.heart import Heart
from heartbox.phantom.shapes import (
    Floats,
    Organs,
    Tube,
    arc_length_mm,
    resample,
    tube,
)
from heartbox.phantom.spine import Spine

#: Mean lumen diameters of the adult aorta in mm (2022 ACC/AHA aortic guideline, table of normal sizes).
ANNULUS_MM, SINUSES_MM, JUNCTION_MM = 24.0, 33.0, 28.5
ASCENDING_MM, ARCH_MM, DESCENDING_MM, HIATUS_MM = 31.0, 26.5, 24.0, 22.0
#: The wall of an artery as CT shows it, mm.
WALL_MM = 1.5


@dataclass(frozen=True)
class Vessel:
    """A named branch: its centreline from its parent outwards, and its lumen's radius.

    Parameters
    ----------
    points_mm : (n, 3) float64, body mm, about 1 mm apart; the first lies on the parent's centreline
    radii_mm : (n,) float64, radius of the orthogonal section, mm
    """

    name: str
    parent: str
    points_mm: Points
    radii_mm: Floats

    def as_tube(self) -> Tube:
        """Return the lumen as a solid."""
        return Tube(self.points_mm, self.radii_mm, np.zeros(1, dtype=np.int64))


@dataclass(frozen=True)
class Aorta:
    """The aorta with what leaves it.

    Parameters
    ----------
    trunk : annulus to abdomen
    outflow : the left ventricle's way into it, as wide as the annulus at its end
    branches : arch branches, their own branches, and the coronary stumps
    landmarks : name -> index of the trunk's point
    """

    trunk: Vessel
    outflow: Tube
    branches: tuple[Vessel, ...]
    landmarks: dict[str, int]

    def organs(self) -> Organs:
        """Return ``(name, tissue, solid)`` in the order in which they are painted."""
        vessels = [*self.branches, self.trunk]
        walls = [(f"{one.name}_wall", "wall", one.as_tube().grown(_wall_mm(one))) for one in vessels]
        lumina = [(one.name, "blood_aorta", one.as_tube()) for one in vessels]
        # The outflow opens the wall's round end below the annulus.
        return [*walls, ("left_outflow", "blood_left", self.outflow), *lumina]


def _wall_mm(vessel: Vessel) -> float:
    return 0.6 if vessel.name.endswith("coronary") else WALL_MM


def draw_aorta(rng: np.random.Generator, heart: Heart, spine: Spine, lift_mm: float, width: float) -> Aorta:
    """Draw the aorta from the heart's annulus to the abdomen, with branches and coronary stumps.

    Parameters
    ----------
    spine : it runs beside it, on the left and in front
    lift_mm : how much higher than in the mean body the great vessels lie
    width : how much wider than the mean aorta, 0.8..1.3
    """
    rough = resample(_aorta_controls(rng, heart, spine, lift_mm, width), 1.0)
    # Rounded once more, its ends kept: no bend is sharper than the lumen is wide.
    points = resample(np.column_stack([_smoothed(column, 9.0) for column in rough.T])[::8], 1.0)
    along = arc_length_mm(points)
    landmarks = _landmarks(points, along)
    trunk = Vessel("aorta", "left_ventricle", points, _aorta_radii(along, landmarks, width))
    branches = [*_arch_branches(rng, trunk, lift_mm), *_coronaries(rng, trunk, landmarks, heart)]
    below = heart.annulus_mm - 10.0 * heart.annulus_direction
    chamber = heart.cavities["left_ventricle"].centre_mm
    outflow = tube([chamber, below, heart.annulus_mm], np.array([1.3, 1.12, 1.0]) * trunk.radii_mm[0])
    return Aorta(trunk, outflow, tuple(branches), landmarks)


def _aorta_controls(
    rng: np.random.Generator, heart: Heart, spine: Spine, lift_mm: float, width: float
) -> list[Points]:
    """Lay the control points: root, ascending, arch, then down beside the spine."""
    jitter = rng.uniform(-1.0, 1.0, size=8)
    annulus, direction = heart.annulus_mm, heart.annulus_direction
    rise = lift_mm + 5.0 * jitter[0]
    radius = DESCENDING_MM / 2 * width
    wide = max(0.0, width - 1.0)
    top = np.array([10.0, 14.0 + 3 * jitter[1], 80.0 + rise + 12.0 * wide])
    root = annulus + 22.0 * direction
    middle = np.array([-2.0 + 4 * jitter[2] - 6 * wide, -9.0 + 3 * jitter[3], 0.0])
    middle[2] = 0.55 * root[2] + 0.45 * (top[2] - 10.0)
    controls = [
        annulus,
        annulus + 11.0 * direction,
        root,
        middle,
        np.array([0.5 - 4 * wide, -3.0 + 2 * jitter[3], top[2] - 9.0]),
        top,
    ]
    first = top[2] - 22.0
    for z in np.arange(first, -331.0, -24.0):
        depth = (first - z) / 100.0
        # Left of the spine at the isthmus, in front of it at the hiatus.
        angle = np.radians(np.clip(50.0 - 16.0 * depth, 14.0, 50.0))
        beside = spine.front_half_width_mm + radius + WALL_MM + 2.0
        centre = spine.body_centre_mm(z) + beside * np.array([np.sin(angle), -np.cos(angle), 0.0])
        sway = 2.5 * jitter[4] * np.sin(depth * 2.2 + 3 * jitter[5]) * min(1.0, depth)
        controls.append(centre + np.array([sway, 0.0, 0.0]))
    isthmus = (top + controls[6]) / 2 + np.array([5.0, 3.0, 8.0])
    return [*controls[:6], isthmus, *controls[6:]]


def _landmarks(points: Points, along: Floats) -> dict[str, int]:
    """Place the landmarks along the trunk: by arc length in the root, by height beyond it."""
    arch = int(np.argmax(points[:, 2]))

    def at(mm: float) -> int:
        return int(np.argmin(np.abs(along - mm)))

    proximal = at(float(along[arch]) - 18.0)
    junction = at(23.0)
    isthmus = at(float(along[arch]) + 34.0)
    beyond = np.arange(len(points)) > isthmus
    hiatus = int(np.argmin(np.where(beyond, np.abs(points[:, 2] + 105.0), np.inf)))
    return {
        "annulus": 0,
        "sinuses": at(11.0),
        "sinotubular_junction": junction,
        "mid_ascending": at(float(along[junction] + along[proximal]) / 2),
        "proximal_arch": proximal,
        "mid_arch": at(float(along[arch]) + 6.0),
        "isthmus": isthmus,
        "mid_descending": at(float(along[isthmus] + along[hiatus]) / 2),
        "diaphragm": hiatus,
    }


def _aorta_radii(along: Floats, landmarks: dict[str, int], width: float) -> Floats:
    """Lay the radius along the trunk: a sinus bulge on the root, then a slow taper."""
    places = {name: float(along[index]) for name, index in landmarks.items()}
    knots = [
        (0.0, ANNULUS_MM),
        (places["sinuses"], SINUSES_MM),
        (places["sinotubular_junction"], JUNCTION_MM),
        (places["mid_ascending"], ASCENDING_MM),
        (places["proximal_arch"], ASCENDING_MM - 2.0),
        (places["mid_arch"], ARCH_MM),
        (places["isthmus"], DESCENDING_MM + 0.5),
        (places["mid_descending"], DESCENDING_MM),
        (places["diaphragm"], HIATUS_MM),
        (float(along[-1]), HIATUS_MM - 4.0),
    ]
    at, diameter = np.array(knots).T
    radius = np.interp(along, at, diameter) / 2
    # The root keeps its size when the tube beyond it widens: half of the change reaches the annulus.
    share = np.interp(along, [0.0, places["mid_ascending"]], [0.5, 1.0])
    return np.asarray(_smoothed(radius) * (1.0 + (width - 1.0) * share))


def _smoothed(values: Floats, sd_points: float = 2.0) -> Floats:
    reach = int(4 * sd_points)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd_points) ** 2)
    padded = np.pad(values, reach, mode="reflect", reflect_type="odd")
    return np.asarray(np.convolve(padded, kernel / kernel.sum(), mode="valid"))


def _arch_branches(rng: np.random.Generator, trunk: Vessel, lift_mm: float) -> list[Vessel]:
    """Draw brachiocephalic, left carotid and left subclavian, from the arch to neck and arm."""
    size = rng.uniform(0.85, 1.15, size=3)
    sway = 3.0 * rng.uniform(-1.0, 1.0, size=4)
    arch = int(np.argmax(trunk.points_mm[:, 2]))
    starts = [trunk.points_mm[arch + step] for step in (-13, 3, 18)]
    up = lift_mm
    courses = {
        "brachiocephalic": [(-9, 0, 113 + up), (-20 + sway[0], 8, 132 + up)],
        "left_carotid": [(12, 12, 112 + up), (22 + sway[1], 14, 145 + up), (27, 14, 190), (28, 8, 300)],
        "left_subclavian": [
            (24, 34, 108 + up),
            (31 + sway[2], 34, 128 + up),
            (52, 24, 150 + up),
            (95, 18, 153),
            (150, 20, 160),
        ],
    }
    radii = {"brachiocephalic": 6.3, "left_carotid": 3.7, "left_subclavian": 4.9}
    branches = [
        _vessel(name, "aorta", [start, *courses[name]], radii[name] * share)
        for name, start, share in zip(courses, starts, size, strict=True)
    ]
    fork = branches[0].points_mm[-1]
    right = [
        (-33, 14, 145 + up),
        (-58 + sway[3], 20, 153 + up),
        (-100, 18, 155),
        (-150, 20, 160),
    ]
    branches.append(_vessel("right_subclavian", "brachiocephalic", [fork, *right], 4.6))
    neck = [(-24, 12, 150 + up), (-27, 14, 190), (-28, 8, 300)]
    branches.append(_vessel("right_carotid", "brachiocephalic", [fork, *neck], 3.7))
    return branches


def _coronaries(
    rng: np.random.Generator, trunk: Vessel, landmarks: dict[str, int], heart: Heart
) -> list[Vessel]:
    """Draw the first centimetres of both coronary arteries from the sinuses."""
    index = landmarks["sinuses"] + 3
    centre, radius = trunk.points_mm[index], trunk.radii_mm[index]
    size = rng.uniform(0.85, 1.2, size=2)
    stumps = {
        "left_coronary": ((0.80, 0.60, 0.0), [(16.0, -4.0, 1.0), (27.0, -16.0, -4.0)], 2.1 * size[0]),
        "right_coronary": ((-0.45, -0.89, 0.0), [(-9.0, -7.0, -3.0), (-21.0, -8.0, -14.0)], 1.8 * size[1]),
    }
    vessels = []
    for name, (outwards, onwards, lumen) in stumps.items():
        ostium = centre + radius * np.array(outwards) / np.linalg.norm(outwards)
        course = [centre, ostium, *(ostium + heart.scale * np.array(step) for step in onwards)]
        vessels.append(_vessel(name, "aorta", course, lumen))
    return vessels


def _vessel(
    name: str, parent: str, course: list[Points | tuple[float, float, float]], radius: float
) -> Vessel:
    points = resample(np.array([np.asarray(point, dtype=np.float64) for point in course]), 1.0)
    taper = np.linspace(1.05, 0.9, len(points))
    return Vessel(name, parent, points, radius * taper)
