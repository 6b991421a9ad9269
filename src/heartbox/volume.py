"""Voxels with a place: a volume in memory, and one whose slices are read when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from heartbox.geometry import Box, Grid
from heartbox.problems import Problem

HuSlice: TypeAlias = npt.NDArray[np.int16]  # (y, x) HU
HuVolume: TypeAlias = npt.NDArray[np.int16]  # (z, y, x) HU

#: What a voxel holds that no ray passed through.
AIR_HU = -1024


@dataclass(frozen=True)
class Volume:
    """HU values on a grid.

    Parameters
    ----------
    hu : (z, y, x) int16, Hounsfield units
    grid : Grid of the same shape, voxel -> LPS mm
    provenance : where the voxels come from; never a patient's identifier
    """

    hu: HuVolume
    grid: Grid
    provenance: Mapping[str, str | int | float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.hu.shape != self.grid.shape:
            raise ValueError(f"voxels {self.hu.shape} do not fit the grid {self.grid.shape}")
        if self.hu.dtype != np.int16:
            raise ValueError(f"a volume holds int16 HU, not {self.hu.dtype}")


@dataclass(frozen=True)
class LazyVolume:
    """A grid whose slices are decoded one at a time, when somebody needs them.

    Parameters
    ----------
    grid : Grid of the whole scan; slice k is the plane of voxels (.., .., k)
    read_slice : k -> (y, x) int16 HU; raises Problem when that slice cannot be read
    """

    grid: Grid
    read_slice: Callable[[int], HuSlice]

    def read(self, start: tuple[int, int, int], stop: tuple[int, int, int]) -> Volume:
        """Read the block of voxels ``start <= (k, j, i) < stop`` and nothing else.

        Raises
        ------
        Problem
            Whatever ``read_slice`` raises.
        """
        (k0, j0, i0), (k1, j1, i1) = start, stop
        hu = np.empty((k1 - k0, j1 - j0, i1 - i0), dtype=np.int16)
        for k in range(k0, k1):
            hu[k - k0] = self.read_slice(k)[j0:j1, i0:i1]
        return Volume(hu, self.grid.cropped(start, stop))

    def read_box(self, box: Box) -> Volume:
        """Read the voxels that an LPS box needs (``Grid.voxel_range``).

        Raises
        ------
        Problem
            ``box-outside`` when the box misses the scan.
        """
        voxels = self.grid.voxel_range(box)
        if voxels is None:
            raise Problem("box-outside")
        return self.read(*voxels)

    @classmethod
    def of(cls, volume: Volume) -> LazyVolume:
        """Wrap a volume that already lies in memory."""
        return cls(volume.grid, lambda k: volume.hu[k])
