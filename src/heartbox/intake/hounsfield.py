"""Whether the numbers of a file without DICOM's header are Hounsfield units.

NIfTI and NRRD do not say what their values mean. A CT of the body always shows air (below -500 HU)
and soft tissue (-200 to 200 HU); masks, MR, scaled and windowed pictures do not show both.
"""

from __future__ import annotations

import numpy as np

from heartbox.problems import Problem
from heartbox.volume import LazyVolume

_AIR_HU = -500
_TISSUE_HU = (-200, 200)
#: Each kind must fill this share of the slices looked at.
_LEAST_SHARE = 0.005
#: Which slices are looked at, as shares of the whole.
_LOOKED_AT = (0.25, 0.5, 0.75)


def require_hounsfield(volume: LazyVolume, name: str) -> None:
    """Look at three slices.

    Raises
    ------
    Problem
        ``not-hounsfield`` with what was missing; whatever reading a slice raises.
    """
    count = volume.grid.shape[0]
    hu = np.stack([volume.read_slice(int(share * count)) for share in _LOOKED_AT])
    air = float((hu < _AIR_HU).mean())
    tissue = float(((hu > _TISSUE_HU[0]) & (hu < _TISSUE_HU[1])).mean())
    if air < _LEAST_SHARE:
        raise Problem("not-hounsfield", name=name, reason=f"no air: values from {hu.min()} to {hu.max()}")
    if tissue < _LEAST_SHARE or hu.max() == hu.min():
        raise Problem("not-hounsfield", name=name, reason="no soft tissue")
