from __future__ import annotations

import gzip
import hashlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox.problems import Problem
from heartbox.server.sector_stream import SectorStream
from unit.server.sectors import make_sector

SENT = make_sector()
HEAD, _, BODY = SENT.data.partition(b"\n\n")


def _refusal(data: bytes, pieces: int = 4096) -> tuple[str, int]:
    """Feed bytes in pieces; return the code and how many bytes it took to know."""
    stream = SectorStream(hashlib.sha256(data).hexdigest())
    try:
        for start in range(0, len(data), pieces):
            stream.feed(data[start : start + pieces])
        stream.finish()
    except Problem as problem:
        return problem.code, stream.seen_bytes
    return "", stream.seen_bytes


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(0, len(SENT.data)), max_size=12))
def test_a_sector_is_sound_however_it_is_cut(cuts: list[int]) -> None:
    stream = SectorStream(SENT.sha256)
    edges = [0, *sorted(cuts), len(SENT.data)]
    for start, stop in pairwise(edges):
        stream.feed(SENT.data[start:stop])
    grid = stream.finish()
    assert list(grid.shape) == SENT.fields["shape_zyx"]
    np.testing.assert_array_equal(grid.affine, SENT.fields["affine_lps"])


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b"NRRD0004", b"PK\x03\x04", "nrrd-unreadable"),
        (b"type: int16", b"type: float", "nrrd-unreadable"),
        (b"dimension: 3", b"dimension: 7", "nrrd-unreadable"),
        (b"left-posterior-superior", b"right-anterior-superior", "nrrd-unreadable"),
        (b"encoding: gzip", b"encoding: bzip2", "nrrd-unreadable"),
        (b"encoding: gzip", b"encoding: gzip\ndata file: /etc/passwd", "nrrd-unreadable"),
        (b"endian: little", b"endian: little\ncontent: DOE^JANE", "nrrd-unreadable"),
        (b"endian: little", b"endian: little\n# DOE^JANE", "nrrd-unreadable"),
        (b"endian: little", b"endian: little\nname:=DOE^JANE", "nrrd-unreadable"),
        (b"endian: little", b"endian: little\nendian: little", "nrrd-unreadable"),
        (b"endian: little\n", b"", "nrrd-unreadable"),
        (b"sizes: 24 24 24", b"sizes: 0 24 24", "nrrd-unreadable"),
        (b"sizes: 24 24 24", b"sizes: 4096 4096 4096", "too-large"),
        (b"sizes: 24 24 24", b"sizes: 99999 1 1", "too-large"),
        (b"(0.7,0.0,0.0)", b"(0.0,0.0,0.0)", "nrrd-unreadable"),
        (b"(0.7,0.0,0.0)", b"(nan,0.0,0.0)", "nrrd-unreadable"),
        (b"(0.7,0.0,0.0)", b"(1e999,0.0,0.0)", "nrrd-unreadable"),
        (b"(0.7,0.0,0.0)", b"(1.2.3,0.0,0.0)", "nrrd-unreadable"),
        (b"kinds: domain", b"kinds: d\xf6main", "nrrd-unreadable"),
    ],
)
def test_what_is_no_sector_is_refused_as_soon_as_its_header_is_there(
    old: bytes, new: bytes, code: str
) -> None:
    assert old in HEAD
    data = HEAD.replace(old, new, 1) + b"\n\n" + BODY
    refused, seen = _refusal(data, pieces=1)
    assert refused == code
    assert seen <= data.index(b"\n\n") + 2


def test_another_file_is_refused_at_its_first_byte() -> None:
    assert _refusal(b"\x1f\x8b" + bytes(5000), pieces=1) == ("nrrd-unreadable", 1)


def test_a_header_without_an_end_is_refused_at_the_limit() -> None:
    assert _refusal(b"NRRD0004\n" + b"#" * 300_000)[0] == "nrrd-unreadable"


def test_a_bomb_is_refused_after_the_voxels_it_promised() -> None:
    promised = 24**3 * 2
    bomb = gzip.compress(bytes(200 * 1024 * 1024), 9)
    code, seen = _refusal(HEAD + b"\n\n" + bomb, pieces=512)
    assert code == "nrrd-unreadable"
    assert seen < len(HEAD) + 2 + 512 * 4 + promised // 500


@pytest.mark.parametrize(
    "body",
    [
        gzip.compress(bytes(24**3 * 2 - 1)),
        gzip.compress(bytes(24**3 * 2 + 1)),
        BODY[:-1],
        BODY + b"x",
        BODY + gzip.compress(b"DOE^JANE"),
        b"\x00" * 100,
        b"",
    ],
    ids=["less", "more", "cut", "a byte behind", "a file behind", "no gzip", "nothing"],
)
def test_voxels_that_are_not_the_promised_ones_are_refused(body: bytes) -> None:
    for pieces in (1, 7, 1 << 20):
        assert _refusal(HEAD + b"\n\n" + body, pieces)[0] == "nrrd-unreadable"


def test_one_flipped_bit_is_found() -> None:
    data = bytearray(SENT.data)
    data[HEAD.index(b"0.7") + 2] ^= 1  # still a sector, but not this one
    stream = SectorStream(SENT.sha256)
    stream.feed(bytes(data))
    with pytest.raises(Problem) as caught:
        stream.finish()
    assert caught.value.code == "digest-mismatch"
