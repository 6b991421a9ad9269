"""The compiled inner loops of the raster: one solid, one block of voxels, nothing else.

Arrays: ``view`` (z, y, x) float32, painted in place; ``affine`` (3, 4) float64, voxel (i, j, k, 1) ->
body mm. An ink is ``(texture lattice, value, amplitude of the texture, 1 / width of the edge in mm)``.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numba
import numpy as np
import numpy.typing as npt

Hu: TypeAlias = npt.NDArray[np.float32]
Floats: TypeAlias = npt.NDArray[np.float64]
Ink: TypeAlias = tuple[Hu, float, float, float]
#: ``(3, 4) voxel -> unit coordinates, (3, 3) body mm -> unit coordinates, exponent``
EllipsoidSolid: TypeAlias = tuple[Floats, Floats, float]
#: ``(n, 4) centre x, centre y, half width x, half width y of each section, lowest z, highest z, exponent``
StackSolid: TypeAlias = tuple[Floats, float, float, float]
#: ``(n, 3) points, (n,) radii, (n,) whether a point ends its piece``
TubeSolid: TypeAlias = tuple[Floats, Floats, npt.NDArray[np.bool_]]

#: Pitch of the texture's lattice, mm, and its side in lattice points (a power of two).
TEXTURE_PITCH_MM = 3.0
TEXTURE_SIDE = 32
#: The edge reaches half its width to each side; a quarter more allows for the distance's curvature.
_EDGE_REACH = 0.75


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def blend_ellipsoid(view: Hu, affine: Floats, solid: EllipsoidSolid, ink: Ink) -> None:
    """Paint one (super)ellipsoid."""
    matrix, to_unit, exponent = solid
    stretch = 0.0
    for row in range(3):
        stretch = max(stretch, to_unit[row, 0] ** 2 + to_unit[row, 1] ** 2 + to_unit[row, 2] ** 2)
    # The exact norm is asked for in a shell around the surface only: the p-norm of three numbers
    # is at most their 2-norm and at least 3^(1/p - 1/2) of it.
    margin = _EDGE_REACH / ink[3] * math.sqrt(stretch)
    surely_in = max(0.01, max(0.0, 1.0 - margin) ** 2)
    surely_out = ((1.0 + margin) * 3.0 ** (0.5 - 1.0 / exponent)) ** 2
    nz, ny, nx = view.shape
    for k in range(nz):
        for j in range(ny):
            u0 = matrix[0, 1] * j + matrix[0, 2] * k + matrix[0, 3]
            v0 = matrix[1, 1] * j + matrix[1, 2] * k + matrix[1, 3]
            w0 = matrix[2, 1] * j + matrix[2, 2] * k + matrix[2, 3]
            for i in range(nx):
                u, v, w = u0 + matrix[0, 0] * i, v0 + matrix[1, 0] * i, w0 + matrix[2, 0] * i
                squared = u * u + v * v + w * w
                if squared > surely_out:
                    continue
                share = 1.0
                if squared > surely_in:
                    share = 0.5 - _ellipsoid_distance(u, v, w, to_unit, exponent) * ink[3]
                if share > 0.0:
                    _mix(view, affine, (k, j, i), ink, share)


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _ellipsoid_distance(u: float, v: float, w: float, to_unit: Floats, exponent: float) -> float:
    """Signed distance to the surface to first order, mm: (norm - 1) over the norm's gradient."""
    if exponent == 2.0:
        f = math.sqrt(u * u + v * v + w * w)
        gu, gv, gw = u / f, v / f, w / f
    else:
        au, av, aw = abs(u), abs(v), abs(w)
        f = (au**exponent + av**exponent + aw**exponent) ** (1.0 / exponent)
        gu = math.copysign((au / f) ** (exponent - 1.0), u)
        gv = math.copysign((av / f) ** (exponent - 1.0), v)
        gw = math.copysign((aw / f) ** (exponent - 1.0), w)
    sx = to_unit[0, 0] * gu + to_unit[1, 0] * gv + to_unit[2, 0] * gw
    sy = to_unit[0, 1] * gu + to_unit[1, 1] * gv + to_unit[2, 1] * gw
    sz = to_unit[0, 2] * gu + to_unit[1, 2] * gv + to_unit[2, 2] * gw
    return (f - 1.0) / math.sqrt(sx * sx + sy * sy + sz * sz)


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def blend_stack(view: Hu, affine: Floats, solid: StackSolid, ink: Ink) -> None:
    """Paint one stack of (super)ellipses."""
    table, low_z, high_z, exponent = solid
    bulge = 2.0 ** (0.5 - 1.0 / exponent)
    nz, ny, nx = view.shape
    section_z = -1e30
    beyond = 0.0
    centre_x, centre_y, per_a, per_b = 0.0, 0.0, 1.0, 1.0
    surely_in, surely_out = 0.0, 0.0
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                z = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]
                if z != section_z:
                    # Rows of an axial grid keep their height: the section is read once a row.
                    section_z = z
                    beyond = max(z - high_z, low_z - z)
                    centre_x, centre_y, per_a, per_b = _section(table, (z - low_z) / (high_z - low_z))
                    margin = _EDGE_REACH / ink[3] * max(per_a, per_b)
                    surely_in = max(0.01, max(0.0, 1.0 - margin) ** 2)
                    surely_out = ((1.0 + margin) * bulge) ** 2
                if beyond * ink[3] > 0.5:
                    continue
                x = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]
                y = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]
                u, v = abs(x - centre_x) * per_a, abs(y - centre_y) * per_b
                squared = u * u + v * v
                if squared > surely_out:
                    continue
                distance = beyond
                if squared > surely_in:
                    f = (u**exponent + v**exponent) ** (1.0 / exponent)
                    gu, gv = (u / f) ** (exponent - 1.0) * per_a, (v / f) ** (exponent - 1.0) * per_b
                    distance = max(distance, (f - 1.0) / math.sqrt(gu * gu + gv * gv))
                share = 0.5 - distance * ink[3]
                if share > 0.0:
                    _mix(view, affine, (k, j, i), ink, share)


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _section(table: Floats, share: float) -> tuple[float, float, float, float]:
    """Read centre and reciprocal half widths at a share 0..1 of the stack's height."""
    rows = table.shape[0]
    place = min(max(share * (rows - 1), 0.0), rows - 1.000001)
    row = int(place)
    t = place - row
    x = table[row, 0] * (1 - t) + table[row + 1, 0] * t
    y = table[row, 1] * (1 - t) + table[row + 1, 1] * t
    a = table[row, 2] * (1 - t) + table[row + 1, 2] * t
    b = table[row, 3] * (1 - t) + table[row + 1, 3] * t
    return x, y, 1.0 / a, 1.0 / b


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def tube_distance(distance: Hu, affine: Floats, inverse: Floats, solid: TubeSolid, edge_mm: float) -> None:
    """Lower ``distance`` (z, y, x) to the signed distance from a tube's surface, mm, near the tube."""
    points, radii, last = solid
    for n in range(len(points) - 1):
        if last[n]:
            continue
        p, q = points[n], points[n + 1]
        r, s = radii[n], radii[n + 1]
        d = q - p
        length2 = d[0] * d[0] + d[1] * d[1] + d[2] * d[2]
        reach = max(r, s) + edge_mm
        i0, i1 = _reach(inverse[0], p, q, reach, distance.shape[2])
        j0, j1 = _reach(inverse[1], p, q, reach, distance.shape[1])
        k0, k1 = _reach(inverse[2], p, q, reach, distance.shape[0])
        for k in range(k0, k1):
            for j in range(j0, j1):
                for i in range(i0, i1):
                    x = affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3] - p[0]
                    y = affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3] - p[1]
                    z = affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3] - p[2]
                    t = min(max((x * d[0] + y * d[1] + z * d[2]) / length2, 0.0), 1.0)
                    x, y, z = x - t * d[0], y - t * d[1], z - t * d[2]
                    away = _tube_surface(math.sqrt(x * x + y * y + z * z), r * (1 - t) + s * t, edge_mm)
                    if away < distance[k, j, i]:
                        distance[k, j, i] = away


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _tube_surface(from_axis: float, radius: float, edge_mm: float) -> float:
    """Signed distance to a disc's rim, with the edge made fainter so that the disc keeps its area.

    A linear edge of width ``w`` adds ``pi w^2 / 12`` to a disc's area, and ``pi (r + w/2)^3 / (3 w)``
    is all the area of a disc thinner than the edge: this matters for thin vessels on coarse grids.
    """
    half = 0.5 * edge_mm
    if radius < half:
        weight = 3.0 * edge_mm * radius**2 / (radius + half) ** 3
    else:
        weight = radius**2 / (radius**2 + edge_mm**2 / 12.0)
    return half - weight * (half - (from_axis - radius))


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _reach(row: Floats, p: Floats, q: Floats, reach_mm: float, count: int) -> tuple[int, int]:
    """Find the voxels along one axis that a segment's bounding box touches: start and stop."""
    a = row[0] * p[0] + row[1] * p[1] + row[2] * p[2] + row[3]
    b = row[0] * q[0] + row[1] * q[1] + row[2] * q[2] + row[3]
    wide = reach_mm * math.sqrt(row[0] ** 2 + row[1] ** 2 + row[2] ** 2)
    return max(0, math.ceil(min(a, b) - wide)), min(count, math.floor(max(a, b) + wide) + 1)


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def blend_distance(view: Hu, distance: Hu, affine: Floats, ink: Ink) -> None:
    """Paint where a signed distance, mm, lies inside or within half an edge of the surface."""
    nz, ny, nx = view.shape
    for k in range(nz):
        for j in range(ny):
            for i in range(nx):
                share = 0.5 - distance[k, j, i] * ink[3]
                if share > 0.0:
                    _mix(view, affine, (k, j, i), ink, share)


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _mix(view: Hu, affine: Floats, at: tuple[int, int, int], ink: Ink, share: float) -> None:
    k, j, i = at
    value = ink[1]
    if ink[2] > 0.0:
        value += ink[2] * _texture(ink[0], affine, at)
    view[k, j, i] += np.float32(min(share, 1.0) * (value - view[k, j, i]))


@numba.njit(cache=True, fastmath=True)  # type: ignore[untyped-decorator]
def _texture(bank: Hu, affine: Floats, at: tuple[int, int, int]) -> float:
    """Read the periodic lattice at a voxel, trilinear."""
    k, j, i = at
    mask = TEXTURE_SIDE - 1
    x = (affine[0, 0] * i + affine[0, 1] * j + affine[0, 2] * k + affine[0, 3]) / TEXTURE_PITCH_MM
    y = (affine[1, 0] * i + affine[1, 1] * j + affine[1, 2] * k + affine[1, 3]) / TEXTURE_PITCH_MM
    z = (affine[2, 0] * i + affine[2, 1] * j + affine[2, 2] * k + affine[2, 3]) / TEXTURE_PITCH_MM
    i0, j0, k0 = math.floor(x), math.floor(y), math.floor(z)
    fx, fy, fz = x - i0, y - j0, z - k0
    i1, j1, k1 = (i0 + 1) & mask, (j0 + 1) & mask, (k0 + 1) & mask
    i0, j0, k0 = i0 & mask, j0 & mask, k0 & mask
    front = bank[k0, j0, i0] * (1 - fx) + bank[k0, j0, i1] * fx
    back = bank[k0, j1, i0] * (1 - fx) + bank[k0, j1, i1] * fx
    low = front * (1 - fy) + back * fy
    front = bank[k1, j0, i0] * (1 - fx) + bank[k1, j0, i1] * fx
    back = bank[k1, j1, i0] * (1 - fx) + bank[k1, j1, i1] * fx
    return float(low * (1 - fz) + (front * (1 - fy) + back * fy) * fz)
