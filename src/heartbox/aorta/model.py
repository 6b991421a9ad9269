"""The aortic graph as data: nodes, branches, landmarks, and the lumen they were read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from heartbox.geometry import Grid, Points
from heartbox.problems import Notice

NodeKind = Literal["annulus", "ostium", "junction", "end", "sector_face"]
Verdict = Literal["complete", "degraded", "refused"]

#: The number of each branch name in the label volume (0 is everything else).
LABELS: Mapping[str, int] = {
    "aorta": 1,
    "brachiocephalic": 2,
    "left_carotid": 3,
    "left_subclavian": 4,
    "left_coronary": 5,
    "right_coronary": 6,
    "branch": 7,
}
#: The branch names that together are the aorta, from the heart on.
AORTA_BRANCHES = ("ascending", "arch", "descending")


@dataclass(frozen=True)
class Node:
    """A place where a branch begins, ends or meets others; ``point_mm`` is (3,) LPS mm."""

    id: str
    kind: NodeKind
    name: str
    point_mm: Points
    confidence: float


@dataclass(frozen=True)
class Branch:
    """A vessel between two nodes.

    Parameters
    ----------
    start, end : ids of the nodes the points run between, in the direction of the blood
    points_mm : (n, 3) float64, LPS mm, about 1 mm apart
    inscribed_radius_mm : (n,) float64, radius of the largest ball inside the lumen, mm
    diameter_mm : (n,) float64, equivalent diameter of the orthogonal section, 2 sqrt(area / pi), mm
    confidence : 0..1
    """

    id: str
    name: str
    start: str
    end: str
    points_mm: Points
    inscribed_radius_mm: npt.NDArray[np.float64]
    diameter_mm: npt.NDArray[np.float64]
    confidence: float

    @property
    def length_mm(self) -> float:
        """Arc length of the centreline, mm."""
        return float(np.linalg.norm(np.diff(self.points_mm, axis=0), axis=1).sum())


@dataclass(frozen=True)
class Diameter:
    """The width of one orthogonal section in mm: equivalent, least and largest."""

    equivalent: float
    min: float
    max: float


@dataclass(frozen=True)
class Landmark:
    """A named place on the aorta, the width there, and how sure the place along the vessel is.

    ``definition`` says in one sentence which definition was used, and whether it is an estimate.
    """

    name: str
    point_mm: Points
    diameter: Diameter | None
    uncertainty_mm: float
    definition: str


@dataclass(frozen=True)
class AorticGraph:
    """What ``build_graph`` gives.

    Parameters
    ----------
    verdict : ``complete``, ``degraded`` (something is missing or doubtful, see warnings), or
        ``refused`` (no aorta was measured: nodes, branches and landmarks are empty)
    labels : (z, y, x) uint8 on ``grid``, numbers of `LABELS`
    """

    verdict: Verdict
    warnings: tuple[Notice, ...]
    nodes: tuple[Node, ...]
    branches: tuple[Branch, ...]
    landmarks: tuple[Landmark, ...]
    labels: npt.NDArray[np.uint8]
    grid: Grid
    provenance: Mapping[str, Any] = field(default_factory=dict)
