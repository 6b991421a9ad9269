from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import nrrd as pynrrd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from heartbox.geometry import Grid
from heartbox.nrrd import read_nrrd, read_voxels, write_nrrd
from heartbox.problems import Problem

GRID = Grid((2, 3, 4), np.array([[0.7, 0, 0, -10], [0, 0.8, 0, 20], [0, 0.1, 2.5, 30], [0, 0, 0, 1]]))
HEADER = """NRRD0004
type: int16
dimension: 3
space: left-posterior-superior
sizes: 4 3 2
space directions: (1,0,0) (0,1,0) (0,0,1)
endian: little
encoding: raw
space origin: (0,0,0)
"""


def _file(folder: Path, header: str, data: bytes) -> Path:
    path = folder / "made.nrrd"
    path.write_bytes(header.encode() + b"\n" + data)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(
    hu=arrays(np.int16, (2, 3, 4)),
    numbers=st.lists(st.floats(-900, 900, allow_nan=False), min_size=3, max_size=3),
)
def test_voxels_and_place_come_back_exactly(tmp_path: Path, hu: np.ndarray, numbers: list[float]) -> None:
    affine = GRID.affine.copy()
    affine[:3, 3] = numbers
    write_nrrd(tmp_path / "a.nrrd", hu, Grid(hu.shape, affine))
    again = read_nrrd(tmp_path / "a.nrrd")
    np.testing.assert_array_equal(again.hu, hu)
    np.testing.assert_array_equal(again.grid.affine, affine)


def test_the_same_voxels_give_the_same_bytes(tmp_path: Path) -> None:
    hu = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    write_nrrd(tmp_path / "a.nrrd", hu, GRID)
    write_nrrd(tmp_path / "b.nrrd", hu, GRID)
    assert (tmp_path / "a.nrrd").read_bytes() == (tmp_path / "b.nrrd").read_bytes()


def test_another_reader_sees_the_same_voxels(tmp_path: Path) -> None:
    labels = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    write_nrrd(tmp_path / "a.nrrd", labels, GRID, content="labels")
    data, header = pynrrd.read(str(tmp_path / "a.nrrd"), index_order="C")
    np.testing.assert_array_equal(data, labels)
    np.testing.assert_allclose(header["space directions"].T, GRID.affine[:3, :3])
    assert header["space"] == "left-posterior-superior"


def test_a_ras_file_is_turned_to_lps(tmp_path: Path) -> None:
    text = HEADER.replace("left-posterior-superior", "right-anterior-superior").replace("(0,0,0)", "(1,2,3)")
    grid = read_nrrd(_file(tmp_path, text, bytes(48))).grid
    assert grid.affine[:3, 3].tolist() == [-1, -2, 3]
    assert np.diag(grid.affine).tolist() == [-1, -1, 1, 1]


def test_real_values_are_rounded_and_clipped_to_hu(tmp_path: Path) -> None:
    values = np.array([-1e9, -0.6, 0.4, 1e9] * 6, dtype="<f4")
    volume = read_nrrd(_file(tmp_path, HEADER.replace("int16", "float"), values.tobytes()))
    assert volume.hu[0, 0].tolist() == [-32768, -1, 0, 32767]


def test_big_endian_is_read(tmp_path: Path) -> None:
    values = np.arange(24, dtype=">i2")
    stored, _ = read_voxels(_file(tmp_path, HEADER.replace("little", "big"), values.tobytes()))
    assert stored.ravel().tolist() == list(range(24))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("dimension: 3\n", "dimension: 3\ndata file: /etc/passwd\n"), "data file"),
        (("encoding: raw", "encoding: bzip2"), "encoding"),
        (("space: left-posterior-superior\n", ""), "LPS or RAS"),
        (("space directions: (1,0,0) (0,1,0) (0,0,1)\n", ""), "place in space"),
        (("(1,0,0) (0,1,0)", "(1,0,0) (1,0,0)"), "place in space"),
        (("(1,0,0)", "(nan,0,0)"), "place in space"),
        (("type: int16", "type: block"), "voxel type"),
        (("sizes: 4 3 2", "sizes: 4 3 3"), "fewer voxels"),
        (("sizes: 4 3 2", "sizes: 4 3 1"), "more voxels"),
        (("sizes: 4 3 2", "sizes: 4 3 0"), "three axes"),
        (("dimension: 3\n", "dimension: three\n"), "header"),
    ],
)
def test_what_the_dialect_does_not_know_is_refused(
    tmp_path: Path, change: tuple[str, str], reason: str
) -> None:
    path = _file(tmp_path, HEADER.replace(*change), bytes(48))
    with pytest.raises(Problem, match=reason) as caught:
        read_nrrd(path)
    assert caught.value.code == "nrrd-unreadable"


def test_sizes_beyond_the_limit_are_refused_before_reading(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        read_nrrd(_file(tmp_path, HEADER.replace("4 3 2", "4000 4000 4000"), b""))
    assert caught.value.code == "too-large"


def test_a_gzip_bomb_costs_no_more_than_the_header_promises(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    path = _file(tmp_path, HEADER.replace("raw", "gzip"), bomb)
    tracemalloc.start()
    try:
        with pytest.raises(Problem, match="more voxels"):
            read_nrrd(path)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("content", [b"", b"hello", b"NRRD0004\ntype: int16\n"])
def test_a_file_without_a_whole_header_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.nrrd"
    path.write_bytes(content)
    with pytest.raises(Problem, match=r"broken\.nrrd"):
        read_nrrd(path)


@pytest.mark.parametrize("cut", [10, 60])
def test_gzip_data_that_breaks_off_is_refused(tmp_path: Path, cut: int) -> None:
    data = gzip.compress(np.random.default_rng(0).bytes(48))
    with pytest.raises(Problem, match=r"fewer voxels|damaged"):
        read_nrrd(_file(tmp_path, HEADER.replace("raw", "gzip"), data[:cut]))


def test_an_array_that_does_not_fit_its_grid_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        write_nrrd(tmp_path / "a.nrrd", np.zeros((1, 1, 1), np.int16), GRID)
    with pytest.raises(ValueError, match="int16 or uint8"):
        write_nrrd(tmp_path / "a.nrrd", np.zeros(GRID.shape, np.float32), GRID)
    assert not (tmp_path / "a.nrrd").exists()
