"""Which fragments make which frame."""

from __future__ import annotations

import struct
from itertools import accumulate
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom.dataset import FileDataset
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGLSLossless

from heartbox.intake.door import open_series
from heartbox.problems import Problem
from makers.intake_dicom import COUNT, enhanced, positions, stored, voxels


def streams() -> list[bytes]:
    frames = (bytes(imagecodecs.jpegls_encode(stored(hu))) for hu in voxels())
    return [frame + b"\0" * (len(frame) % 2) for frame in frames]


def write(folder: Path, pixels: bytes, **extra: object) -> Path:
    dataset: FileDataset = enhanced(positions(), [1] * COUNT)
    for keyword, value in extra.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = pixels
    dataset["PixelData"].is_undefined_length = True
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.save_as(folder / "one.dcm", enforce_file_format=True)
    return folder / "one.dcm"


def assert_right(path: Path) -> None:
    volume = open_series(path).volume
    assert np.array_equal(volume.read((0, 0, 0), volume.grid.shape).hu, voxels())


@pytest.mark.parametrize("fragments", [1, 2])
@pytest.mark.parametrize("has_table", [True, False])
def test_frames_are_found_with_and_without_a_table_of_offsets(
    tmp_path: Path, fragments: int, has_table: bool
) -> None:
    assert_right(write(tmp_path, encapsulate(streams(), fragments_per_frame=fragments, has_bot=has_table)))


def test_extended_table_of_offsets_is_used(tmp_path: Path) -> None:
    lengths = [len(frame) for frame in streams()]
    begins = [0, *accumulate(length + 8 for length in lengths[:-1])]
    table = struct.pack(f"<{COUNT}Q", *begins)
    pixels = encapsulate(streams(), has_bot=False)
    assert_right(write(tmp_path, pixels, ExtendedOffsetTable=table, ExtendedOffsetTableLengths=table))


def test_table_that_points_into_a_fragment_is_refused(tmp_path: Path) -> None:
    pixels = bytearray(encapsulate(streams()))
    pixels[12] ^= 2
    with pytest.raises(Problem) as caught:
        open_series(write(tmp_path, bytes(pixels)))
    assert caught.value.code == "dicom-damaged"
    assert "offset table" in caught.value.integrator_sentence


def test_missing_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        open_series(write(tmp_path, encapsulate(streams()[:-1], has_bot=False)))
    assert caught.value.code == "dicom-damaged"


def test_file_that_ends_inside_a_fragment_is_refused_without_decoding(tmp_path: Path) -> None:
    path = write(tmp_path, encapsulate(streams()))
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(Problem) as caught:
        open_series(path)
    assert caught.value.code == "slice-truncated"
