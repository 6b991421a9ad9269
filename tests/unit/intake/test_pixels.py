"""Stored values and HU of one frame, in every encoding that can be written here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, RLELossless

from heartbox.intake.files import list_files
from heartbox.intake.headers import judge_header, read_dicom_head
from heartbox.intake.pixels import Frames
from heartbox.problems import Problem
from makers.intake_dicom import ORIGIN_MM, ct_slice, stored, voxels

HU = voxels(2)[1]
ENCODERS: dict[str, Callable[[npt.NDArray[np.uint16]], Any]] = {
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_encode,
    "1.2.840.10008.1.2.4.90": lambda values: imagecodecs.jpeg2k_encode(
        values, codecformat="j2k", reversible=True
    ),
    "1.2.840.10008.1.2.4.201": imagecodecs.htj2k_encode,
    "1.2.840.10008.1.2.4.70": imagecodecs.ljpeg_encode,
}


def plain() -> FileDataset:
    return ct_slice(HU, ORIGIN_MM, 1, 0)


def compressed(syntax: str, fragments: int = 1) -> FileDataset:
    dataset = plain()
    frame = bytes(ENCODERS[syntax](stored(HU)))
    dataset.PixelData = encapsulate([frame], fragments_per_frame=fragments)
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return dataset


def frames_of(dataset: FileDataset, folder: Path) -> Frames:
    path = folder / "one.dcm"
    dataset.save_as(path, enforce_file_format=True)
    (member,) = list_files(path)
    return Frames(judge_header(member, read_dicom_head(member)))


def refusal(dataset: FileDataset, folder: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        frames_of(dataset, folder).hu(0)
    return caught.value


@pytest.mark.parametrize("syntax", ENCODERS)
@pytest.mark.parametrize("fragments", [1, 3])
def test_lossless_compression_gives_the_same_hu(tmp_path: Path, syntax: str, fragments: int) -> None:
    assert np.array_equal(frames_of(compressed(syntax, fragments), tmp_path).hu(0), HU)


def test_rle_gives_the_same_hu(tmp_path: Path) -> None:
    dataset = plain()
    dataset.compress(RLELossless, generate_instance_uid=False)
    assert np.array_equal(frames_of(dataset, tmp_path).hu(0), HU)


@pytest.mark.parametrize("syntax", ENCODERS)
def test_stream_without_its_end_is_refused(tmp_path: Path, syntax: str) -> None:
    dataset = compressed(syntax)
    frame = bytes(ENCODERS[syntax](stored(HU)))
    dataset.PixelData = encapsulate([frame[: len(frame) // 2]])
    dataset["PixelData"].is_undefined_length = True
    assert refusal(dataset, tmp_path).code in ("slice-truncated", "dicom-damaged")


@pytest.mark.parametrize("syntax", ENCODERS)
def test_stream_of_another_size_than_the_header_is_refused_before_decoding(
    tmp_path: Path, syntax: str
) -> None:
    dataset = compressed(syntax)
    dataset.Rows = dataset.Rows - 1
    problem = refusal(dataset, tmp_path)
    assert problem.code == "dicom-damaged"
    assert "its stream is 32 x 24, its header 32 x 23" in problem.integrator_sentence


def test_syntax_that_is_not_read_is_refused_by_name(tmp_path: Path) -> None:
    dataset = compressed("1.2.840.10008.1.2.4.90")
    dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.102")
    problem = refusal(dataset, tmp_path)
    assert problem.code == "syntax-unsupported"
    assert "1.2.840.10008.1.2.4.102" in problem.integrator_sentence


def test_stream_of_another_kind_than_the_syntax_is_refused(tmp_path: Path) -> None:
    dataset = compressed("1.2.840.10008.1.2.4.70")
    dataset.file_meta.TransferSyntaxUID = UID("1.2.840.10008.1.2.4.80")
    assert refusal(dataset, tmp_path).code == "dicom-damaged"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bits=st.integers(9, 16), spare=st.integers(0, 7), signed=st.booleans(), garbage=st.integers(0, 0xFFFF))
def test_values_are_masked_and_extended_from_the_high_bit(
    tmp_path: Path, bits: int, spare: int, signed: bool, garbage: int
) -> None:
    shift = min(spare, 16 - bits)
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    meant = np.linspace(low, high, HU.size).astype(np.int64).reshape(HU.shape)
    mask = ((1 << bits) - 1) << shift
    words = ((meant << shift) & mask) | (garbage & ~mask & 0xFFFF)
    dataset = plain()
    dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = bits, bits - 1 + shift, int(signed)
    dataset.PixelData = words.astype("<u2").tobytes()
    assert np.array_equal(frames_of(dataset, tmp_path).stored(0), meant)


def test_declared_padding_is_air(tmp_path: Path) -> None:
    dataset = plain()
    value = int(stored(HU)[12, 12])
    dataset.PixelPaddingValue = value
    hu = frames_of(dataset, tmp_path).hu(0)
    assert np.array_equal(hu, np.where(stored(HU) == value, -1024, HU))


def test_values_below_air_are_air(tmp_path: Path) -> None:
    dataset = plain()
    dataset.RescaleIntercept = -3024
    assert frames_of(dataset, tmp_path).hu(0).min() == -1024


def test_real_slope_is_rounded_to_the_nearest_hu(tmp_path: Path) -> None:
    dataset = plain()
    dataset.RescaleSlope = "0.37"
    expected = np.rint(stored(HU) * 0.37 - 1024)
    assert np.array_equal(frames_of(dataset, tmp_path).hu(0), expected)


def test_real_pixels_hold_hu_as_they_are(tmp_path: Path) -> None:
    dataset = plain()
    del dataset.PixelData
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = (HU + 0.25).astype("<f4").tobytes()
    assert np.array_equal(frames_of(dataset, tmp_path).hu(0), HU)


def test_pixels_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    dataset = plain()
    del dataset.PixelData
    dataset.BitsAllocated = 32
    dataset.FloatPixelData = np.full(HU.shape, np.nan, dtype="<f4").tobytes()
    assert refusal(dataset, tmp_path).code == "dicom-damaged"
