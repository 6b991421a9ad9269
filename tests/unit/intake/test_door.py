"""What may be handed over, and what is said of the rest."""

from __future__ import annotations

import zipfile
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
import pytest
from pydicom.dataset import Dataset

from heartbox.geometry import apply_affine, lps_from_ras
from heartbox.intake.door import open_series, open_study
from heartbox.intake.series import RefusedSeries, Series
from heartbox.nrrd import write_nrrd
from heartbox.problems import Problem
from makers.intake_dicom import COUNT, enhanced, positions, voxels, write_series


def refusal(source: Path | str) -> Problem:
    with pytest.raises(Problem) as caught:
        open_series(source)
    return caught.value


def hu_of(series: Series) -> npt.NDArray[np.int16]:
    return series.volume.read((0, 0, 0), series.volume.grid.shape).hu


def zipped(paths: list[Path], target: Path) -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, f"study/deep/{path.name}")
    return target


def test_folder_zip_nifti_and_nrrd_give_the_same_voxels_at_the_same_places(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "dicom")
    dicom = open_series(tmp_path / "dicom")
    grid = dicom.volume.grid
    write_nrrd(tmp_path / "scan.nrrd", voxels(), grid)
    image = nibabel.Nifti1Image(voxels().transpose(2, 1, 0), lps_from_ras(grid.affine))
    for ending in ("nii", "nii.gz"):
        nibabel.save(image, tmp_path / f"scan.{ending}")
    zipped(paths, tmp_path / "scan.zip")
    for name, kind in (("zip", "dicom"), ("nii", "nifti"), ("nii.gz", "nifti"), ("nrrd", "nrrd")):
        other = open_series(str(tmp_path / f"scan.{name}"))
        assert other.kind == kind
        assert np.array_equal(hu_of(other), voxels()), name
        assert np.allclose(other.volume.grid.affine, grid.affine, atol=1e-4), name
        assert other.modality == "CT"


def test_enhanced_file_is_ordered_by_position_with_each_frames_own_slope(tmp_path: Path) -> None:
    slopes = [1 if k % 2 else 2 for k in range(COUNT)]
    order = np.random.default_rng(3).permutation(COUNT)
    enhanced(positions()[order], slopes).save_as(tmp_path / "one.dcm", enforce_file_format=True)
    series = open_series(tmp_path / "one.dcm")
    expected = np.empty_like(voxels())
    for frame, k in enumerate(order.tolist()):
        kept = (voxels()[frame].astype(int) + 1024) // slopes[frame] * slopes[frame] - 1024
        expected[k] = kept
    assert np.array_equal(hu_of(series), expected)
    assert np.allclose(apply_affine(series.volume.grid.affine, [0, 0, 4]), positions()[4])


def test_enhanced_file_in_a_zip_reads_the_same(tmp_path: Path) -> None:
    enhanced(positions(), [1] * COUNT).save_as(tmp_path / "one.dcm", enforce_file_format=True)
    series = open_series(zipped([tmp_path / "one.dcm"], tmp_path / "one.zip"))
    for k in (7, 2, 11):
        assert np.array_equal(series.volume.read_slice(k), voxels()[k])


def test_path_that_does_not_exist_is_said() -> None:
    problem = refusal("no/such/place")
    assert problem.code == "path-missing"
    assert "no/such/place" in str(problem)


def test_empty_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "nothing.dcm").touch()
    problem = refusal(tmp_path / "nothing.dcm")
    assert (problem.code, "nothing.dcm" in str(problem)) == ("file-empty", True)


def test_text_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear colleague, the images are attached.")
    problem = refusal(tmp_path / "letter.txt")
    assert (problem.code, "letter.txt" in str(problem)) == ("not-an-image", True)


def test_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("no image at all")
    (tmp_path / "b").touch()
    problem = refusal(tmp_path)
    assert problem.code == "nothing-to-read"
    assert "None of the 2 files" in problem.integrator_sentence


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "nothing-to-read"


def test_other_files_among_images_are_left_aside_and_named(tmp_path: Path) -> None:
    write_series(tmp_path)
    (tmp_path / "letter.txt").write_text("Dear colleague, the images are attached.")
    (tmp_path / "empty").touch()
    (tmp_path / ".DS_Store").write_bytes(b"junk")
    series = open_series(tmp_path)
    (notice,) = series.notices
    assert notice.code == "files-left-aside"
    assert "letter.txt" in notice.text
    assert "empty" in notice.text
    assert "DS_Store" not in notice.text


def test_damaged_slice_among_good_ones_is_refused_by_name(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    paths[6].write_bytes(paths[6].read_bytes()[:300])
    problem = refusal(tmp_path)
    assert problem.code == "dicom-damaged"
    assert "1-006.dcm" in str(problem)


def test_damaged_slice_of_another_series_does_not_refuse_this_one(tmp_path: Path) -> None:
    write_series(tmp_path / "good")
    bad = write_series(tmp_path / "bad", series=2)
    bad[6].write_bytes(bad[6].read_bytes()[:-10])
    series = open_series(tmp_path)
    (notice,) = series.notices
    assert notice.code == "series-refused"
    assert "2-006.dcm" in notice.text


@pytest.mark.parametrize(
    ("keyword", "value", "word"),
    [
        ("Modality", "MR", "modality MR"),
        ("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"], "localizer"),
        ("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7", "secondary capture"),
    ],
)
def test_what_is_no_ct_slice_is_refused_by_what_it_is(
    tmp_path: Path, keyword: str, value: str | list[str], word: str
) -> None:
    def change(dataset: Dataset, _: int) -> None:
        setattr(dataset, keyword, value)

    write_series(tmp_path, change=change)
    problem = refusal(tmp_path)
    assert problem.code == "no-ct-series"
    assert word in str(problem)


def test_localizer_in_the_series_is_left_aside(tmp_path: Path) -> None:
    def change(dataset: Dataset, _: int) -> None:
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]

    write_series(tmp_path)
    write_series(tmp_path, names=["scout"], places_mm=positions(1), change=change)
    series = open_series(tmp_path)
    assert series.summary()["shape_zyx"][0] == COUNT
    assert [notice.code for notice in series.notices] == ["files-left-aside"]


def test_study_lists_each_series_and_each_refusal(tmp_path: Path) -> None:
    write_series(tmp_path / "a")
    write_series(tmp_path / "b", series=2, places_mm=positions(3))
    (tmp_path / "letter.txt").write_text("Dear colleague, the images are attached.")
    study = open_study(tmp_path)
    assert [type(one) for one in study] == [Series, RefusedSeries, RefusedSeries]
    refused = [one for one in study if isinstance(one, RefusedSeries)]
    assert [(one.problem.code, one.is_ct) for one in refused] == [
        ("too-few-slices", True),
        ("not-an-image", False),
    ]


def test_dicomdir_stands_for_its_folder(tmp_path: Path) -> None:
    write_series(tmp_path / "IMAGES")
    image = enhanced(positions(1), [1])
    image.SOPClassUID = "1.2.840.10008.1.3.10"
    image.save_as(tmp_path / "DICOMDIR", enforce_file_format=True)
    for source in (tmp_path / "DICOMDIR", tmp_path):
        series = open_series(source)
        assert np.array_equal(hu_of(series), voxels())
        assert series.notices == ()


def test_folder_of_one_nifti_is_opened(tmp_path: Path) -> None:
    write_series(tmp_path / "dicom")
    grid = open_series(tmp_path / "dicom").volume.grid
    (tmp_path / "nifti").mkdir()
    write_nrrd(tmp_path / "nifti" / "scan.nrrd", voxels(), grid)
    (tmp_path / "nifti" / "readme.txt").write_text("a scan and a letter")
    series = open_series(tmp_path / "nifti")
    assert series.kind == "nrrd"
    assert [notice.code for notice in series.notices] == ["files-left-aside"]


def test_no_message_says_who_the_patient_is(tmp_path: Path) -> None:
    paths = write_series(tmp_path)
    paths[3].unlink()
    problem = refusal(tmp_path)
    said = str(problem) + problem.integrator_sentence
    assert not any(word in said for word in ("Nobody", "SECRET", "1561", str(tmp_path)))
