"""How well a graph fits a reference mask of the aorta."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.ndimage import distance_transform_edt

from heartbox.aorta.model import AORTA_BRANCHES, LABELS, AorticGraph, Branch
from heartbox.geometry import Points, apply_affine
from heartbox.volume import Volume

Metrics: TypeAlias = dict[str, float]


def evaluate_aorta(volume: Volume, graph: AorticGraph, reference_mask: npt.NDArray[np.bool_]) -> Metrics:
    """Compare a graph with a reference mask of the whole aorta on the sector's grid.

    Parameters
    ----------
    volume : the sector the graph was built from
    graph : AorticGraph
    reference_mask : (z, y, x) bool on the sector's grid

    Returns
    -------
    ``dice`` of the painted aorta; ``inside_<branch>`` 0..1, share of a branch's centreline inside the
    mask; ``inside``, of the whole aorta; ``outside_mean_mm`` and ``outside_max_mm``, how far the
    centreline's points lie from the mask (0 inside). A refused graph has ``dice`` 0 and nothing else.

    Raises
    ------
    ValueError
        When the mask does not lie on the sector's grid.
    """
    if reference_mask.shape != volume.grid.shape:
        raise ValueError(f"mask {reference_mask.shape} and sector {volume.grid.shape} differ")
    painted = graph.labels == LABELS["aorta"]
    both = int(painted.sum()) + int(reference_mask.sum())
    metrics = {"dice": 2.0 * int((painted & reference_mask).sum()) / both if both else 0.0}
    lines = [branch for branch in graph.branches if branch.name in AORTA_BRANCHES]
    if not lines:
        return metrics
    away_mm = distance_transform_edt(~reference_mask, sampling=volume.grid.spacing_mm[::-1])
    for name in AORTA_BRANCHES:
        named = [branch for branch in lines if branch.name == name]
        if named:
            metrics[f"inside_{name}"] = float((_at(away_mm, volume, named) == 0).mean())
    away = _at(away_mm, volume, lines)
    metrics["inside"] = float((away == 0).mean())
    metrics["outside_mean_mm"] = float(away.mean())
    metrics["outside_max_mm"] = float(away.max())
    return metrics


def _at(values: npt.NDArray[np.float64], volume: Volume, branches: list[Branch]) -> npt.NDArray[np.float64]:
    points: Points = np.concatenate([branch.points_mm for branch in branches])
    voxels = np.rint(apply_affine(volume.grid.inverse, points)).astype(int)
    i, j, k = np.clip(voxels, 0, np.array(volume.grid.shape[::-1]) - 1).T
    return np.asarray(values[k, j, i])
