"""One frame's stored values and its HU.

Stored values are masked to BitsStored and extend their sign from HighBit (PS3.5 section 8.1.1);
HU are slope x stored + intercept, or the modality LUT (PS3.3 C.11.1). What the header declares as
padding, and whatever lies below air, is air.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from heartbox.intake.codecs import Stored, decode, is_decodable
from heartbox.intake.elements import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE
from heartbox.intake.frames import FrameBytes
from heartbox.intake.headers import Header
from heartbox.problems import Problem
from heartbox.volume import AIR_HU, HuSlice

_NATIVE = frozenset(("", IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED))
_HIGHEST_HU = np.iinfo(np.int16).max


class Frames:
    """The frames of one file, read one at a time.

    Raises
    ------
    Problem
        ``syntax-unsupported`` at once; ``slice-truncated``, ``dicom-damaged`` when a frame is read.
    """

    def __init__(self, header: Header) -> None:
        self.header = header
        compressed = header.pixels.length is None
        if header.syntax not in _NATIVE and not (compressed and is_decodable(header.syntax)):
            raise Problem("syntax-unsupported", name=header.name, syntax=header.syntax[:64])
        if compressed and header.syntax in _NATIVE:
            raise Problem("dicom-damaged", name=header.name, reason="fragments of uncompressed pixels")
        self._bytes = FrameBytes(header)

    def check(self) -> None:
        """Look for the end of every frame without decoding one; ``slice-truncated``."""
        self._bytes.find()

    def stored(self, index: int) -> Stored:
        """Read one frame's stored values, (y, x) int32, or float where the file holds real numbers."""
        frame = self._bytes.read(index)
        if self.header.pixels.length is not None:
            return _meant(_native(self.header, frame), self.header)
        return _meant(decode(self.header, frame), self.header)

    def hu(self, index: int) -> HuSlice:
        """Read one frame as (y, x) int16 HU, padding turned into air."""
        stored = self.stored(index)
        hu = np.rint(rescaled(self.header, index, stored))
        if self.header.padding is not None:
            low, high = self.header.padding
            hu[(stored >= low) & (stored <= high)] = AIR_HU
        return np.asarray(np.clip(hu, AIR_HU, _HIGHEST_HU), dtype=np.int16)


def rescaled(header: Header, index: int, stored: Stored) -> npt.NDArray[Any]:
    """Turn stored values into HU as the header says.

    Returns
    -------
    (y, x) HU, neither rounded nor clipped: int32 where slope and intercept are whole, else float64
    """
    if header.table:
        table = np.asarray(header.table)
        return np.asarray(table[np.clip(stored - header.table_first, 0, len(table) - 1)])
    plane = header.planes[index]
    if stored.dtype == np.int32 and header.bits_stored <= 16 and plane.is_whole:
        return np.asarray(stored * np.int32(plane.slope) + np.int32(plane.intercept))
    return np.asarray(stored * np.float64(plane.slope) + plane.intercept)


def _native(header: Header, frame: bytes) -> Stored:
    kind = "f" if header.is_float else "u"
    dtype = np.dtype(f"{'<' if header.little else '>'}{kind}{header.bits_allocated // 8}")
    return np.frombuffer(frame, dtype=dtype).reshape(header.rows, header.columns)


def _meant(values: Stored, header: Header) -> Stored:
    """Mask to the stored bits and extend the sign from the high bit."""
    if header.is_float:
        if not np.isfinite(values).all():
            raise Problem("dicom-damaged", name=header.name, reason="pixels that are no numbers")
        return values
    bits = header.bits_stored
    words: npt.NDArray[np.int64] = values.astype(np.int32 if header.bits_allocated <= 16 else np.int64)
    words = words >> (header.high_bit + 1 - bits) & ((1 << bits) - 1)
    if header.signed:
        sign = 1 << (bits - 1)
        words = (words ^ sign) - sign
    return words
