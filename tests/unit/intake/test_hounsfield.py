"""Which numbers can be Hounsfield units of a body."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from heartbox.geometry import Grid
from heartbox.intake.hounsfield import require_hounsfield
from heartbox.problems import Problem
from heartbox.volume import LazyVolume
from makers.intake_dicom import voxels


def volume(hu: npt.NDArray[np.int16]) -> LazyVolume:
    return LazyVolume(Grid((len(hu), hu.shape[1], hu.shape[2]), np.eye(4)), lambda k: hu[k])


def test_air_and_tissue_together_are_taken() -> None:
    require_hounsfield(volume(voxels()), "scan.nii")


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 255), (0, 3000), (-100, 100), (-1000, -900), (300, 3000)]
)
def test_other_ranges_of_values_are_refused_by_name(low: int, high: int) -> None:
    values = np.random.default_rng(1).integers(low, high + 1, voxels().shape).astype(np.int16)
    with pytest.raises(Problem) as caught:
        require_hounsfield(volume(values), "scan.nii")
    assert caught.value.code == "not-hounsfield"
    assert "scan.nii" in str(caught.value)
