"""Solids in closed form: ellipsoids, stacks of ovals along z, and tubes along a curve.

Everything here lies in the *body frame*: millimetres, x to the left, y to the back, z to the head,
before the body is scaled, turned and laid on the table (`heartbox.phantom.anatomy`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.interpolate import CubicSpline

from heartbox.geometry import Box, Points

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ellipsoid:
    """A (super)ellipsoid: all points with ``|u|^p + |v|^p + |w|^p <= 1`` along its own axes.

    Parameters
    ----------
    centre_mm : (3,) float64, body mm
    semi_axes_mm : (3,) float64, mm
    axes : (3, 3) float64, rows are the unit directions of the semi-axes, body frame
    exponent : p >= 2; 2 is the ellipsoid, larger is boxier
    """

    centre_mm: Points
    semi_axes_mm: Floats
    axes: Floats
    exponent: float = 2.0

    def reach_mm(self, direction: npt.ArrayLike) -> float:
        """Return the support function: the largest ``direction . point`` over the solid, mm.

        The support of a p-norm ball is the dual q-norm, ``1/p + 1/q = 1`` (Boyd and Vandenberghe,
        Convex Optimization, section 2.2.4 and A.1.6); ``direction`` is (3,), body frame.
        """
        direction = np.asarray(direction, dtype=np.float64)
        dual = self.exponent / (self.exponent - 1.0)
        stretched = np.abs(self.semi_axes_mm * (self.axes @ direction))
        return float(direction @ self.centre_mm + np.sum(stretched**dual) ** (1.0 / dual))

    def grown(self, by_mm: float) -> Ellipsoid:
        """Return the same solid with each semi-axis longer by ``by_mm``."""
        return Ellipsoid(self.centre_mm, self.semi_axes_mm + by_mm, self.axes, self.exponent)

    @cached_property
    def bounds_mm(self) -> Box:
        """The smallest box around the solid, body frame."""
        return Box.of(sign * self.reach_mm(sign * np.eye(3)[axis]) for axis in range(3) for sign in (-1, 1))


@dataclass(frozen=True)
class Stack:
    """A solid whose horizontal sections are (super)ellipses that change along z.

    Parameters
    ----------
    z_mm : (n,) float64, rising and evenly spaced heights of the sections, body mm
    centres_mm : (n, 2) float64, x and y of each section's centre
    half_widths_mm : (n, 2) float64, half width along x and y
    exponent : p >= 2 of every section
    """

    z_mm: Floats
    centres_mm: Floats
    half_widths_mm: Floats
    exponent: float = 2.0

    @cached_property
    def bounds_mm(self) -> Box:
        """The smallest box around the solid, body frame."""
        low = (self.centres_mm - self.half_widths_mm).min(axis=0)
        high = (self.centres_mm + self.half_widths_mm).max(axis=0)
        return Box(low[0], high[0], low[1], high[1], float(self.z_mm[0]), float(self.z_mm[-1]))

    def section(self, z_mm: float) -> tuple[float, float, float, float]:
        """Return centre x, centre y, half width x, half width y at one height, mm."""
        columns = np.column_stack([self.centres_mm, self.half_widths_mm])
        x, y, a, b = (float(np.interp(z_mm, self.z_mm, column)) for column in columns.T)
        return x, y, a, b


@dataclass(frozen=True)
class Tube:
    """Round sections along a curve, one after the other: vessels, airways, ribs.

    The section orthogonal to the curve at each point is a disc of that point's radius.

    Parameters
    ----------
    points_mm : (n, 3) float64, body mm
    radii_mm : (n,) float64, mm
    starts : (m,) int64, index of the first point of each piece (a tree has several pieces)
    """

    points_mm: Points
    radii_mm: Floats
    starts: npt.NDArray[np.int64]

    @cached_property
    def bounds_mm(self) -> Box:
        """A box around the solid, body frame."""
        low = (self.points_mm - self.radii_mm[:, None]).min(axis=0)
        high = (self.points_mm + self.radii_mm[:, None]).max(axis=0)
        return Box.of(np.stack([low, high], axis=1).ravel())

    def grown(self, by_mm: float) -> Tube:
        """Return the tube with each radius larger by ``by_mm``."""
        return Tube(self.points_mm, self.radii_mm + by_mm, self.starts)


Shape: TypeAlias = Ellipsoid | Stack | Tube
#: ``(name, tissue, solid)`` in painter's order: later ones cover earlier ones.
Organs: TypeAlias = list[tuple[str, str, Shape]]
#: Control points of a curve, body mm.
Course: TypeAlias = Points | Sequence[Points | tuple[float, float, float]]

_LPS_AXES = np.eye(3)


def ellipsoid(
    centre_mm: npt.ArrayLike, semi_axes_mm: npt.ArrayLike, axes: Floats = _LPS_AXES, exponent: float = 2.0
) -> Ellipsoid:
    """Build an ellipsoid from plain numbers; ``axes`` as in `Ellipsoid`."""
    return Ellipsoid(
        np.asarray(centre_mm, dtype=np.float64), np.asarray(semi_axes_mm, dtype=np.float64), axes, exponent
    )


def offset(point_mm: Points, x_mm: float, y_mm: float, z_mm: float) -> Points:
    """Return a point that lies so far from another, (3,) mm."""
    return np.asarray(point_mm + np.array([x_mm, y_mm, z_mm]))


def axes_along(direction: npt.ArrayLike, towards: npt.ArrayLike = (0.0, 0.0, 1.0)) -> Floats:
    """Return orthonormal rows: the first along ``direction``, the second as near to ``towards`` as can be."""
    first = np.asarray(direction, dtype=np.float64)
    first = first / np.linalg.norm(first)
    second = np.asarray(towards, dtype=np.float64)
    second = second - (second @ first) * first
    second = second / np.linalg.norm(second)
    return np.stack([first, second, np.cross(first, second)])


def stack(table: npt.ArrayLike, exponent: float = 2.0, step_mm: float = 5.0) -> Stack:
    """Build a stack from rows ``z, x centre, y front, y back, half width x`` (mm), linear between rows."""
    rows = np.asarray(table, dtype=np.float64)
    count = max(2, int(np.ceil((rows[-1, 0] - rows[0, 0]) / step_mm)) + 1)
    z_mm = np.linspace(rows[0, 0], rows[-1, 0], count)
    x, front, back, half_x = (np.interp(z_mm, rows[:, 0], column) for column in rows[:, 1:].T)
    return Stack(
        z_mm,
        np.column_stack([x, (front + back) / 2]),
        np.column_stack([half_x, (back - front) / 2]),
        exponent,
    )


def resample(points_mm: Course, step_mm: float = 1.0) -> Points:
    """Lay a smooth curve through control points and return it at even steps.

    A natural cubic spline over the chord length, then linear in arc length on a dense sample.

    Parameters
    ----------
    points_mm : (n, 3) control points, n >= 2

    Returns
    -------
    (m, 3) float64, about ``step_mm`` apart, from the first control point to the last
    """
    control = np.array([np.asarray(point, dtype=np.float64) for point in points_mm])
    chord = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(control, axis=0), axis=1))])
    dense = CubicSpline(chord, control, bc_type="natural")(np.linspace(0.0, chord[-1], 40 * len(control)))
    along = arc_length_mm(dense)
    count = max(2, round(float(along[-1]) / step_mm) + 1)
    even = np.linspace(0.0, along[-1], count)
    return np.column_stack([np.interp(even, along, column) for column in dense.T])


def arc_length_mm(points_mm: Points) -> Floats:
    """Return the way along a polyline at each of its points, (n,) float64, mm, starting at 0."""
    steps = np.linalg.norm(np.diff(points_mm, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def tube(points_mm: Course, radius_mm: float | Floats) -> Tube:
    """Build a tube along a smooth curve through control points.

    ``radius_mm`` is one number, or one number per control point (linear in between along the way).
    """
    control = np.array([np.asarray(point, dtype=np.float64) for point in points_mm])
    radii = np.broadcast_to(np.asarray(radius_mm, dtype=np.float64), (len(control),))
    # Thick tubes bend gently: pieces of a third of their radius are fine enough, and fast to paint.
    points = resample(control, max(2.0, float(radii.mean()) / 3.0))
    share = arc_length_mm(control) / arc_length_mm(control)[-1]
    along = arc_length_mm(points) / arc_length_mm(points)[-1]
    return Tube(points, np.interp(along, share, radii), np.zeros(1, dtype=np.int64))


def rod(points_mm: Course, radius_mm: float) -> Tube:
    """Build a tube of straight pieces between control points: bones that nobody measures."""
    points = np.array([np.asarray(point, dtype=np.float64) for point in points_mm])
    return Tube(points, np.full(len(points), float(radius_mm)), np.zeros(1, dtype=np.int64))


def bundle(tubes: list[Tube]) -> Tube:
    """Join several tubes into one solid of many pieces, painted at once."""
    counts = np.cumsum([0, *(len(one.points_mm) for one in tubes)])
    starts = np.concatenate([one.starts + offset for one, offset in zip(tubes, counts[:-1], strict=True)])
    return Tube(
        np.concatenate([one.points_mm for one in tubes]),
        np.concatenate([one.radii_mm for one in tubes]),
        starts.astype(np.int64),
    )
