"""A zip is judged by its directory and read in place."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest

from heartbox.intake.door import open_series
from heartbox.intake.zips import list_zip
from heartbox.problems import Problem
from makers.intake_dicom import voxels, write_series


def refusal(path: Path) -> Problem:
    with pytest.raises(Problem) as caught:
        open_series(path)
    return caught.value


def write_zip(target: Path, entries: list[tuple[str, bytes]], mode: int = 0o644) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            info = zipfile.ZipInfo("x")
            info.filename = name  # the constructor would clean it
            info.external_attr, info.create_system = mode << 16, 3
            archive.writestr(info, content, zipfile.ZIP_DEFLATED)
    return target


def series_bytes(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in write_series(folder)]


def test_names_that_climb_out_are_read_in_place_and_write_nothing(tmp_path: Path) -> None:
    slices = series_bytes(tmp_path / "dicom")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    names = ["../../up.dcm", "/abs.dcm", "C:\\drive.dcm", "\\\\host\\share.dcm"]
    names += [f"{k}.dcm" for k in range(len(slices) - len(names))]
    before = sorted(tmp_path.rglob("*"))
    source = write_zip(inner / "scan.zip", list(zip(names, slices, strict=True)))
    series = open_series(source)
    assert np.array_equal(series.volume.read_slice(2), voxels()[2])
    assert sorted(tmp_path.rglob("*")) == sorted([*before, source])


def test_names_are_shown_short_and_printable(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "scan.zip", [("../\x1b[31m\nred" + "x" * 500, b"1"), ("a\\b.dcm", b"1")])
    names = [member.name for member in list_zip(source)]
    assert names[1] == "b.dcm"
    assert names[0].isprintable()
    assert len(names[0]) <= 60


def test_links_hidden_files_and_folders_are_not_looked_at(tmp_path: Path) -> None:
    slices = series_bytes(tmp_path / "dicom")
    entries = [(f"s/{k}", data) for k, data in enumerate(slices)] + [
        ("__MACOSX/s/._0", b"x"),
        ("s/.hidden", b"x"),
    ]
    source = write_zip(tmp_path / "scan.zip", entries)
    with zipfile.ZipFile(source, "a") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr, link.create_system = (stat.S_IFLNK | 0o777) << 16, 3
        archive.writestr(link, "/etc/passwd")
        archive.writestr("folder/", "")
    series = open_series(source)
    assert series.notices == ()
    assert series.n_bytes == sum(map(len, slices))


def test_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "bomb.zip", [("a.dcm", bytes(5_000_000))])
    problem = refusal(source)
    assert problem.code == "zip-unsafe"
    assert "bomb.zip" in str(problem)


def test_zip_in_a_zip_is_not_opened(tmp_path: Path) -> None:
    slices = series_bytes(tmp_path / "dicom")
    inner = write_zip(tmp_path / "inner.zip", [(f"{k}", data) for k, data in enumerate(slices)])
    assert (
        refusal(write_zip(tmp_path / "outer.zip", [("inner.zip", inner.read_bytes())])).code
        == "nothing-to-read"
    )


def test_zipped_nifti_is_refused_with_the_way_on(tmp_path: Path) -> None:
    problem = refusal(write_zip(tmp_path / "scan.zip", [("a/scan.nii.gz", b"\x1f\x8b" + bytes(range(200)))]))
    assert problem.code == "zip-of-volumes"
    assert "scan.nii.gz: unpack it" in str(problem)


def test_empty_zip_is_refused(tmp_path: Path) -> None:
    assert refusal(write_zip(tmp_path / "empty.zip", [])).code == "nothing-to-read"


def test_cut_zip_is_refused(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "cut.zip", [("a", bytes(range(256)) * 40)])
    source.write_bytes(source.read_bytes()[:-30])
    assert refusal(source).code == "zip-unsafe"


def test_encrypted_entry_is_refused(tmp_path: Path) -> None:
    source = write_zip(tmp_path / "secret.zip", [("a.dcm", bytes(range(256)))])
    data = bytearray(source.read_bytes())
    data[6] |= 1
    data[data.rindex(b"PK\1\2") + 8] |= 1
    source.write_bytes(data)
    problem = refusal(source)
    assert problem.code == "zip-unsafe"
    assert "encrypted" in problem.integrator_sentence


def test_flipped_byte_in_an_entry_is_noticed(tmp_path: Path) -> None:
    slices = series_bytes(tmp_path / "dicom")
    source = tmp_path / "scan.zip"
    with zipfile.ZipFile(source, "w", zipfile.ZIP_STORED) as archive:
        for k, data in enumerate(slices):
            archive.writestr(f"{k}", data)
    whole = bytearray(source.read_bytes())
    whole[whole.index(slices[3][-300:]) + 100] ^= 0x40
    source.write_bytes(whole)
    with pytest.raises(Problem) as caught:
        open_series(source).volume.read_slice(3)
    assert caught.value.code == "zip-unsafe"
    assert "entry 3 is damaged" in caught.value.integrator_sentence
