"""The bounded walk over a file's elements: it keeps what is asked for and stops at the pixels."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from heartbox.intake.elements import DEFLATED, EXPLICIT_BIG, EXPLICIT_LITTLE, IMPLICIT_LITTLE, Head, read_head
from heartbox.intake.files import Member
from heartbox.problems import Problem

ROWS, MODALITY, SEQUENCE = 0x00280010, 0x00080060, 0x52009230
WANTED = {ROWS: 16, MODALITY: 16, SEQUENCE: 1 << 16}
UNDEFINED = 0xFFFFFFFF
ITEM, ITEM_END, SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\x0d\xe0\0\0\0\0", b"\xfe\xff\xdd\xe0\0\0\0\0"
PIXELS = bytes(range(8))


def element(tag: int, vr: bytes, value: bytes, length: int | None = None, order: str = "<") -> bytes:
    length = len(value) if length is None else length
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if vr == b"":
        return head + struct.pack(order + "I", length) + value
    if vr in (b"SQ", b"OB", b"OW", b"UN"):
        return head + vr + struct.pack(order + "HI", 0, length) + value
    return head + vr + struct.pack(order + "H", length) + value


def meta(syntax: str) -> bytes:
    uid = syntax.encode() + b"\0" * (len(syntax) % 2)
    return b"\0" * 128 + b"DICM" + element(0x00020010, b"UI", uid)


def body(before: bytes = b"", order: str = "<", named: bool = True) -> bytes:
    def vr(kind: bytes) -> bytes:
        return kind if named else b""

    return (
        element(MODALITY, vr(b"CS"), b"CT", order=order)
        + element(ROWS, vr(b"US"), struct.pack(order + "H", 7), order=order)
        + before
        + element(0x7FE00010, vr(b"OW"), PIXELS, order=order)
    )


def read(data: bytes, name: str = "one.dcm") -> Head:
    return read_head(Member(name, len(data), lambda: BytesIO(data)), WANTED)


def refusal(data: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        read(data)
    return caught.value


@pytest.mark.parametrize(
    "data",
    [
        meta(EXPLICIT_LITTLE) + body(),
        meta(IMPLICIT_LITTLE) + body(named=False),
        meta(EXPLICIT_BIG) + body(order=">"),
        meta(IMPLICIT_LITTLE) + body(),  # the meta group lies
        body(),  # neither preamble nor meta group
        body(named=False),
        meta(EXPLICIT_LITTLE)[132:] + body(),  # no preamble
    ],
    ids=["explicit", "implicit", "big", "lying", "bare-explicit", "bare-implicit", "no-preamble"],
)
def test_every_encoding_gives_the_same_elements_and_pixels(data: bytes) -> None:
    head = read(data)
    assert (head.data.Rows, head.data.Modality) == (7, "CT")
    assert head.pixels is not None
    assert data[head.pixels.start : head.pixels.start + 8] == PIXELS
    assert head.pixels.length == len(PIXELS)


def test_deflated_file_is_read_to_its_pixels_only() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    tail = element(0xFFFCFFFC, b"OB", bytes(30_000_000))
    head = read(meta(DEFLATED) + packer.compress(body() + tail) + packer.flush())
    assert head.data.Rows == 7


def test_deflated_file_that_does_not_stop_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    flood = element(0x00091001, b"OB", bytes(80_000_000))
    problem = refusal(meta(DEFLATED) + packer.compress(body(flood)) + packer.flush())
    assert problem.code == "too-large"


def test_damaged_deflate_stream_is_refused() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(body()) + packer.flush()
    assert refusal(meta(DEFLATED) + packed[: len(packed) // 2]).code == "dicom-damaged"


def test_nested_pixels_are_not_the_pixels() -> None:
    own = element(ROWS, b"US", b"\1\0") + element(0x7FE00010, b"OB", b"icon")
    item = ITEM + struct.pack("<I", UNDEFINED) + own + ITEM_END
    icon = element(0x00880200, b"SQ", item + SEQUENCE_END, UNDEFINED)
    head = read(meta(EXPLICIT_LITTLE) + body(icon))
    assert head.data.Rows == 7
    assert head.pixels is not None
    assert head.pixels.length == len(PIXELS)


def test_kept_sequence_of_undefined_length_is_whole() -> None:
    def group(rows: int) -> bytes:
        return ITEM + struct.pack("<I", UNDEFINED) + element(ROWS, b"US", struct.pack("<H", rows)) + ITEM_END

    sequence = element(SEQUENCE, b"SQ", group(3) + group(4) + SEQUENCE_END, UNDEFINED)
    head = read(meta(EXPLICIT_LITTLE) + body(sequence))
    assert [item.Rows for item in head.data.PerFrameFunctionalGroupsSequence] == [3, 4]


def nested(depth: int, closed: bool = True) -> bytes:
    begin = element(0x00400275, b"SQ", b"", UNDEFINED) + ITEM + struct.pack("<I", UNDEFINED)
    return begin * depth + (ITEM_END + SEQUENCE_END) * (depth if closed else 0)


def test_deep_sequences_are_read_up_to_the_limit_and_refused_beyond() -> None:
    assert read(meta(EXPLICIT_LITTLE) + body(nested(16))).data.Rows == 7
    for data in (nested(17), nested(50_000), nested(50_000, closed=False)):
        assert "deeper than 16" in refusal(meta(EXPLICIT_LITTLE) + body(data)).integrator_sentence


def many() -> bytes:
    return b"".join(element(0x00410000 + k, b"SH", b"AB") for k in range(0x1000, 0x1000 + 25_000))


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (element(0x00091001, b"UN", b"abcd", 0xFFFFFFFE), "breaks off"),
        (element(0x00091001, b"SH", b"abcd", 60_000), "breaks off"),
        (element(ROWS, b"US", b"\7\0"), "there twice"),
        (element(SEQUENCE, b"SQ", bytes(1 << 17)), "too long"),
        (element(0x00091001, b"zz", b""), "unknown kind"),
        (SEQUENCE_END, "delimiter"),
        (element(0x00400275, b"SQ", SEQUENCE_END[:4] + b"\4\0\0\0", UNDEFINED), "something else than items"),
        (many(), "too many elements"),
    ],
)
def test_header_that_lies_is_refused_with_the_reason(before: bytes, reason: str) -> None:
    problem = refusal(meta(EXPLICIT_LITTLE) + body(before))
    assert problem.code == "dicom-damaged"
    assert reason in problem.integrator_sentence


def test_file_that_is_not_dicom_is_said_to_be_none() -> None:
    for data in (b"Dear colleague, the images are attached.", b"\xff\xd8\xff\xe0" + bytes(200), b"PK", b"x"):
        assert refusal(data).code == "not-an-image"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    cuts=st.lists(st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=6)), max_size=6),
    length=st.integers(0, 400),
)
def test_no_change_of_a_header_does_more_than_refuse(cuts: Iterable[tuple[int, bytes]], length: int) -> None:
    data = bytearray(meta(EXPLICIT_LITTLE) + body(nested(2)))
    for at, piece in cuts:
        data[at : at + len(piece)] = piece
    try:
        read(bytes(data[: len(data) - length] if length < 100 else data))
    except Problem as problem:
        assert problem.code in ("dicom-damaged", "not-an-image", "file-empty", "too-large")


def test_folder_name_of_a_file_is_never_said(tmp_path: Path) -> None:
    path = tmp_path / "one.dcm"
    path.write_bytes(meta(EXPLICIT_LITTLE))
    with pytest.raises(Problem) as caught:
        read_head(Member("one.dcm", path.stat().st_size, lambda: path.open("rb")), WANTED)
    assert str(tmp_path) not in str(caught.value) + caught.value.integrator_sentence
