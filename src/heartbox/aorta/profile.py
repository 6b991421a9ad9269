"""The width along the aorta, from the heart on, as numbers to plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heartbox.aorta.model import AORTA_BRANCHES, AorticGraph, Branch, Landmark
from heartbox.geometry import Points


@dataclass(frozen=True)
class Profile:
    """The width along one unbroken run of the aorta, in the direction of the blood.

    Parameters
    ----------
    names : the branch each point belongs to
    arc_length_mm : (n,) float64, from the run's first point; mm
    diameter_mm, inscribed_diameter_mm : (n,) float64, mm
    points_mm : (n, 3) float64, LPS mm
    """

    names: tuple[str, ...]
    arc_length_mm: npt.NDArray[np.float64]
    diameter_mm: npt.NDArray[np.float64]
    inscribed_diameter_mm: npt.NDArray[np.float64]
    points_mm: Points


def aorta_profiles(graph: AorticGraph) -> list[Profile]:
    """Walk the aorta's branches from the heart on; a missing piece starts a new run."""
    waiting = [branch for branch in graph.branches if branch.name in AORTA_BRANCHES]
    waiting.sort(key=lambda branch: AORTA_BRANCHES.index(branch.name))
    runs: list[list[Branch]] = []
    while waiting:
        ends = {branch.end for branch in waiting}
        head = next((branch for branch in waiting if branch.start not in ends), waiting[0])
        run = []
        following: Branch | None = head
        while following is not None:
            waiting.remove(following)
            run.append(following)
            end = following.end
            following = next((branch for branch in waiting if branch.start == end), None)
        runs.append(run)
    return [_profile(run) for run in runs]


def place_on(profile: Profile, landmark: Landmark) -> float | None:
    """Return the arc length (mm) of a landmark on a run, or None when it lies off the run."""
    away_mm = np.linalg.norm(profile.points_mm - landmark.point_mm, axis=1)
    nearest = int(away_mm.argmin())
    if away_mm[nearest] > profile.diameter_mm[nearest] / 2:
        return None
    return float(profile.arc_length_mm[nearest])


def _profile(run: Sequence[Branch]) -> Profile:
    points_mm = np.vstack([branch.points_mm for branch in run])
    steps_mm = np.linalg.norm(np.diff(points_mm, axis=0), axis=1)
    return Profile(
        tuple(branch.name for branch in run for _ in branch.points_mm),
        np.concatenate([[0.0], np.cumsum(steps_mm)]),
        np.concatenate([branch.diameter_mm for branch in run]),
        2 * np.concatenate([branch.inscribed_radius_mm for branch in run]),
        points_mm,
    )
