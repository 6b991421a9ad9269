"""Curves in space and the planes across them: even points, smoothing, frames that do not twist."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from heartbox.geometry import Points

#: Distance between neighbouring planes along a vessel, mm.
PLANE_STEP_MM = 1.0


@dataclass(frozen=True)
class Frames:
    """Planes across a curve: (n, 3) float64 each, LPS, unit length, orthogonal.

    ``tangent`` runs along the curve; ``u`` and ``v`` span the plane.
    """

    tangent: Points
    u: Points
    v: Points


def arc_length_mm(points_mm: Points) -> npt.NDArray[np.float64]:
    """Return the arc length from the first point to each point, (n,) float64, mm."""
    steps = np.linalg.norm(np.diff(points_mm, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def spread_evenly(points_mm: Points, step_mm: float = PLANE_STEP_MM) -> Points:
    """Lay points along a polyline at even distances of about ``step_mm``, ends kept.

    Parameters
    ----------
    points_mm : (n, 3) float64, LPS mm, n >= 2

    Returns
    -------
    (m, 3) float64, LPS mm, m >= 2
    """
    arc = arc_length_mm(points_mm)
    count = max(round(arc[-1] / step_mm), 1) + 1
    places = np.linspace(0.0, arc[-1], count)
    return np.stack([np.interp(places, arc, points_mm[:, axis]) for axis in range(3)], axis=1)


def smooth_along(values: npt.NDArray[np.float64], sigma: float) -> npt.NDArray[np.float64]:
    """Smooth along the first axis with a Gaussian; a straight run keeps its ends.

    Parameters
    ----------
    values : (n,) or (n, d) float64
    sigma : width in samples
    """
    if len(values) < 3 or sigma <= 0:
        return values
    pad = min(int(np.ceil(4 * sigma)) + 1, len(values) - 1)
    widths = [(pad, pad)] + [(0, 0)] * (values.ndim - 1)
    padded = np.pad(values, widths, mode="reflect", reflect_type="odd")
    smoothed = gaussian_filter1d(padded, sigma, axis=0, mode="nearest")
    return np.asarray(smoothed[pad : len(smoothed) - pad])


def tangents_along(points_mm: Points) -> Points:
    """Return unit tangents of a curve by central differences, (n, 3) float64."""
    along = np.gradient(points_mm, axis=0)
    return np.asarray(along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-9))


def frames_along(points_mm: Points) -> Frames:
    """Lay rotation-minimising frames along a curve.

    Parameters
    ----------
    points_mm : (n, 3) float64, LPS mm, n >= 2, no two neighbours equal

    Notes
    -----
    Double reflection: Wang, Juettler, Zheng, Liu, "Computation of rotation minimizing frames",
    ACM Transactions on Graphics 27(1), 2008.
    """
    tangent = tangents_along(points_mm)
    u = np.empty_like(tangent)
    u[0] = _any_normal(tangent[0])
    for n in range(len(points_mm) - 1):
        u[n + 1] = _carried(points_mm[n + 1] - points_mm[n], u[n], tangent[n], tangent[n + 1])
    return Frames(tangent, u, np.cross(tangent, u))


def _any_normal(tangent: Points) -> Points:
    """Take the patient's left, or the front where the curve itself runs to the left."""
    axis = np.array([1.0, 0.0, 0.0]) if abs(tangent[0]) < 0.9 else np.array([0.0, -1.0, 0.0])
    normal = axis - (axis @ tangent) * tangent
    return np.asarray(normal / np.linalg.norm(normal))


def _carried(step: Points, u: Points, tangent: Points, next_tangent: Points) -> Points:
    reflected_u = u - 2 / (step @ step) * (step @ u) * step
    reflected_t = tangent - 2 / (step @ step) * (step @ tangent) * step
    across = next_tangent - reflected_t
    size = across @ across
    if size > 1e-12:
        reflected_u = reflected_u - 2 / size * (across @ reflected_u) * across
    carried = reflected_u - (reflected_u @ next_tangent) * next_tangent
    return np.asarray(carried / np.linalg.norm(carried))
