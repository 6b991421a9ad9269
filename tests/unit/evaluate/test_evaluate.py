from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from heartbox.evaluate.evaluate import evaluate_manifest, evaluate_phantoms
from heartbox.evaluate.rows import Row
from heartbox.nrrd import write_nrrd
from heartbox.phantom.phantom import phantom_volume
from heartbox.phantom.protocol import Protocol
from heartbox.problems import Problem


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    volume, truth = phantom_volume(5, Protocol(slices=70, spacing_mm=5.0, rows=96, noise_hu=15.0))
    write_nrrd(folder / "whole.nrrd", volume.hu, volume.grid)
    box = json.dumps(truth["heart_box_lps_mm"])
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["case", "file", "split", "cut_faces", "heart_box_lps_mm"])
        table.writerow(["whole", "whole.nrrd", "test_other", "", box])
        table.writerow(["wrong", "whole.nrrd", "negative", "", ""])
        table.writerow(["absent", "PyPI: somewhere", "test_only_never_train", "", box])
        table.writerow(["train", "whole.nrrd", "train_open", "", box])
    return folder / "manifest.csv"


def test_each_scan_gets_a_row_and_misses_are_shown(manifest: Path) -> None:
    seen: list[Row] = []
    report = evaluate_manifest(manifest, on_row=seen.append)
    assert list(report.rows) == seen
    rows = {row.case: row for row in report.rows}
    assert sorted(rows) == ["absent", "whole", "wrong"]
    assert rows["whole"].passed and rows["whole"].iou is not None and rows["whole"].iou > 0.7
    assert not rows["wrong"].passed and rows["wrong"].reason == "found instead of not_found"
    assert rows["absent"].skipped and "somewhere" in rows["absent"].reason
    assert (report.passed, report.counted, report.skipped) == (1, 2, 1)
    assert 0 < rows["whole"].slices_read <= rows["whole"].slices == 70


def test_scan_that_lies_elsewhere_is_found_there(manifest: Path) -> None:
    elsewhere = manifest.parent / "whole.nrrd"
    report = evaluate_manifest(manifest, ["test_only_never_train"], {"absent": elsewhere})
    assert report.passed == 1


def test_missing_manifest_is_one_clear_refusal(tmp_path: Path) -> None:
    with pytest.raises(Problem) as refusal:
        evaluate_manifest(tmp_path / "none.csv")
    assert refusal.value.code == "path-missing"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"case,file\na,b\n", "it lacks cut_faces, heart_box_lps_mm, split"),
        (b"", "it lacks case"),
        (b"\xff\xfe\x00", "it is not a CSV table"),
        (b"case,file,split,cut_faces,heart_box_lps_mm\na,b,negative,,[1]\n", "the box of a is not six"),
        (b"case,file,split,cut_faces,heart_box_lps_mm\na,b,negative,,nonsense\n", "the box of a is not six"),
    ],
)
def test_table_that_cannot_be_used_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    table = tmp_path / "scans.csv"
    table.write_bytes(content)
    with pytest.raises(Problem) as refusal:
        evaluate_manifest(table)
    assert refusal.value.code == "manifest-unfit"
    assert reason in refusal.value.sentence


def test_phantom_of_a_new_seed_is_found() -> None:
    report = evaluate_phantoms([11])
    assert report.passed == report.counted == 1
