from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox import contract
from heartbox.geometry import Box, Grid
from heartbox.locate import Finding, Model
from heartbox.problems import Problem
from heartbox.sector import MARGIN_MM, cut_sector, read_sector, sector_box, sector_fields, write_sector
from heartbox.volume import HuSlice, LazyVolume, Volume

GRID = Grid((40, 50, 60), np.array([[2.0, 0, 0, -60], [0, 2, 0, -50], [0, 0, 3, -90], [0, 0, 0, 1]]))
HU = np.random.default_rng(0).integers(-1000, 1000, GRID.shape, dtype=np.int16)
SCAN = LazyVolume.of(Volume(HU, GRID, {"secret": "DOE^JANE"}))
HEART = Box(-20, 30, -20, 20, -60, -30)
FOUND = Finding("found", 0.9, HEART, (), Model("heart", "1", "0" * 64))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 60), min_size=6, max_size=6))
def test_the_sector_covers_box_and_margin_inside_the_scan(margin: list[float]) -> None:
    sector = cut_sector(SCAN, FOUND, margin)
    wanted = sector_box(GRID, HEART, margin)
    assert (sector.box.low_mm <= wanted.low_mm + 1e-5).all()
    assert (sector.box.high_mm >= wanted.high_mm - 1e-5).all()
    assert (sector.box.low_mm > wanted.low_mm - GRID.spacing_mm - 1e-5).all()
    assert (sector.box.high_mm < wanted.high_mm + GRID.spacing_mm + 1e-5).all()


def test_only_the_slices_of_the_sector_are_decoded() -> None:
    asked: list[int] = []

    def read_slice(k: int) -> HuSlice:
        asked.append(k)
        return np.asarray(HU[k])

    cut_sector(LazyVolume(GRID, read_slice), FOUND, [0] * 6)
    assert asked == list(range(10, 21))


def test_what_travels_is_the_closed_list_and_the_voxels_of_the_sector(tmp_path: Path) -> None:
    sector = cut_sector(SCAN, FOUND, [0] * 6)
    files = write_sector(sector, tmp_path)
    assert sorted(path.name for path in files) == sorted(path.name for path in tmp_path.iterdir())
    fields = json.loads((tmp_path / "sector.json").read_text(encoding="utf-8"))
    assert set(fields) == set(contract.load_json("schemas/sector.schema.json")["properties"])
    raw = (tmp_path / "sector.nrrd").read_bytes()
    header, _, data = raw.partition(b"\n\n")
    named = {line.split(b":")[0] for line in header.splitlines()[1:]}
    assert named == {
        b"type", b"dimension", b"space", b"sizes", b"space directions", b"kinds", b"endian", b"encoding",
        b"space origin",
    }  # fmt: skip
    assert len(gzip.decompress(data)) == sector.volume.hu.nbytes
    assert b"DOE" not in raw


def test_a_written_sector_comes_back(tmp_path: Path) -> None:
    sector = cut_sector(SCAN, FOUND)
    write_sector(sector, tmp_path)
    for path in (tmp_path, tmp_path / "sector.nrrd"):
        volume = read_sector(path)
        np.testing.assert_array_equal(volume.hu, sector.volume.hu)
        np.testing.assert_array_equal(volume.grid.affine, sector.volume.grid.affine)


def test_a_drawn_box_says_so_and_names_no_net() -> None:
    fields = sector_fields(cut_sector(SCAN, HEART, MARGIN_MM), "0" * 64)
    assert (fields["verdict"], fields["confidence"], fields["model"]) == ("drawn", None, None)


def test_a_box_beside_the_scan_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        cut_sector(SCAN, Box(500, 510, 0, 10, 0, 10), [0] * 6)
    assert caught.value.code == "box-outside"


def test_a_finding_without_a_box_has_no_sector() -> None:
    with pytest.raises(ValueError, match="heart box"):
        cut_sector(SCAN, Finding("not_found", 0.1, None, (), FOUND.model))


@pytest.mark.parametrize("change", ["voxels", "fields", "name"])
def test_voxels_and_fields_that_do_not_belong_together_are_refused(tmp_path: Path, change: str) -> None:
    write_sector(cut_sector(SCAN, FOUND), tmp_path)
    path = tmp_path / ("sector.nrrd" if change == "voxels" else "sector.json")
    if change == "voxels":
        path.write_bytes(path.read_bytes() + b"x")
    elif change == "fields":
        path.write_text("{}", encoding="utf-8")
    else:
        fields = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps(fields | {"PatientName": "DOE^JANE"}), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        read_sector(tmp_path)
    assert caught.value.code == "sector-unfit"


def test_a_missing_sector_is_named(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        read_sector(tmp_path)
    assert caught.value.code == "path-missing"


def test_a_sector_beyond_the_limit_is_refused_before_it_is_read() -> None:
    def never(k: int) -> HuSlice:
        raise AssertionError(f"slice {k} was read")

    grid = Grid((2000, 1000, 1000), np.diag([0.1, 0.1, 0.05, 1.0]))
    with pytest.raises(Problem) as caught:
        cut_sector(LazyVolume(grid, never), Box(1, 90, 1, 90, 1, 90), [0] * 6)
    assert caught.value.code == "too-large"
