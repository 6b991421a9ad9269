"""What one header must say before its image is taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.dataset import Dataset, FileDataset

from heartbox.intake.files import list_files
from heartbox.intake.headers import Header, judge_header, read_dicom_head
from heartbox.problems import Problem
from makers.intake_dicom import AXIAL, COUNT, ORIGIN_MM, PIXEL_MM, ct_slice, enhanced, positions, voxels


def header_of(dataset: FileDataset, folder: Path) -> Header:
    path = folder / "one.dcm"
    dataset.save_as(path, enforce_file_format=True)
    (member,) = list_files(path)
    return judge_header(member, read_dicom_head(member))


def sample() -> FileDataset:
    return ct_slice(voxels(1)[0], ORIGIN_MM, 1, 0)


def refusal(dataset: FileDataset, folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        header_of(dataset, folder)
    return caught.value


def test_plane_is_what_the_header_says(tmp_path: Path) -> None:
    (plane,) = header_of(sample(), tmp_path).planes
    assert plane.position_mm == tuple(ORIGIN_MM)
    assert (plane.orientation, plane.pixel_mm) == (AXIAL, PIXEL_MM)
    assert (plane.slope, plane.intercept) == (1, -1024)


def test_each_frame_of_an_enhanced_file_has_its_own_plane(tmp_path: Path) -> None:
    header = header_of(enhanced(positions(), list(range(1, COUNT + 1))), tmp_path)
    assert [plane.position_mm for plane in header.planes] == [tuple(place) for place in positions()]
    assert [plane.slope for plane in header.planes] == list(range(1, COUNT + 1))


@pytest.mark.parametrize(
    ("keyword", "value", "code"),
    [
        ("Modality", "PT", "no-ct-series"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.4", "no-ct-series"),
        ("BurnedInAnnotation", "YES", "burnt-in-text"),
        ("SamplesPerPixel", 3, "pixels-unsupported"),
        ("SamplesPerPixel", 0, "dicom-damaged"),
        ("PhotometricInterpretation", "PALETTE COLOR", "pixels-unsupported"),
        ("Rows", 0, "dicom-damaged"),
        ("Rows", 65535, "too-large"),
        ("NumberOfFrames", -5, "dicom-damaged"),
        ("NumberOfFrames", 2, "geometry-missing"),
        ("BitsAllocated", 0, "dicom-damaged"),
        ("BitsAllocated", 24, "pixels-unsupported"),
        ("BitsStored", 20, "dicom-damaged"),
        ("HighBit", 200, "dicom-damaged"),
        ("RescaleSlope", 0, "not-hounsfield"),
        ("RescaleType", "Z_EFF", "not-hounsfield"),
        ("PixelSpacing", [0, 0], "geometry-missing"),
        ("PixelSpacing", None, "geometry-missing"),
        ("ImagePositionPatient", [1, 2], "geometry-missing"),
        ("ImageOrientationPatient", [1, 0, 0, 0.5, 1, 0], "geometry-missing"),
        ("Columns", 40, "slice-truncated"),
    ],
)
def test_header_is_refused(tmp_path: Path, keyword: str, value: object, code: str) -> None:
    dataset = sample()
    setattr(dataset, keyword, value)
    problem = refusal(dataset, tmp_path)
    assert problem.code == code
    assert "one.dcm" in str(problem)


@pytest.mark.parametrize(
    ("keyword", "code"),
    [
        ("ImagePositionPatient", "geometry-missing"),
        ("ImageOrientationPatient", "geometry-missing"),
        ("PixelSpacing", "geometry-missing"),
        ("RescaleSlope", "not-hounsfield"),
        ("RescaleIntercept", "not-hounsfield"),
        ("Rows", "dicom-damaged"),
        ("PixelRepresentation", "dicom-damaged"),
        ("PixelData", "dicom-damaged"),
    ],
)
def test_header_without_an_element_is_refused(tmp_path: Path, keyword: str, code: str) -> None:
    dataset = sample()
    delattr(dataset, keyword)
    assert refusal(dataset, tmp_path).code == code


def test_frames_at_one_place_are_refused(tmp_path: Path) -> None:
    problem = refusal(enhanced(positions(1).repeat(4, axis=0), [1] * 4), tmp_path)
    assert problem.code == "geometry-missing"


def test_frames_turned_against_each_other_are_refused(tmp_path: Path) -> None:
    dataset = enhanced(positions(), [1] * COUNT)
    group = dataset.PerFrameFunctionalGroupsSequence[4]
    orientation = Dataset()
    orientation.ImageOrientationPatient = [0, 1, 0, -1, 0, 0]
    group.PlaneOrientationSequence = [orientation]
    assert "turned" in refusal(dataset, tmp_path).integrator_sentence


def test_fewer_positions_than_frames_are_refused(tmp_path: Path) -> None:
    dataset = enhanced(positions(), [1] * COUNT)
    del dataset.PerFrameFunctionalGroupsSequence[4]
    assert refusal(dataset, tmp_path).code == "dicom-damaged"


def test_text_of_a_header_is_shown_without_control_characters(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    dataset = sample()
    dataset.Modality = "XESC31"
    dataset.save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes().replace(b"XESC31", b"X\x1b[31m"))
    (member,) = list_files(path)
    with pytest.raises(Problem) as caught:
        judge_header(member, read_dicom_head(member))
    assert "modality X[31m, not CT" in str(caught.value)
    assert str(caught.value).isprintable()


def test_deep_nesting_in_the_frames_groups_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    enhanced(positions(), [1] * COUNT).save_as(path, enforce_file_format=True)
    data = path.read_bytes()
    begin, end = data.index(b"\x00\x52\x30\x92SQ"), data.index(b"\xe0\x7f\x10\x00OW")
    nest = (b"\x40\0\x75\x02SQ\0\0" + b"\xff" * 4 + b"\xfe\xff\0\xe0" + b"\xff" * 4) * 3000
    nest += (b"\xfe\xff\x0d\xe0" + bytes(4) + b"\xfe\xff\xdd\xe0" + bytes(4)) * 3000
    item = b"\xfe\xff\0\xe0" + len(nest).to_bytes(4, "little") + nest
    groups = b"\x00\x52\x30\x92SQ\0\0" + len(item).to_bytes(4, "little") + item
    path.write_bytes(data[:begin] + groups + data[end:])
    (member,) = list_files(path)
    with pytest.raises(Problem) as caught:
        judge_header(member, read_dicom_head(member))
    assert caught.value.code == "dicom-damaged"


def test_secondary_image_is_known_as_derived(tmp_path: Path) -> None:
    dataset = sample()
    assert header_of(dataset, tmp_path).original
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    assert not header_of(dataset, tmp_path).original
