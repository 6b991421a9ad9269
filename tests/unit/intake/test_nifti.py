"""NIfTI: place, scale, laziness, and what is no CT."""

from __future__ import annotations

import gzip
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest

from heartbox.geometry import apply_affine
from heartbox.intake.door import open_series
from heartbox.problems import Problem
from makers.intake_dicom import voxels

RAS_OBLIQUE = np.array([[-1.2, 0.1, 0.4, 30], [0.1, 1.3, -0.5, -20], [0.2, 0.3, 2.9, 100], [0, 0, 0, 1.0]])


def save(path: Path, values: npt.NDArray[np.generic], affine: npt.NDArray[np.float64] = RAS_OBLIQUE) -> Path:
    nibabel.save(nibabel.Nifti1Image(values, affine), path)
    return path


def xyz() -> npt.NDArray[np.int16]:
    return np.ascontiguousarray(voxels().transpose(2, 1, 0))


def refusal(path: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        open_series(path)
    return caught.value


@pytest.mark.parametrize("ending", ["nii", "nii.gz"])
def test_oblique_affine_is_turned_from_ras_to_lps(tmp_path: Path, ending: str) -> None:
    series = open_series(save(tmp_path / f"scan.{ending}", xyz()))
    index = [5, 7, 3]
    ras = (RAS_OBLIQUE @ [*index, 1])[:3]
    assert np.allclose(apply_affine(series.volume.grid.affine, index), ras * [-1, -1, 1], atol=1e-4)
    assert series.volume.read_slice(3)[7, 5] == voxels()[3, 7, 5]


def test_slices_are_right_in_any_order_of_asking(tmp_path: Path) -> None:
    volume = open_series(save(tmp_path / "scan.nii.gz", xyz())).volume
    for k in (7, 2, 11, 11, 0):
        assert np.array_equal(volume.read_slice(k), voxels()[k])


def test_scale_of_the_header_is_applied(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image((xyz() + 1024).astype(np.int16), RAS_OBLIQUE)
    image.header.set_slope_inter(1, -1024)
    nibabel.save(image, tmp_path / "scan.nii")
    raw = bytearray((tmp_path / "scan.nii").read_bytes())
    header = nibabel.Nifti1Header.from_fileobj((tmp_path / "scan.nii").open("rb"))
    header["scl_slope"], header["scl_inter"] = 1, -1024
    raw[:348] = header.binaryblock
    begin = int(header.get_data_offset())
    raw[begin:] = (xyz() + 1024).astype("<i2").tobytes(order="F")
    (tmp_path / "scan.nii").write_bytes(raw)
    assert np.array_equal(open_series(tmp_path / "scan.nii").volume.read_slice(4), voxels()[4])


def test_real_values_are_rounded_and_no_number_is_air(tmp_path: Path) -> None:
    values = xyz() + np.float32(0.3)
    values[0, 0, 0] = np.nan
    hu = open_series(save(tmp_path / "scan.nii", values)).volume.read_slice(0)
    assert hu[0, 0] == -1024
    assert np.array_equal(hu.ravel()[1:], voxels()[0].ravel()[1:])


def test_mask_is_no_ct(tmp_path: Path) -> None:
    problem = refusal(save(tmp_path / "mask.nii.gz", (xyz() > 0).astype(np.uint8)))
    assert problem.code == "not-hounsfield"
    assert "mask.nii.gz" in str(problem)


def test_values_shifted_to_begin_at_zero_are_no_hu(tmp_path: Path) -> None:
    assert refusal(save(tmp_path / "scan.nii", (xyz() + 1024).astype(np.int16))).code == "not-hounsfield"


def test_air_alone_is_no_ct(tmp_path: Path) -> None:
    assert refusal(save(tmp_path / "scan.nii", np.full_like(xyz(), -1000))).code == "not-hounsfield"


def test_file_without_a_place_is_refused(tmp_path: Path) -> None:
    image = nibabel.Nifti1Image(xyz(), None)
    nibabel.save(image, tmp_path / "scan.nii")
    problem = refusal(tmp_path / "scan.nii")
    assert problem.code == "nifti-unreadable"
    assert "where it lies" in str(problem)


def test_file_of_four_axes_is_refused(tmp_path: Path) -> None:
    assert "three axes" in str(refusal(save(tmp_path / "scan.nii", np.stack([xyz(), xyz()], axis=-1))))


def test_cut_file_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.nii", xyz())
    path.write_bytes(path.read_bytes()[:-10])
    assert "fewer voxels" in str(refusal(path))


def test_cut_gzip_file_is_refused_when_the_missing_slice_is_read(tmp_path: Path) -> None:
    data = save(tmp_path / "scan.nii", xyz()).read_bytes()
    (tmp_path / "cut.nii.gz").write_bytes(gzip.compress(data[:-10]))
    series = open_series(tmp_path / "cut.nii.gz")
    with pytest.raises(Problem) as caught:
        series.volume.read_slice(11)
    assert caught.value.code == "nifti-unreadable"


def test_declared_size_beyond_the_limits_reserves_nothing(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.nii", xyz())
    data = bytearray(path.read_bytes())
    data[42:48] = b"\xff\x7f" * 3
    path.write_bytes(data)
    assert refusal(path).code == "too-large"


def test_short_scan_is_refused(tmp_path: Path) -> None:
    assert refusal(save(tmp_path / "scan.nii", xyz()[:, :, :5])).code == "too-few-slices"
