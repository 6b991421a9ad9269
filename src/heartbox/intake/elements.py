"""A DICOM file up to its pixels: one linear, bounded walk that keeps the elements somebody asked for.

The walk (PS3.5 section 7, PS3.10 section 7) goes over the elements once, follows sequences of
undefined length without recursion, and stops at the pixel data. It counts elements, items and
depth, never reserves what is only declared, and inflates deflated files as a stream. What it keeps
is a small data set in the file's own encoding, which pydicom then reads.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, BinaryIO

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from heartbox.contract import limit
from heartbox.intake.files import Member
from heartbox.intake.streams import Cursor, Inflated
from heartbox.problems import Problem

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"

PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA = 0x7FE00010, 0x7FE00008, 0x7FE00009
_PIXELS = frozenset((PIXEL_DATA, FLOAT_PIXEL_DATA, DOUBLE_PIXEL_DATA))
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_UNDEFINED = 0xFFFFFFFF

_LONG_VRS = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)
_SHORT_VRS = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_VRS = _LONG_VRS | _SHORT_VRS

#: The most that a kept sequence (the functional groups of all frames) or table may hold.
LARGE_BYTES = 1 << 24
#: The most that any other kept element may hold.
SMALL_BYTES = 1 << 10
#: Elements of a meta group; the standard knows some dozen.
_META_ELEMENTS = 100
#: Elements and items inside kept sequences: some hundred for each of some thousand frames.
_KEPT_ELEMENTS = 400_000


@dataclass(frozen=True)
class PixelSpan:
    """Where the pixel data lie.

    Parameters
    ----------
    tag : PIXEL_DATA, FLOAT_PIXEL_DATA or DOUBLE_PIXEL_DATA
    start : first byte of the value in the file (in the inflated data set of a deflated file)
    length : bytes of the value as declared; None when it comes in fragments
    """

    tag: int
    start: int
    length: int | None


@dataclass(frozen=True)
class Head:
    """A file's data set up to its pixels, without what nobody asked for.

    Parameters
    ----------
    syntax : transfer syntax UID as the meta group gives it, empty where it gives none
    sop_class : SOP class UID of the meta group, empty where it gives none
    little : whether numbers are little endian
    data : the kept elements
    pixels : where the pixels lie, None when the file ends without any
    """

    syntax: str
    sop_class: str
    little: bool
    data: Dataset
    pixels: PixelSpan | None


def read_head(member: Member, wanted: Mapping[int, int]) -> Head:
    """Walk over one file up to its pixels.

    Parameters
    ----------
    member : the file
    wanted : the top-level elements to keep: tag -> the most bytes that its value may have

    Raises
    ------
    Problem
        ``file-empty``; ``not-an-image`` when the file is not DICOM; ``dicom-damaged`` with the
        reason; ``too-large`` for a deflated file that does not stop.
    """
    if member.n_bytes == 0:
        raise Problem("file-empty", name=member.name)
    with member.open() as stream:
        syntax, sop_class, start = _read_meta(stream, member)
        stream.seek(start)
        if syntax == DEFLATED:
            cursor = Cursor(Inflated(stream, member.name), member.name, None, LARGE_BYTES)
        else:
            cursor = Cursor(stream, member.name, member.n_bytes, LARGE_BYTES)
        implicit, little = _encoding(cursor, syntax)
        kept, pixels = _Walk(cursor, implicit, little).run(wanted)
    return Head(syntax, sop_class, little, _dataset(kept, implicit, little, member.name), pixels)


def open_values(member: Member, head_syntax: str) -> Any:
    """Open a file so that the offsets of `PixelSpan` fit: past the meta group where it is deflated."""
    stream = member.open()
    if head_syntax != DEFLATED:
        return stream
    *_, start = _read_meta(stream, member)
    stream.seek(start)
    return Inflated(stream, member.name)


def _read_meta(stream: BinaryIO, member: Member) -> tuple[str, str, int]:
    """Return transfer syntax, SOP class and where the data set begins, whatever the group's length says."""
    first = stream.read(132)
    start = 132 if first[128:] == b"DICM" else 0
    if start == 0 and not _looks_like_dicom(first):
        raise Problem("not-an-image", name=member.name, reason="it does not begin like DICOM")
    stream.seek(start)
    said = {0x02: "", 0x10: ""}
    for _ in range(_META_ELEMENTS):
        head = stream.read(8)
        if len(head) < 8:
            raise Problem("dicom-damaged", name=member.name, reason="no data set after the meta group")
        group, number, vr, length = struct.unpack("<HH2sH", head)
        if group != 2:
            return said[0x10], said[0x02], start
        start += 8
        if vr in _LONG_VRS:
            (length,) = struct.unpack("<I", stream.read(4).ljust(4, b"\0"))
            start += 4
        if vr not in _VRS or start + length > member.n_bytes:
            raise Problem("dicom-damaged", name=member.name, reason="bad element in the meta group")
        if number in said:
            text = stream.read(min(length, 64)).decode("ascii", "replace")
            said[number] = "".join(c for c in text if c.isprintable()).strip()
        start += length
        stream.seek(start)
    raise Problem("dicom-damaged", name=member.name, reason="too many elements in the meta group")


def _looks_like_dicom(first: bytes) -> bool:
    """Tell a data set without preamble: its first element is of group 2 or 8, in some encoding."""
    if len(first) < 8:
        return False
    group, number = struct.unpack("<HH", first[:4])
    if group in (0x0200, 0x0800):
        group, number = struct.unpack(">HH", first[:4])
    if group not in (0x0002, 0x0008) or number > 0x2000:
        return False
    return first[4:6] in _VRS or struct.unpack("<I", first[4:8])[0] <= 0x400


def _encoding(cursor: Cursor, syntax: str) -> tuple[bool, bool]:
    """Return (implicit VR, little endian) as the first element shows, whatever the syntax says."""
    first = cursor.peek(8)
    implicit = first[4:6] not in _VRS
    little = syntax != EXPLICIT_BIG
    if not syntax:
        little = first[:2] != b"\0\x08"
    return implicit, little


def _dataset(kept: bytes, implicit: bool, little: bool, name: str) -> Dataset:
    try:
        return read_dataset(BytesIO(kept), implicit, little)
    except (RecursionError, ValueError, TypeError, KeyError, OSError, struct.error) as error:
        raise Problem("dicom-damaged", name=name, reason=f"bad header ({type(error).__name__})") from error


class _Walk:
    """The state of one walk: where it is, what it keeps, what it has counted."""

    def __init__(self, cursor: Cursor, implicit: bool, little: bool) -> None:
        self.cursor = cursor
        self.implicit = implicit
        self.order = "<" if little else ">"
        self.left = int(limit("dicom_elements"))
        self.depth = int(limit("dicom_depth"))

    def run(self, wanted: Mapping[int, int]) -> tuple[bytes, PixelSpan | None]:
        """Walk over the top level; return the kept elements, verbatim, and the pixels' place."""
        kept = bytearray()
        seen: set[int] = set()
        cursor = self.cursor
        while len(cursor.peek(8)) == 8:
            self.count()
            head, tag, vr, length = self.element(self.implicit)
            if tag in _PIXELS:
                return bytes(kept), PixelSpan(tag, cursor.at, None if length == _UNDEFINED else length)
            if tag >> 16 == 0xFFFE:
                raise self.damaged("a delimiter outside of any sequence")
            if tag not in wanted:
                self.pass_by(vr, length)
                continue
            if tag in seen:
                raise self.damaged(f"element {tag:08X} is there twice")
            seen.add(tag)
            kept += head + self.keep(vr, length, wanted[tag])
        return bytes(kept), None

    def keep(self, vr: bytes, length: int, most: int) -> bytes:
        """Return the value of an element, of a sequence with all its delimiters."""
        if length != _UNDEFINED:
            if length > most:
                raise self.damaged("an element is too long")
            return self.cursor.take(length)
        left, self.left = self.left, _KEPT_ELEMENTS
        self.cursor.record = bytearray()
        self.pass_by(vr, length)
        value, self.cursor.record = self.cursor.record, None
        self.left = left
        return bytes(value)

    def pass_by(self, vr: bytes, length: int) -> None:
        """Go past a value; one of undefined length is followed to its delimiter, level by level."""
        if length != _UNDEFINED:
            self.cursor.skip(length)
            return
        levels = [self.level(vr, self.implicit)]
        while levels:
            self.count()
            if len(levels) > 2 * self.depth:
                raise self.damaged(f"sequences nested deeper than {self.depth}")
            inside, implicit = levels[-1]
            if inside == "item":
                self.step_in_item(levels, implicit)
            else:
                self.step_in_sequence(levels, inside, implicit)

    def step_in_sequence(self, levels: list[tuple[str, bool]], inside: str, implicit: bool) -> None:
        """Go past one item, into one, or out of the sequence."""
        high, low, length = struct.unpack(self.order + "HHI", self.cursor.take(8))
        tag = high << 16 | low
        if tag == _SEQUENCE_END and length == 0:
            levels.pop()
        elif tag != _ITEM:
            raise self.damaged("a sequence holds something else than items")
        elif length != _UNDEFINED:
            self.cursor.skip(length)
        elif inside == "fragments":
            raise self.damaged("a fragment of undefined length")
        else:
            levels.append(("item", implicit))

    def step_in_item(self, levels: list[tuple[str, bool]], implicit: bool) -> None:
        """Go past one element, into one, or out of the item."""
        _, tag, vr, length = self.element(implicit)
        if tag == _ITEM_END:
            levels.pop()
        elif length == _UNDEFINED:
            levels.append(self.level(vr, implicit))
        else:
            self.cursor.skip(length)

    def element(self, implicit: bool) -> tuple[bytes, int, bytes, int]:
        """Read an element's head: (its bytes, tag, VR or nothing, length)."""
        head = self.cursor.take(8)
        if implicit or head[:2] in (b"\xfe\xff", b"\xff\xfe"):
            high, low, length = struct.unpack(self.order + "HHI", head)
            return head, high << 16 | low, b"", length
        high, low, vr, length = struct.unpack(self.order + "HH2sH", head)
        if vr in _LONG_VRS:
            more = self.cursor.take(4)
            head += more
            (length,) = struct.unpack(self.order + "I", more)
        elif vr not in _SHORT_VRS:
            raise self.damaged("an element of an unknown kind")
        return head, high << 16 | low, vr, length

    def count(self) -> None:
        """Count one more element or item; ``dicom-damaged`` beyond the limit."""
        self.left -= 1
        if self.left < 0:
            raise self.damaged("too many elements before the pixels")

    def damaged(self, reason: str) -> Problem:
        """Return the refusal of this file."""
        return Problem("dicom-damaged", name=self.cursor.name, reason=reason)

    @staticmethod
    def level(vr: bytes, implicit: bool) -> tuple[str, bool]:
        """Return what a value of undefined length is inside: its kind, and whether its VRs are implicit."""
        if vr in (b"OB", b"OW"):
            return "fragments", implicit
        return "sequence", implicit or vr == b"UN"  # UN of undefined length is implicit inside
