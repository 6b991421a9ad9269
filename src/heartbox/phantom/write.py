"""A scan -> a DICOM series: CT Image Storage, explicit little endian, one file a slice.

PS3.3 A.3 (CT Image IOD). Every identifier is drawn from the seed and the protocol: the same phantom
has the same files, bit by bit.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from heartbox.phantom.scanner import Scan
from heartbox.volume import AIR_HU, HuSlice

CT_IMAGE_STORAGE = UID("1.2.840.10008.5.1.4.1.1.2")
#: The namespace of the phantom's identifiers (a name-based UUID, RFC 9562 section 5.5).
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:heartbox:phantom")

Progress = Callable[[int, int], None]


def write_series(scan: Scan, folder: Path, progress: Progress | None = None) -> list[Path]:
    """Render a scan and write it as ``IM0001.dcm`` ... in ``folder``, which must exist.

    Parameters
    ----------
    progress : called with (slices written, slices in all)

    Returns
    -------
    the files, in the order of the slices
    """
    names = _Names(scan)
    count = scan.grid.shape[0]
    header = _header(scan, names)
    paths = []
    for k in range(count):
        path = folder / f"IM{k + 1:04d}.dcm"
        _slice_file(header, scan, names, k).save_as(path, enforce_file_format=True)
        paths.append(path)
        if progress is not None:
            progress(k + 1, count)
    return paths


class _Names:
    """The identifiers of one phantom, in the form 2.25.UUID (PS3.5 B.2)."""

    def __init__(self, scan: Scan) -> None:
        self._of = json.dumps([scan.seed, scan.protocol.as_json()], sort_keys=True)

    def uid(self, what: str) -> UID:
        """Return the identifier of one part of the phantom, e.g. ``series``; always the same."""
        return UID(f"2.25.{uuid.uuid5(_NAMESPACE, f'{self._of} {what}').int}")


def _header(scan: Scan, names: _Names) -> Dataset:
    """Return what all slices share."""
    header = Dataset()
    for module in (_patient_and_study, _series, _image):
        for keyword, value in module(scan, names):
            setattr(header, keyword, value)
    return header


def _patient_and_study(scan: Scan, names: _Names) -> Iterator[tuple[str, object]]:
    yield "SpecificCharacterSet", "ISO_IR 100"
    yield "PatientName", "PHANTOM^HEARTBOX"
    yield "PatientID", f"PHANTOM-{scan.seed}"
    yield "PatientBirthDate", ""
    yield "PatientSex", "O"
    yield "PatientComments", "Synthetic: no person was scanned"
    yield "StudyInstanceUID", names.uid("study")
    yield "StudyDate", "20000101"
    yield "StudyTime", "120000"
    yield "ReferringPhysicianName", ""
    yield "StudyID", "1"
    yield "AccessionNumber", ""
    yield "StudyDescription", "Synthetic chest CT"


def _series(scan: Scan, names: _Names) -> Iterator[tuple[str, object]]:
    yield "Modality", "CT"
    yield "SeriesInstanceUID", names.uid("series")
    yield "SeriesNumber", "1"
    yield "SeriesDate", "20000101"
    yield "SeriesTime", "120000"
    yield "SeriesDescription", f"Phantom {scan.protocol.phase} {scan.protocol.kernel}"
    yield "PatientPosition", "HFS"
    yield "BodyPartExamined", "CHEST"
    yield "FrameOfReferenceUID", names.uid("frame of reference")
    yield "PositionReferenceIndicator", ""
    yield "Manufacturer", "heartbox phantom"
    yield "ManufacturerModelName", "heartbox phantom"
    yield "DeviceSerialNumber", "0"
    yield "SoftwareVersions", "1"


def _image(scan: Scan, names: _Names) -> Iterator[tuple[str, object]]:
    protocol, affine = scan.protocol, scan.grid.affine
    pixel = scan.grid.spacing_mm
    axial = protocol.orientation == "axial"
    yield "SOPClassUID", CT_IMAGE_STORAGE
    yield "ImageType", ["ORIGINAL", "PRIMARY", "AXIAL"] if axial else ["DERIVED", "SECONDARY", "REFORMATTED"]
    yield "ContentDate", "20000101"
    yield "ContentTime", "120000"
    yield "AcquisitionDate", "20000101"
    yield "AcquisitionTime", "120000"
    yield "AcquisitionNumber", "1"
    yield "KVP", "120"
    yield "ConvolutionKernel", protocol.kernel.upper()
    yield "ContrastBolusAgent", "" if protocol.phase == "none" else "SYNTHETIC"
    yield "SliceThickness", _decimal(protocol.thickness_mm or float(pixel[2]))
    yield "SpacingBetweenSlices", _decimal(float(pixel[2]))
    yield "PixelSpacing", [_decimal(float(pixel[1])), _decimal(float(pixel[0]))]
    cosines = np.concatenate([affine[:3, 0] / pixel[0], affine[:3, 1] / pixel[1]])
    yield "ImageOrientationPatient", [_decimal(float(value)) for value in cosines]
    yield "SamplesPerPixel", 1
    yield "PhotometricInterpretation", "MONOCHROME2"
    yield "Rows", protocol.rows
    yield "Columns", protocol.rows
    yield "BitsAllocated", 16
    yield "BitsStored", 12
    yield "HighBit", 11
    yield "PixelRepresentation", 0
    yield "RescaleIntercept", str(AIR_HU)
    yield "RescaleSlope", "1"
    yield "RescaleType", "HU"
    yield "WindowCenter", "40"
    yield "WindowWidth", "400"


def _slice_file(header: Dataset, scan: Scan, names: _Names, k: int) -> FileDataset:
    """Build the file of slice ``k``: the shared header, its place and its pixels."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = CT_IMAGE_STORAGE
    meta.MediaStorageSOPInstanceUID = names.uid(f"slice {k}")
    file = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    file.update(header)
    place = scan.grid.affine[:3, 3] + k * scan.grid.affine[:3, 2]
    file.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    file.InstanceNumber = str(k + 1)
    file.ImagePositionPatient = [_decimal(float(value)) for value in place]
    file.SliceLocation = _decimal(float(place @ scan.grid.slice_normal))
    file.PixelData = _stored(scan.read_slice(k))
    file["PixelData"].VR = "OW"
    return file


def _stored(hu: HuSlice) -> bytes:
    """Return the stored values of HU: 0 is `AIR_HU`, little endian, 16 bits each."""
    return (hu.astype(np.int32) - AIR_HU).astype("<u2").tobytes()


def _decimal(value: float) -> str:
    """Write a decimal string of at most 16 characters (PS3.5, VR DS)."""
    return f"{value:.6f}".rstrip("0").rstrip(".") if abs(value) >= 5e-7 else "0"
