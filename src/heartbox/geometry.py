"""Where things are: LPS millimetres, affines, voxel grids and boxes, with no voxel in sight.

One frame everywhere: LPS (x grows to the patient's left, y to the back, z to the head), in
millimetres. Arrays are indexed ``[z, y, x]``; an affine maps the homogeneous voxel index
``(i=x, j=y, k=z, 1)`` to the LPS position of that voxel's *centre*. A box is
``[x0, x1, y0, y1, z0, z1]`` and reaches to the *outer faces* of voxels.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

Points: TypeAlias = npt.NDArray[np.float64]  # (..., 3) LPS mm, or voxel indices (i, j, k)
Affine: TypeAlias = npt.NDArray[np.float64]  # (4, 4), voxel (i, j, k, 1) -> LPS mm

#: Steps between slices may differ from their median by this much (mm) or this share, whichever is larger.
SPACING_TOLERANCE_MM = 0.02
SPACING_TOLERANCE_SHARE = 0.01
#: Two direction cosines closer than this are the same orientation (2e-3 is about 0.1 degree).
ORIENTATION_TOLERANCE = 2e-3
#: Two slices closer than this along the normal lie at one position.
SAME_POSITION_MM = 0.01
#: A slice step that leaves the slice normal by more than this angle is a gantry tilt.
TILT_TOLERANCE_DEG = 0.5

#: Names of a box's six faces, in the order of its six numbers.
FACES = ("right", "left", "anterior", "posterior", "inferior", "superior")

_RAS_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def lps_from_ras(affine: Affine) -> Affine:
    """Turn an affine that ends in RAS mm (NIfTI) into one that ends in LPS mm, or back.

    Parameters
    ----------
    affine : (4, 4) float64, voxel -> RAS mm

    Returns
    -------
    (4, 4) float64, voxel -> LPS mm
    """
    return _RAS_TO_LPS @ affine


def apply_affine(affine: Affine, points: npt.ArrayLike) -> Points:
    """Map points through an affine.

    Parameters
    ----------
    affine : (4, 4) float64
    points : (..., 3) array_like, in the affine's input space (for a voxel affine: i, j, k)

    Returns
    -------
    (..., 3) float64, in the affine's output space (for a voxel affine: LPS mm)
    """
    return np.asarray(points, dtype=np.float64) @ affine[:3, :3].T + affine[:3, 3]


@dataclass(frozen=True)
class Box:
    """An LPS-aligned box: six outer faces in mm, ``x0 < x1``, ``y0 < y1``, ``z0 < z1``.

    Raises
    ------
    ValueError
        When a number is not finite or a face lies on the wrong side of its opposite.
    """

    x0: float
    x1: float
    y0: float
    y1: float
    z0: float
    z1: float

    def __post_init__(self) -> None:
        if not np.isfinite(self.faces_mm).all():
            raise ValueError(f"a box needs six finite numbers, not {self.faces_mm}")
        if not (self.x0 < self.x1 and self.y0 < self.y1 and self.z0 < self.z1):
            raise ValueError(f"a box needs x0 < x1, y0 < y1, z0 < z1, not {self.faces_mm}")

    @classmethod
    def of(cls, faces_mm: Iterable[float]) -> Self:
        """Build a box from ``[x0, x1, y0, y1, z0, z1]`` (LPS mm)."""
        return cls(*(float(face) for face in faces_mm))

    @classmethod
    def around(cls, points: npt.ArrayLike) -> Self:
        """Build the smallest box around points, (n, 3) LPS mm."""
        points = np.asarray(points, dtype=np.float64).reshape(-1, 3)
        low, high = points.min(axis=0), points.max(axis=0)
        return cls.of(np.stack([low, high], axis=1).ravel())

    @property
    def faces_mm(self) -> tuple[float, float, float, float, float, float]:
        """The six numbers ``(x0, x1, y0, y1, z0, z1)``, LPS mm."""
        return (self.x0, self.x1, self.y0, self.y1, self.z0, self.z1)

    @property
    def low_mm(self) -> Points:
        """The corner (x0, y0, z0), (3,) float64, LPS mm."""
        return np.array([self.x0, self.y0, self.z0])

    @property
    def high_mm(self) -> Points:
        """The corner (x1, y1, z1), (3,) float64, LPS mm."""
        return np.array([self.x1, self.y1, self.z1])

    @property
    def centre_mm(self) -> Points:
        """The middle of the box, (3,) float64, LPS mm."""
        return (self.low_mm + self.high_mm) / 2

    @property
    def size_mm(self) -> Points:
        """The edge lengths along x, y, z, (3,) float64, mm."""
        return self.high_mm - self.low_mm

    @property
    def corners_mm(self) -> Points:
        """The eight corners, (8, 3) float64, LPS mm."""
        grid = np.meshgrid(*np.stack([self.low_mm, self.high_mm], axis=1), indexing="ij")
        return np.stack(grid, axis=-1).reshape(-1, 3)

    def grown(self, margin_mm: Iterable[float]) -> Box:
        """Return the box with each face moved outwards by ``margin_mm`` (six numbers, mm)."""
        outwards = np.array([-1, 1, -1, 1, -1, 1]) * np.array(list(margin_mm), dtype=np.float64)
        return Box.of(np.array(self.faces_mm) + outwards)

    def intersection(self, other: Box) -> Box | None:
        """Return the part both boxes share, or None when they share no volume."""
        low = np.maximum(self.low_mm, other.low_mm)
        high = np.minimum(self.high_mm, other.high_mm)
        if (high <= low).any():
            return None
        return Box.of(np.stack([low, high], axis=1).ravel())

    def iou(self, other: Box) -> float:
        """Return the volume of the intersection over the volume of the union, 0..1."""
        shared = self.intersection(other)
        if shared is None:
            return 0.0
        inner = float(np.prod(shared.size_mm))
        return inner / float(np.prod(self.size_mm) + np.prod(other.size_mm) - inner)

    def contains(self, points: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Tell for points, (..., 3) LPS mm, whether they lie in the closed box: (...,) bool."""
        points = np.asarray(points, dtype=np.float64)
        inside = (points >= self.low_mm) & (points <= self.high_mm)
        return np.asarray(inside.all(axis=-1))


@dataclass(frozen=True)
class Grid:
    """A voxel grid: shape and affine, with no voxels.

    Parameters
    ----------
    shape : (z, y, x) counts of voxels
    affine : (4, 4) float64, voxel (i, j, k, 1) -> LPS mm of the voxel's centre; may be sheared
    """

    shape: tuple[int, int, int]
    affine: Affine

    def __post_init__(self) -> None:
        if min(self.shape) < 1:
            raise ValueError(f"a grid needs at least one voxel along each axis, not {self.shape}")
        if self.affine.shape != (4, 4) or not np.isfinite(self.affine).all():
            raise ValueError("a grid needs a finite 4 x 4 affine")
        if abs(np.linalg.det(self.affine[:3, :3])) < 1e-9:
            raise ValueError("a grid needs an affine that can be inverted")

    @property
    def spacing_mm(self) -> Points:
        """Distance between neighbouring voxel centres along i, j, k, (3,) float64, mm."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    @property
    def slice_normal(self) -> Points:
        """Unit normal of the slices (row direction x column direction), (3,) float64, LPS."""
        normal = np.cross(self.affine[:3, 0], self.affine[:3, 1])
        return np.asarray(normal / np.linalg.norm(normal))

    @property
    def inverse(self) -> Affine:
        """The affine LPS mm -> voxel (i, j, k), (4, 4) float64."""
        return np.asarray(np.linalg.inv(self.affine))

    @property
    def corners_mm(self) -> Points:
        """The eight outer corners of the grid (faces of voxels), (8, 3) float64, LPS mm."""
        nz, ny, nx = self.shape
        voxels = Box(-0.5, nx - 0.5, -0.5, ny - 0.5, -0.5, nz - 0.5)
        return apply_affine(self.affine, voxels.corners_mm)

    @property
    def bounds_mm(self) -> Box:
        """The smallest LPS box around the grid's outer faces."""
        return Box.around(self.corners_mm)

    @property
    def is_lps_aligned(self) -> bool:
        """Whether each voxel axis runs along one LPS axis (in either sense)."""
        directions = np.abs(self.affine[:3, :3] / self.spacing_mm)
        return bool(np.allclose(np.sort(directions, axis=0)[:2], 0, atol=ORIENTATION_TOLERANCE))

    def cropped(self, start: tuple[int, int, int], stop: tuple[int, int, int]) -> Grid:
        """Return the sub-grid of voxels ``start <= (k, j, i) < stop``; positions stay the same."""
        affine = self.affine.copy()
        affine[:3, 3] = apply_affine(self.affine, np.array(start[::-1], dtype=np.float64))
        nz, ny, nx = (b - a for a, b in zip(start, stop, strict=True))
        return Grid((nz, ny, nx), affine)

    def voxel_range(self, box: Box) -> tuple[tuple[int, int, int], tuple[int, int, int]] | None:
        """Find the voxels that a box needs: the smallest index block that covers it.

        Parameters
        ----------
        box : Box, LPS mm

        Returns
        -------
        ``(start, stop)`` as (k, j, i), cut to the grid, or None when the box misses the grid
        """
        corners = apply_affine(self.inverse, box.corners_mm)
        low = np.floor(corners.min(axis=0) + 0.5 + 1e-6).astype(int)
        high = np.ceil(corners.max(axis=0) + 0.5 - 1e-6).astype(int)
        counts = np.array(self.shape[::-1])
        low, high = np.maximum(low, 0), np.minimum(high, counts)
        if (high <= low).any():
            return None
        (i0, j0, k0), (i1, j1, k1) = low.tolist(), high.tolist()
        return (k0, j0, i0), (k1, j1, i1)


def isotropic_grid(box: Box, spacing_mm: float) -> Grid:
    """Lay cubic voxels over a box in the canonical frame (axes along LPS, all rising).

    The grid is centred on the box and covers it; the first voxel's centre lies half a voxel
    inside the grid's outer face.
    """
    counts = np.maximum(np.ceil(box.size_mm / spacing_mm - 1e-9), 1).astype(int)
    origin = box.centre_mm - (counts - 1) / 2 * spacing_mm
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = origin
    nx, ny, nz = counts.tolist()
    return Grid((nz, ny, nx), affine)
