"""One file's header, judged: is it a CT image of ours, and how are its pixels stored.

The names are those of PS3.3 C.7.6.3 (image pixel). Nothing of the pixels is read, nothing of the
patient kept.
"""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.tag import Tag

from heartbox.contract import limit
from heartbox.intake.elements import (
    DEFLATED,
    DOUBLE_PIXEL_DATA,
    FLOAT_PIXEL_DATA,
    Head,
    PixelSpan,
    read_head,
)
from heartbox.intake.files import Member
from heartbox.intake.planes import Numbers, Plane, read_planes, require_hounsfield_type
from heartbox.intake.values import (
    most_bytes,
    number_of,
    signed_word,
    text_of,
    value_of,
    values_of,
    whole_of,
    words_of,
)
from heartbox.problems import Problem

_CT_CLASSES = frozenset(
    (
        "1.2.840.10008.5.1.4.1.1.2",  # CT Image
        "1.2.840.10008.5.1.4.1.1.2.1",  # Enhanced CT Image
        "1.2.840.10008.5.1.4.1.1.2.2",  # Legacy Converted Enhanced CT Image
    )
)
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
#: Values of Image Type that mark a picture which is no slice.
_NO_SLICE = {
    "LOCALIZER": "a localizer (scout view)",
    "SCOUT": "a localizer (scout view)",
    "TOPOGRAM": "a localizer (scout view)",
    "SCREEN SAVE": "a screen shot",
}

_KEYWORDS = (
    "ImageType", "SOPClassUID", "Modality", "SliceThickness", "SpacingBetweenSlices", "SeriesInstanceUID",
    "FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "PixelSpacing", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit",
    "BurnedInAnnotation", "RescaleIntercept", "RescaleSlope", "RescaleType", "ModalityLUTSequence",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ExtendedOffsetTable",
)  # fmt: skip
_WANTED = {int(Tag(keyword)): most_bytes(keyword) for keyword in _KEYWORDS}

#: What pydicom and plain conversions raise on values that are not what their type says.
_BAD_HEADER = (
    ValueError, TypeError, AttributeError, LookupError, OverflowError, NotImplementedError, OSError,
    RecursionError, struct.error, BytesLengthException,
)  # fmt: skip


@dataclass(frozen=True)
class Header:
    """What the intake knows of a CT image before its pixels are read.

    Parameters
    ----------
    planes : one for each frame, in the file's order
    table : HU of each stored value from ``table_first`` on (modality LUT), empty where slope and
        intercept do it
    padding : lowest and highest stored value that mean "no ray passed here", or None
    offsets : the extended offset table, frame by frame, empty where there is none
    series, frame_of_reference : UIDs, for grouping only; never shown
    original : whether Image Type says ORIGINAL
    header_step_mm : Spacing Between Slices as written, or None
    """

    member: Member
    syntax: str
    little: bool
    pixels: PixelSpan
    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    planes: tuple[Plane, ...]
    table: Numbers
    table_first: int
    padding: tuple[int, int] | None
    offsets: tuple[int, ...]
    series: str
    frame_of_reference: str
    original: bool
    header_step_mm: float | None

    @property
    def name(self) -> str:
        """The file's base name."""
        return self.member.name

    @property
    def is_float(self) -> bool:
        """Whether the pixels are real numbers that hold HU as they are."""
        return _is_float(self.pixels)

    @property
    def frame_bytes(self) -> int:
        """Bytes of one frame when it is not compressed."""
        return self.rows * self.columns * self.bits_allocated // 8


def read_dicom_head(member: Member) -> Head:
    """Read what the judgement needs of one file; problems as `elements.read_head`."""
    return read_head(member, _WANTED)


def series_of(head: Head) -> str:
    """Return the Series Instance UID, empty where there is none; for grouping, never for people."""
    element = head.data.get_item("SeriesInstanceUID")
    value = b"" if element is None else element.value
    return value.decode("ascii", "replace").strip("\0 ") if isinstance(value, bytes) else str(value)


def is_media_directory(head: Head) -> bool:
    """Tell a DICOMDIR, whose records are not needed: the folder beside it is read."""
    return head.sop_class == _MEDIA_DIRECTORY


def judge_header(member: Member, head: Head) -> Header:
    """Judge one image.

    Parameters
    ----------
    member, head : the file and what `read_dicom_head` gave for it

    Raises
    ------
    Problem
        ``no-ct-series`` for another modality, a localizer or a secondary capture;
        ``burnt-in-text``, ``pixels-unsupported`` (colour, depth); ``not-hounsfield``;
        ``geometry-missing``; ``slice-truncated``; ``too-large``; ``dicom-damaged``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of odd values; what matters is judged here
        try:
            return _judge(member, head)
        except _BAD_HEADER as error:
            reason = f"bad header ({type(error).__name__})"
            raise Problem("dicom-damaged", name=member.name, reason=reason) from error


def _judge(member: Member, head: Head) -> Header:
    data, name, pixels = head.data, member.name, head.pixels
    image_type = _require_ct(data, name)
    if pixels is None:
        raise Problem("dicom-damaged", name=name, reason="it has no pixel data")
    _require_grey(data, name)
    rows, columns, frames = _size(data, name)
    allocated, stored, high = _bits(data, pixels, name)
    signed = whole_of(data, "PixelRepresentation", name, 0 if _is_float(pixels) else None) == 1
    table, first = _modality_table(data, signed, name)
    header = Header(
        member=member,
        syntax=head.syntax,
        little=head.little,
        pixels=pixels,
        rows=rows,
        columns=columns,
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=high,
        signed=signed,
        planes=read_planes(data, frames, bool(table) or _is_float(pixels), name),
        table=table,
        table_first=first,
        padding=_padding(data, signed),
        offsets=_offsets(data, head.little),
        series=series_of(head),
        frame_of_reference=text_of(data, "FrameOfReferenceUID"),
        original=not image_type or image_type[0] == "ORIGINAL",
        header_step_mm=number_of(data, "SpacingBetweenSlices"),
    )
    _require_whole(header)
    return header


def _is_float(pixels: PixelSpan) -> bool:
    return pixels.tag in (FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA)


def _require_ct(data: Dataset, name: str) -> list[str]:
    """Refuse by name what is no CT slice; return Image Type."""
    sop_class, modality = text_of(data, "SOPClassUID"), text_of(data, "Modality")
    if modality != "CT":
        raise Problem("no-ct-series", reason=f"{name} is of modality {modality[:16] or 'unknown'}, not CT")
    if sop_class and sop_class not in _CT_CLASSES:
        kind = "a secondary capture" if sop_class.startswith(_SECONDARY_CAPTURE) else "no CT image"
        raise Problem("no-ct-series", reason=f"{name} is {kind}")
    image_type = [str(value).upper() for value in values_of(data, "ImageType")]
    for value in image_type:
        if value in _NO_SLICE:
            raise Problem("no-ct-series", reason=f"{name} is {_NO_SLICE[value]}")
    if text_of(data, "BurnedInAnnotation").upper() == "YES":
        raise Problem("burnt-in-text", name=name)
    return image_type


def _require_grey(data: Dataset, name: str) -> None:
    samples = whole_of(data, "SamplesPerPixel", name)
    photometric = text_of(data, "PhotometricInterpretation")
    if samples == 0:
        raise Problem("dicom-damaged", name=name, reason="Samples per Pixel is 0")
    if samples != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise Problem("pixels-unsupported", name=name, reason=f"{samples} samples, {photometric[:16]}")


def _size(data: Dataset, name: str) -> tuple[int, int, int]:
    rows, columns = whole_of(data, "Rows", name), whole_of(data, "Columns", name)
    frames = int(float(value_of(data, "NumberOfFrames", 1)))
    if min(rows, columns, frames) < 1:
        raise Problem("dicom-damaged", name=name, reason=f"{rows} rows, {columns} columns, {frames} frames")
    if max(rows, columns, frames) > limit("axis_voxels"):
        raise Problem("too-large", name=name, limit=int(limit("axis_voxels")))
    if rows * columns * frames > limit("volume_voxels"):
        raise Problem("too-large", name=name, limit=int(limit("volume_voxels")))
    return rows, columns, frames


def _bits(data: Dataset, pixels: PixelSpan, name: str) -> tuple[int, int, int]:
    allocated = whole_of(data, "BitsAllocated", name)
    if _is_float(pixels):
        due = 32 if pixels.tag == FLOAT_PIXEL_DATA else 64
        if allocated != due:
            raise Problem("dicom-damaged", name=name, reason=f"real pixels of {allocated} bits")
        return allocated, allocated, allocated - 1
    stored = whole_of(data, "BitsStored", name)
    high = whole_of(data, "HighBit", name, stored - 1)
    if allocated not in (8, 16, 32):
        code = "dicom-damaged" if allocated == 0 else "pixels-unsupported"
        raise Problem(code, name=name, reason=f"{allocated} bits allocated")
    if not 0 < stored <= allocated or not stored - 1 <= high < allocated:
        reason = f"{stored} of {allocated} bits stored, high bit {high}"
        raise Problem("dicom-damaged", name=name, reason=reason)
    return allocated, stored, high


def _padding(data: Dataset, signed: bool) -> tuple[int, int] | None:
    """Return the range of Pixel Padding Value (PS3.3 C.7.5.1.1.2), with the sign of the pixels."""
    ends = [value_of(data, keyword) for keyword in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    words = [signed_word(words_of(end)[0], signed) for end in ends if end is not None]
    return (min(words), max(words)) if words and ends[0] is not None else None


def _modality_table(data: Dataset, signed: bool, name: str) -> tuple[Numbers, int]:
    """Return the modality LUT (PS3.3 C.11.1): HU of each stored value, and the first stored value."""
    tables = value_of(data, "ModalityLUTSequence")
    if not tables:
        return (), 0
    require_hounsfield_type(text_of(tables[0], "ModalityLUTType"), name)
    entries, first, bits = words_of(value_of(tables[0], "LUTDescriptor"))
    values = words_of(value_of(tables[0], "LUTData"))
    if bits > 16 or len(values) != (entries or 65536):
        raise Problem("dicom-damaged", name=name, reason="its modality LUT contradicts itself")
    return tuple(map(float, values)), signed_word(first, signed)


def _offsets(data: Dataset, little: bool) -> tuple[int, ...]:
    raw = bytes(value_of(data, "ExtendedOffsetTable", b""))
    return struct.unpack(f"{'<' if little else '>'}{len(raw) // 8}Q", raw[: len(raw) // 8 * 8])


def _require_whole(header: Header) -> None:
    """Refuse native pixels that are fewer than the header says, before any is read."""
    length, start = header.pixels.length, header.pixels.start
    if length is None:
        return
    due = header.frame_bytes * len(header.planes)
    there = length
    if header.syntax != DEFLATED:
        there = min(length, max(0, header.member.n_bytes - start))
    if there < due:
        reason = f"{there} bytes of pixels where {due} are due"
        raise Problem("slice-truncated", name=header.name, reason=reason)
