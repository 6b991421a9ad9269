"""Compressed frames to stored values: the stream is checked against the header before it is decoded.

Every decoder gives what its stream says, whatever the header says, and fills half a stream in
silence; so size, components and precision are read from the stream itself (SOF of JPEG and
JPEG-LS, ITU-T T.81 and T.87; SIZ of JPEG 2000, T.800), and the end marker is looked for.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import imagecodecs
import numpy as np
import numpy.typing as npt

from heartbox.intake.headers import Header
from heartbox.problems import Problem

Stored: TypeAlias = npt.NDArray[Any]  # (y, x), whole numbers as the decoder gives them

_RLE = "1.2.840.10008.1.2.5"
_TRANSFER = "1.2.840.10008.1.2.4."
_SOF_JPEG_LS = 55
_NO_SOF = -1  # JPEG 2000

#: The end of each transfer syntax UID: its decoder, and the kinds of SOF its streams may have. HTJ2K
#: is read by OpenJPEG as well: imagecodecs' OpenJPH leaves a picture half filled without an error.
_DECODERS: dict[str, tuple[Callable[[bytes], Any] | None, tuple[int, ...]]] = {
    "50": (imagecodecs.jpeg8_decode, (0, 1)),
    "51": (imagecodecs.jpeg8_decode, (0, 1)),
    "57": (imagecodecs.jpegsof3_decode, (3,)),
    "70": (imagecodecs.jpegsof3_decode, (3,)),
    "80": (imagecodecs.jpegls_decode, (_SOF_JPEG_LS,)),
    "81": (imagecodecs.jpegls_decode, (_SOF_JPEG_LS,)),
    "90": (imagecodecs.jpeg2k_decode, (_NO_SOF,)),
    "91": (imagecodecs.jpeg2k_decode, (_NO_SOF,)),
    "201": (imagecodecs.jpeg2k_decode, (_NO_SOF,)),
    "202": (imagecodecs.jpeg2k_decode, (_NO_SOF,)),
    "203": (imagecodecs.jpeg2k_decode, (_NO_SOF,)),
}
_MOST_TILES = 4096


@dataclass(frozen=True)
class _Facts:
    """What a compressed stream says of itself; ``sof`` is the kind of its start of frame."""

    rows: int
    columns: int
    components: int
    precision: int
    signed: bool
    sof: int


def is_decodable(syntax: str) -> bool:
    """Tell whether compressed frames of a transfer syntax can be read."""
    return syntax == _RLE or _decoder(syntax) is not None


def decode(header: Header, frame: bytes) -> Stored:
    """Decode one compressed frame.

    Parameters
    ----------
    header : of its file
    frame : the frame's bytes, fragments joined

    Returns
    -------
    (y, x) array of whole numbers, high bits not yet masked

    Raises
    ------
    Problem
        ``syntax-unsupported``; ``slice-truncated`` when the stream has no end;
        ``dicom-damaged`` when stream and header disagree or the decoder gives up.
    """
    try:
        if header.syntax == _RLE:
            return _decode_rle(header, frame)
        return _decode_stream(header, frame)
    except (RuntimeError, ValueError, struct.error, IndexError, MemoryError) as error:
        reason = f"its compressed pixels are damaged ({type(error).__name__})"
        raise Problem("dicom-damaged", name=header.name, reason=reason) from error


def _decode_stream(header: Header, frame: bytes) -> Stored:
    decoder = _decoder(header.syntax)
    if decoder is None:
        raise Problem("syntax-unsupported", name=header.name, syntax=header.syntax[:64])
    frame = _codestream(frame)
    facts = _facts_of_jpeg_2000(frame) if frame[:2] == b"\xff\x4f" else _facts_of_jpeg(frame)
    _require_fit(header, facts)
    if not frame.rstrip(b"\0\xff").endswith(b"\xff\xd9"):
        raise Problem("slice-truncated", name=header.name, reason="its compressed stream has no end")
    values = np.asarray(decoder(frame))
    if values.shape != (header.rows, header.columns):
        raise Problem("dicom-damaged", name=header.name, reason="the decoder gave another size")
    return values


def _decoder(syntax: str) -> Callable[[bytes], Any] | None:
    return _DECODERS.get(syntax.removeprefix(_TRANSFER), (None, ()))[0]


def _codestream(frame: bytes) -> bytes:
    """Take a JPEG 2000 codestream out of the boxes of a JP2 file, which DICOM does not allow."""
    return frame[frame.find(b"jp2c") + 4 :] if frame[4:8] == b"jP  " else frame


def _require_fit(header: Header, facts: _Facts) -> None:
    allowed = _DECODERS[header.syntax.removeprefix(_TRANSFER)][1]
    for ok, reason in (
        (facts.sof in allowed, "its stream is of another kind than its header says"),
        (
            (facts.rows, facts.columns) == (header.rows, header.columns),
            f"its stream is {facts.columns} x {facts.rows}, its header {header.columns} x {header.rows}",
        ),
        (facts.components == 1, f"its stream has {facts.components} components"),
        (
            facts.precision <= header.bits_allocated,
            f"{facts.precision} bits in its stream, {header.bits_allocated} in its header",
        ),
        (header.signed or not facts.signed, "its stream is signed, its header is not"),
    ):
        if not ok:
            raise Problem("dicom-damaged", name=header.name, reason=reason)


def _facts_of_jpeg(frame: bytes) -> _Facts:
    """Go from marker to marker up to the first frame header (SOF)."""
    if frame[:2] != b"\xff\xd8":
        raise ValueError("no start of image")
    at = 2
    while True:
        marker, length = struct.unpack(">HH", frame[at : at + 4])
        if marker == 0xFFFF:
            at += 1
            continue
        if marker >> 8 != 0xFF or length < 2:
            raise ValueError("no marker where one is due")
        kind = (marker & 0xFF) - 0xC0
        if kind == _SOF_JPEG_LS or (0 <= kind < 16 and kind not in (4, 8, 12)):
            precision, rows, columns, components = struct.unpack(">BHHB", frame[at + 4 : at + 10])
            return _Facts(rows, columns, components, precision, False, kind)
        at += 2 + length


def _facts_of_jpeg_2000(frame: bytes) -> _Facts:
    """Read SIZ, which follows the start of the codestream."""
    marker, _, _, *sizes, components, depth = struct.unpack(">HHH8IHB", frame[2:43])
    if marker != 0xFF51:
        raise ValueError("no SIZ")
    right, low, left, high, tile_x, tile_y, _, _ = sizes
    tiles = -(-right // max(tile_x, 1)) * -(-low // max(tile_y, 1))
    if tiles > _MOST_TILES:
        raise ValueError("too many tiles")
    return _Facts(low - high, right - left, components, (depth & 0x7F) + 1, bool(depth & 0x80), _NO_SOF)


def _decode_rle(header: Header, frame: bytes) -> Stored:
    """Decode DICOM RLE (PS3.5 annex G): one PackBits segment for each byte of a value."""
    n_bytes, pixels = header.bits_allocated // 8, header.rows * header.columns
    count, *offsets = struct.unpack("<16I", frame[:64])
    ends = [*offsets[1:n_bytes], len(frame)]
    if count != n_bytes or offsets[0] != 64 or any(a >= b for a, b in zip(offsets, ends, strict=False)):
        raise ValueError("bad RLE header")
    value: Stored = np.zeros(pixels, dtype=np.uint32)
    for start, end in zip(offsets, ends, strict=False):
        plane = imagecodecs.packbits_decode(frame[start:end])
        if len(plane) < pixels:
            raise Problem("slice-truncated", name=header.name, reason="an RLE segment is too short")
        value = value << 8 | np.frombuffer(plane, dtype=np.uint8, count=pixels)
    return value.reshape(header.rows, header.columns)
