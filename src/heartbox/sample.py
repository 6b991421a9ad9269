"""What the net sees: a cube of area means on an LPS-aligned grid, read from as few slices as will do.

The rule, exactly (a second language follows it word by word):

1. **Slices.** ``dz`` is the distance of neighbouring slices along their normal. Every
   ``base = max(1, floor(reduced_mm / dz + 1e-6))``-th slice may be read: with ``n`` slices and
   ``m = floor((n - 1) / base) + 1`` of them, those from ``floor((n - 1 - (m - 1) * base) / 2)`` on.
   A wanted spacing ``w`` takes every ``2^p``-th of these from the first on, with the largest
   ``p >= 0`` for which ``2^p * base * dz <= w + 1e-6``, or 0: a coarse choice is part of every
   finer one. Counting runs with the LPS axis that the slice axis follows most (to the left, the
   back or the head), so that a reversed series gives the same slices.
2. **Means in the plane.** A row of ``n`` pixels of ``d`` mm becomes
   ``min(n, max(1, floor(n * d / w + 0.5)))`` equal bins, each the mean of the pixels that it
   covers, weighted by the covered length; then the columns likewise. A slice is reduced to
   ``reduced_mm`` when it is read, and kept; a coarser ``w`` reduces that again.
3. **Resampling.** Each voxel centre of the wanted grid goes through the affine into the block of
   reduced slices and is interpolated linearly along all three axes; beyond the outermost centres
   the outermost value holds. A centre outside of the scan's outer faces is ``AIR_HU`` and not inside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from heartbox.geometry import Affine, Box, Grid, apply_affine
from heartbox.volume import AIR_HU, LazyVolume

Hu: TypeAlias = npt.NDArray[np.float32]

#: Keeps a quotient that is a whole number but for rounding from falling one short.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class SampledVolume:
    """HU on a canonical grid, and where the scan ends.

    Parameters
    ----------
    hu : (z, y, x) float32, HU; ``AIR_HU`` outside of the scan
    inside : (z, y, x) bool, whether the voxel's centre lies in the scan
    grid : Grid of both, axes along LPS, all rising
    """

    hu: Hu
    inside: npt.NDArray[np.bool_]
    grid: Grid


@dataclass(frozen=True)
class Block:
    """Reduced slices with a place.

    Parameters
    ----------
    hu : (k, j, i) float32, HU
    affine : (4, 4) float64, index (i, j, k) in the block -> LPS mm
    """

    hu: Hu
    affine: Affine


class ReducedScan:
    """A scan whose slices are read once, reduced in the plane and kept (rules 1 and 2).

    Parameters
    ----------
    volume : the scan
    reduced_mm : the finest spacing that anybody will ask for, mm
    on_read : called after each slice that is read for the first time
    """

    def __init__(
        self, volume: LazyVolume, reduced_mm: float, on_read: Callable[[], None] = lambda: None
    ) -> None:
        self.grid = volume.grid
        self._volume = volume
        self._reduced_mm = reduced_mm
        self._on_read = on_read
        self._slices: dict[int, Hu] = {}

    @property
    def slices_read(self) -> int:
        """How many slices were read so far."""
        return len(self._slices)

    def block(self, spacing_mm: float, box: Box | None = None) -> Block:
        """Reduce the slices that a box needs, at about a spacing.

        Parameters
        ----------
        spacing_mm : wanted distance of voxels, mm, at least ``reduced_mm``
        box : LPS mm; None takes the whole scan

        Returns
        -------
        Block, at least one slice, even when the box misses the scan

        Raises
        ------
        Problem
            Whatever reading a slice raises.
        """
        chosen = self.chosen_slices(spacing_mm)
        if box is not None:
            chosen = self._needed(chosen, box)
        hu = np.stack([reduce_in_plane(self._slice(k), self._pixel_mm(), spacing_mm) for k in chosen])
        step = chosen[1] - chosen[0] if len(chosen) > 1 else 1
        return Block(hu, reduced_affine(self.grid, (hu.shape[1], hu.shape[2]), chosen[0], step))

    def chosen_slices(self, spacing_mm: float) -> list[int]:
        """List the slices that a spacing takes, rising k (rule 1)."""
        count = self.grid.shape[0]
        distance = slice_distance_mm(self.grid)
        base = max(1, math.floor(self._reduced_mm / distance + _ROUNDING))
        kept = (count - 1) // base + 1
        first = (count - 1 - (kept - 1) * base) // 2
        step = base
        while 2 * step * distance <= spacing_mm + _ROUNDING:
            step *= 2
        chosen = list(range(first, first + (kept - 1) * base + 1, step))
        if _runs_down(self.grid):
            chosen = [count - 1 - k for k in reversed(chosen)]
        return chosen

    def _needed(self, chosen: list[int], box: Box) -> list[int]:
        depth = apply_affine(self.grid.inverse, box.corners_mm)[:, 2]
        ks = np.array(chosen)
        first = max(int(np.searchsorted(ks, depth.min(), side="right")) - 1, 0)
        last = min(int(np.searchsorted(ks, depth.max(), side="left")), len(chosen) - 1)
        return chosen[min(first, last) : last + 1]

    def _pixel_mm(self) -> tuple[float, float]:
        """Size of a reduced pixel along j and i."""
        _, rows, columns = self.grid.shape
        di, dj, _ = self.grid.spacing_mm.tolist()
        return (
            rows * dj / bins_for(rows, dj, self._reduced_mm),
            columns * di / bins_for(columns, di, self._reduced_mm),
        )

    def _slice(self, k: int) -> Hu:
        if k not in self._slices:
            di, dj, _ = self.grid.spacing_mm.tolist()
            self._slices[k] = reduce_in_plane(self._volume.read_slice(k), (dj, di), self._reduced_mm)
            self._on_read()
        return self._slices[k]


def sample_volume(scan: LazyVolume | ReducedScan, wanted: Grid) -> SampledVolume:
    """Bring a scan of any orientation onto a canonical grid (rules 1 to 3).

    Parameters
    ----------
    scan : the scan, or the same with slices already read and kept
    wanted : Grid of cubic voxels, axes along LPS

    Returns
    -------
    SampledVolume on ``wanted``

    Raises
    ------
    Problem
        Whatever reading a slice raises.
    """
    spacing_mm = float(wanted.spacing_mm[0])
    reduced = ReducedScan(scan, spacing_mm) if isinstance(scan, LazyVolume) else scan
    block = reduced.block(spacing_mm, wanted.bounds_mm)
    return resample(block, reduced.grid, wanted)


def resample(block: Block, scan: Grid, wanted: Grid) -> SampledVolume:
    """Interpolate a block of reduced slices on a canonical grid (rule 3).

    Parameters
    ----------
    block : reduced slices of the scan
    scan : the scan's own grid, which says where the scan ends
    wanted : canonical Grid

    Returns
    -------
    SampledVolume on ``wanted``
    """
    to_block = np.linalg.inv(block.affine) @ wanted.affine
    matrix, offset = to_block[2::-1, 2::-1], to_block[2::-1, 3]
    hu = ndimage.affine_transform(
        block.hu, matrix, offset, wanted.shape, output=np.float32, order=1, mode="nearest"
    )
    inside = _inside(scan, wanted)
    hu[~inside] = AIR_HU
    return SampledVolume(hu, inside, wanted)


def reduce_in_plane(
    values: npt.NDArray[np.int16] | Hu, pixel_mm: tuple[float, float], spacing_mm: float
) -> Hu:
    """Take area means of a slice (rule 2).

    Parameters
    ----------
    values : (j, i) HU
    pixel_mm : distance of pixels along j and along i, mm
    spacing_mm : wanted distance, mm

    Returns
    -------
    (bins along j, bins along i) float32, HU
    """
    rows, columns = values.shape
    over_rows = area_weights(rows, bins_for(rows, pixel_mm[0], spacing_mm))
    over_columns = area_weights(columns, bins_for(columns, pixel_mm[1], spacing_mm))
    return np.asarray(over_rows @ values.astype(np.float32) @ over_columns.T)


def reduced_affine(grid: Grid, bins: tuple[int, int], first: int, step: int) -> Affine:
    """Give the place of a block: bins (along j, i) of every ``step``-th slice from ``first`` on.

    Returns
    -------
    (4, 4) float64, index in the block -> LPS mm
    """
    _, rows, columns = grid.shape
    per_bin = np.array([columns / bins[1], rows / bins[0], step], dtype=np.float64)
    start = np.array([per_bin[0] / 2 - 0.5, per_bin[1] / 2 - 0.5, first])
    affine = grid.affine.copy()
    affine[:3, :3] = grid.affine[:3, :3] * per_bin
    affine[:3, 3] = apply_affine(grid.affine, start)
    return affine


def bins_for(pixels: int, pixel_mm: float, spacing_mm: float) -> int:
    """Count the bins of a row of pixels at about a spacing."""
    return min(pixels, max(1, math.floor(pixels * pixel_mm / spacing_mm + 0.5)))


def area_weights(pixels: int, bins: int) -> Hu:
    """Weigh pixels into equal bins by the length that each covers.

    Parameters
    ----------
    pixels, bins : counts, ``bins <= pixels``

    Returns
    -------
    (bins, pixels) float32, each row sums to 1
    """
    width = pixels / bins
    edges = np.arange(bins + 1) * width
    pixel = np.arange(pixels)[None]
    covered = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return np.asarray(np.maximum(covered, 0.0) / width, dtype=np.float32)


def slice_distance_mm(grid: Grid) -> float:
    """Distance of neighbouring slices along their normal, mm (a sheared grid's step is longer)."""
    return abs(float(grid.affine[:3, 2] @ grid.slice_normal))


def _runs_down(grid: Grid) -> bool:
    along = grid.affine[:3, 2]
    return bool(along[np.argmax(np.abs(along))] < 0)


def _inside(scan: Grid, wanted: Grid) -> npt.NDArray[np.bool_]:
    to_scan = scan.inverse @ wanted.affine
    k, j, i = np.ogrid[: wanted.shape[0], : wanted.shape[1], : wanted.shape[2]]
    inside = np.ones(wanted.shape, dtype=bool)
    for row, count in zip(to_scan[:3], scan.shape[::-1], strict=True):
        index = row[0] * i + row[1] * j + row[2] * k + row[3]
        inside &= (index >= -0.5) & (index <= count - 0.5)
    return inside
