"""Tiny DICOM series whose every voxel and position is known, with one oddity at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import CTImageStorage, EnhancedCTImageStorage, ExplicitVRLittleEndian

ROWS, COLUMNS = 24, 32
PIXEL_MM = (1.5, 1.25)  # between rows, between columns
STEP_MM = 3.0
COUNT = 12
ORIGIN_MM = np.array([-20.0, -150.0, -300.0])
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
INTERCEPT = -1024

_ROOT = "1.2.826.0.1.3680043.10.1561.9"
Change = Callable[[Dataset, int], None]


def voxels(count: int = COUNT) -> npt.NDArray[np.int16]:
    """Return [z, y, x] HU, no two alike: a block of tissue in air, brighter from slice to slice."""
    z, y, x = np.meshgrid(np.arange(count), np.arange(ROWS), np.arange(COLUMNS), indexing="ij")
    tissue = 5 * z + y + 2 * x
    inside = (y > 4) & (y < ROWS - 5) & (x > 4) & (x < COLUMNS - 5)
    return np.where(inside, tissue, tissue - 1000).astype(np.int16)


def positions(
    count: int = COUNT, step_mm: float = STEP_MM, orientation: Sequence[float] = AXIAL, lean_mm: float = 0.0
) -> npt.NDArray[np.float64]:
    """Return the slices' positions, (count, 3) LPS mm: along the normal, leaning along the columns."""
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    step = step_mm * np.cross(row, column) + lean_mm * column
    return np.asarray(ORIGIN_MM + np.arange(count)[:, None] * step)


def write_series(
    folder: Path,
    names: Sequence[str] | None = None,
    places_mm: npt.NDArray[np.float64] | None = None,
    series: int = 1,
    change: Change | None = None,
) -> list[Path]:
    """Write one file for each place; ``change`` may alter slice k before it is written.

    Returns the paths in the order of the slices.
    """
    folder.mkdir(parents=True, exist_ok=True)
    places_mm = positions() if places_mm is None else places_mm
    hu = voxels(len(places_mm))
    paths = []
    for k, place in enumerate(places_mm):
        name = names[k] if names else f"{series}-{k:03d}.dcm"
        dataset = ct_slice(hu[k], place, series, k)
        if change is not None:
            change(dataset, k)
        paths.append(folder / name)
        dataset.save_as(paths[-1], enforce_file_format=True)
    return paths


def ct_slice(
    hu: npt.NDArray[np.int16], place_mm: npt.NDArray[np.float64], series: int, number: int
) -> FileDataset:
    """Return one CT image, unsigned 12 bits in 16, as an object that can still be altered."""
    dataset = _common(CTImageStorage, f"{_ROOT}.2.{series}.{number}", series)
    dataset.ImagePositionPatient = [float(mm) for mm in place_mm]
    dataset.ImageOrientationPatient = list(AXIAL)
    dataset.PixelSpacing = list(PIXEL_MM)
    dataset.InstanceNumber = 1000 - 7 * number  # misleads on purpose
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, INTERCEPT
    dataset.PixelData = stored(hu).tobytes()
    return dataset


def enhanced(places_mm: npt.NDArray[np.float64], slopes: Sequence[int]) -> FileDataset:
    """Return one enhanced CT file; frame k holds slice k of `voxels` divided by its own slope."""
    dataset = _common(EnhancedCTImageStorage, f"{_ROOT}.2.9", 9)
    shared, groups, frames = Dataset(), [], []
    orientation, measures = Dataset(), Dataset()
    orientation.ImageOrientationPatient = list(AXIAL)
    measures.PixelSpacing = list(PIXEL_MM)
    shared.PlaneOrientationSequence = DicomSequence([orientation])
    shared.PixelMeasuresSequence = DicomSequence([measures])
    for hu, place, slope in zip(voxels(len(places_mm)), places_mm, slopes, strict=True):
        plane, rescale, group = Dataset(), Dataset(), Dataset()
        plane.ImagePositionPatient = [float(mm) for mm in place]
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = slope, INTERCEPT, "HU"
        group.PlanePositionSequence = DicomSequence([plane])
        group.PixelValueTransformationSequence = DicomSequence([rescale])
        groups.append(group)
        frames.append(((hu.astype(np.int32) - INTERCEPT) // slope).astype("<u2").tobytes())
    dataset.SharedFunctionalGroupsSequence = DicomSequence([shared])
    dataset.PerFrameFunctionalGroupsSequence = DicomSequence(groups)
    dataset.NumberOfFrames = len(frames)
    dataset.PixelData = b"".join(frames)
    return dataset


def stored(hu: npt.NDArray[np.int16]) -> npt.NDArray[np.uint16]:
    """Return the stored values of HU."""
    return (hu.astype(np.int32) - INTERCEPT).astype("<u2")


def _common(sop_class: str, instance: str, series: int) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = sop_class, instance
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", Dataset(), file_meta=meta, preamble=b"\0" * 128)
    values: dict[str, Any] = {
        "SOPClassUID": sop_class, "SOPInstanceUID": instance, "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "PatientName": "Nobody^Invented", "PatientID": "SECRET-7",
        "StudyInstanceUID": f"{_ROOT}.1", "SeriesInstanceUID": f"{_ROOT}.1.{series}",
        "FrameOfReferenceUID": f"{_ROOT}.3", "SamplesPerPixel": 1, "PhotometricInterpretation": "MONOCHROME2",
        "Rows": ROWS, "Columns": COLUMNS, "BitsAllocated": 16, "BitsStored": 12, "HighBit": 11,
        "PixelRepresentation": 0, "SliceThickness": 99, "SliceLocation": 0,
    }  # fmt: skip
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return dataset
