"""Whether the blood holds contrast, and how bright it is against what surrounds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_erosion

from heartbox.aorta.grids import Block
from heartbox.geometry import Points

#: Blood below this is not contrasted (measured: non-contrast tracks stay below 75 HU).
LEAST_BLOOD_HU = 95.0
#: Least share of bright voxels among the soft ones in the sector's middle.
LEAST_BRIGHT_SHARE = 0.08
_BRIGHT_HU = 110.0
_SOFT_HU = (-20.0, 700.0)
_BACKGROUND_HU = (-40.0, 120.0)
_LEAST_DROP_HU = 40.0
_RING_MM = (2.0, 5.0)
_USUAL_BACKGROUND_HU = 40.0
_LUNG_HU = (-950.0, -600.0)
_LUNG_EVERY, _LUNG_ERODED = 2, 2
_RAYS = 24


@dataclass(frozen=True)
class Levels:
    """Blood and what lies around it, HU; ``drop_hu`` is their difference."""

    blood_hu: float
    background_hu: float

    @property
    def drop_hu(self) -> float:
        """How much brighter blood is than its surroundings, HU."""
        return self.blood_hu - self.background_hu

    @property
    def half_hu(self) -> float:
        """The HU half-way between both: where the lumen's edge is seen."""
        return (self.blood_hu + self.background_hu) / 2


def bright_share(block: Block) -> float:
    """Return the share of soft voxels above 110 HU in the middle half of a sector, 0..1."""
    nz, ny, nx = block.hu.shape
    middle = block.hu[nz // 4 : nz - nz // 4, ny // 4 : ny - ny // 4, nx // 4 : nx - nx // 4]
    soft = (middle > _SOFT_HU[0]) & (middle < _SOFT_HU[1])
    return float((middle[soft] > _BRIGHT_HU).mean()) if soft.any() else 0.0


def lung_share(block: Block) -> float:
    """Return the share of a sector's voxels deep in lung, 0..1; the skins of air and gas do not count."""
    every = slice(None, None, _LUNG_EVERY)
    hu, inside = block.hu[every, every, every], block.inside[every, every, every]
    deep = binary_erosion((hu > _LUNG_HU[0]) & (hu < _LUNG_HU[1]), iterations=_LUNG_ERODED)
    return float(deep[inside].mean()) if inside.any() else 0.0


def read_levels(block: Block, centres_mm: Points, radii_mm: npt.NDArray[np.float64]) -> Levels:
    """Read the blood's HU inside circles and the background's in a ring 2-5 mm outside them.

    Parameters
    ----------
    block : Block
    centres_mm : (n, 3) float64, LPS mm, centres of axial circles on one vessel
    radii_mm : (n,) float64, mm
    """
    inside = [float(np.median(_on_circles(block, centres_mm, radii_mm * share))) for share in (0.0, 0.3, 0.5)]
    blood = float(np.median(inside))
    ring = np.concatenate(
        [_on_circles(block, centres_mm, radii_mm + out) for out in np.linspace(*_RING_MM, 4)], axis=None
    )
    ceiling = min(_BACKGROUND_HU[1], blood - _LEAST_DROP_HU)
    soft = ring[(ring > _BACKGROUND_HU[0]) & (ring < ceiling)]
    background = float(np.median(soft)) if len(soft) > _RAYS else _USUAL_BACKGROUND_HU
    return Levels(blood, background)


def _on_circles(
    block: Block, centres_mm: Points, radii_mm: npt.NDArray[np.float64]
) -> npt.NDArray[np.float32]:
    angles = np.arange(_RAYS) * 2 * np.pi / _RAYS
    ring = np.stack([np.cos(angles), np.sin(angles), np.zeros(_RAYS)], axis=1)
    points = centres_mm[:, None] + radii_mm[:, None, None] * ring
    indices = np.rint(block.kji(points)).astype(int).reshape(-1, 3)
    k, j, i = np.clip(indices, 0, np.array(block.hu.shape) - 1).T
    values: npt.NDArray[np.float32] = block.hu[k, j, i]
    return values
