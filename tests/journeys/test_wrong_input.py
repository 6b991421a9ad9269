"""Wrong input: one clear sentence, the right exit code, nothing left behind."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import generate_uid

from heartbox import contract
from journeys.conftest import Heartbox

Maker = Callable[[Path, Path], Path]


def _copy(series: Path, target: Path, names: slice = slice(None)) -> Path:
    target.mkdir(parents=True)
    for path in sorted(series.iterdir())[names]:
        shutil.copy(path, target)
    return target


def _text_file(series: Path, tmp: Path) -> Path:
    (tmp / "letter.txt").write_text("Dear colleague,\n" * 40)
    return tmp / "letter.txt"


def _empty_file(series: Path, tmp: Path) -> Path:
    (tmp / "empty.dcm").touch()
    return tmp / "empty.dcm"


def _empty_folder(series: Path, tmp: Path) -> Path:
    (tmp / "nothing").mkdir()
    return tmp / "nothing"


def _truncated_slice(series: Path, tmp: Path) -> Path:
    folder = _copy(series, tmp / "scan")
    victim = sorted(folder.iterdir())[30]
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    return folder


def _two_series(series: Path, tmp: Path) -> Path:
    folder = _copy(series, tmp / "scan" / "one").parent
    uid = generate_uid()
    (folder / "two").mkdir()
    for path in series.iterdir():
        dataset = pydicom.dcmread(path)
        dataset.SeriesInstanceUID = uid
        dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        dataset.save_as(folder / "two" / path.name)
    return folder


def _missing_slice(series: Path, tmp: Path) -> Path:
    folder = _copy(series, tmp / "scan")
    sorted(folder.iterdir())[30].unlink()
    return folder


def _three_slices(series: Path, tmp: Path) -> Path:
    return _copy(series, tmp / "scan", slice(30, 33))


def _nowhere(series: Path, tmp: Path) -> Path:
    return tmp / "nowhere"


#: Maker, the problem's code, a word of its sentence.
CASES: dict[str, tuple[Maker, str, str]] = {
    "text file": (_text_file, "not-an-image", "letter.txt"),
    "empty file": (_empty_file, "file-empty", "empty.dcm"),
    "empty folder": (_empty_folder, "nothing-to-read", "nothing"),
    "truncated slice": (_truncated_slice, "slice-truncated", "IM0031"),
    "two series": (_two_series, "several-series", "2"),
    "missing slice": (_missing_slice, "slice-missing", "IM0030"),
    "three slices": (_three_slices, "too-few-slices", "3"),
    "path that does not exist": (_nowhere, "path-missing", "nowhere"),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("command", ["locate", "run"])
def test_wrong_input_gets_one_sentence_and_leaves_nothing(
    command: str, case: str, phantom: Path, heartbox: Heartbox, tmp_path: Path
) -> None:
    maker, code, word = CASES[case]
    source = maker(phantom / "series", tmp_path)
    said = heartbox(command, source, "-o", "out", "-q")
    assert said.code == 1
    assert said.out == ""
    (sentence,) = said.err.splitlines()
    assert word in sentence
    assert sentence.endswith(".")
    assert "Traceback" not in sentence
    assert list(Path().iterdir()) == []
    answer = heartbox(command, source, "-o", "out", "--json")
    assert answer.code == 1
    contract.check("problem", answer.document)
    assert answer.document["code"] == code
    assert answer.document["title"] == sentence
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("command", ["locate", "run", "sector"])
def test_abdomen_has_no_heart_and_leaves_nothing(command: str, abdomen: Path, heartbox: Heartbox) -> None:
    said = heartbox(command, abdomen, "-o", "out")
    assert said.code == 3
    assert "No heart was found in this scan." in said.out
    assert list(Path().iterdir()) == []
    answer = heartbox(command, abdomen, "-o", "out", "--json")
    assert answer.code == 3
    document = answer.document["locate"] if command == "run" else answer.document
    assert document["verdict"] == "not_found"
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("sector", "--box", "1", "0", "0", "1", "0", "1"), "x0 < x1"),
        (("sector", "--box", "nan", "0", "0", "1", "0", "1"), "finite"),
        (("sector", "--margin", "-1", "0", "0", "0", "0", "0"), "200"),
    ],
)
def test_wrong_numbers_are_bad_usage(
    arguments: tuple[str, ...], word: str, phantom: Path, heartbox: Heartbox
) -> None:
    command, *numbers = arguments
    said = heartbox(command, phantom / "series", *numbers)
    assert said.code == 2
    assert word in said.err
    assert list(Path().iterdir()) == []


def test_malformed_box_has_its_code(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("sector", phantom / "series", "--box", *"100110", "--json")
    assert said.code == 2
    contract.check("problem", said.document)
    assert said.document["code"] == "box-malformed"


def test_box_that_misses_the_scan_is_refused(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("sector", phantom / "series", "--box", *["9000", "9100"] * 3, "--json")
    assert said.code == 1
    assert said.document["code"] == "box-outside"
    assert list(Path().iterdir()) == []


def test_drawn_box_needs_no_net(phantom: Path, heartbox: Heartbox) -> None:
    box = ["-40", "90", "-80", "35", "170", "265"]
    said = heartbox(
        "sector", phantom / "series", "--box", *box, "--margin", *["0"] * 6, "-o", "cut", "--json"
    )
    assert said.code == 0, said.err
    assert said.document["verdict"] == "drawn"
    assert said.document["heart_box_lps_mm"] == [float(face) for face in box]
    assert said.document["model"] is None


@pytest.mark.parametrize("name", ["letter.txt", "nowhere"])
def test_graph_refuses_what_is_no_sector(name: str, heartbox: Heartbox, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear colleague,\n")
    said = heartbox("graph", tmp_path / name, "-o", "out", "-q")
    assert said.code == 1
    assert len(said.err.splitlines()) == 1
    assert name in said.err
    assert list(Path().iterdir()) == []
