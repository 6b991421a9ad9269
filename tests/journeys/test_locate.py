"""``heartbox locate`` as people call it."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from heartbox import contract
from heartbox.picture import MOST_BYTES
from journeys.conftest import Heartbox


def test_locate_prints_one_document_and_draws_the_preview(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("locate", phantom, "--json")
    assert said.code == 0, said.err
    contract.check("locate", said.document)
    assert said.document["verdict"] == "found"
    assert {"reading_headers", "finding_the_heart"} <= set(said.document["timings_ms"])
    assert [path.name for path in Path().iterdir()] == ["heart.png"]
    assert Path("heart.png").stat().st_size <= MOST_BYTES
    with Image.open("heart.png") as picture:
        assert picture.width > picture.height > 200


def test_locate_speaks_words_without_json(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("locate", "-i", phantom / "series", "-o", "mine.png")
    assert said.code == 0, said.err
    assert said.out.startswith("The whole heart was found")
    assert "mine.png" in said.out
    assert "Not a medical device" in said.out
    assert [path.name for path in Path().iterdir()] == ["mine.png"]


def test_locate_into_a_folder_keeps_the_document(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("locate", phantom / "series", "-o", "found", "--json")
    assert said.code == 0, said.err
    assert sorted(path.name for path in Path("found").iterdir()) == ["box.json", "heart.png"]
    assert json.loads(Path("found/box.json").read_text(encoding="utf-8")) == said.document
    again = heartbox("locate", phantom / "series", "-o", "found")
    assert again.code == 2
    assert again.err == "found exists already: name another folder or add --overwrite.\n"


def test_quiet_and_no_preview_leave_no_trace(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("locate", phantom / "series", "-q", "--no-preview")
    assert (said.code, said.out, said.err) == (0, "", "")
    assert list(Path().iterdir()) == []


def test_names_zip_and_place_of_the_files_change_nothing(
    phantom: Path, heartbox: Heartbox, tmp_path: Path
) -> None:
    names = sorted(path.name for path in (phantom / "series").iterdir())
    mixed = names.copy()
    random.Random(1).shuffle(mixed)
    (tmp_path / "mixed").mkdir()
    with zipfile.ZipFile(tmp_path / "packed.zip", "w", zipfile.ZIP_DEFLATED) as packed:
        for old, new in zip(names, mixed, strict=True):
            shutil.copy(phantom / "series" / old, tmp_path / "mixed" / new)
            packed.write(phantom / "series" / old, f"deep/er/{new}")
    boxes = []
    for source in (phantom / "series", tmp_path / "mixed", tmp_path / "packed.zip"):
        said = heartbox("locate", source, "--json", "--no-preview")
        assert said.code == 0, said.err
        boxes.append((said.document["verdict"], said.document["heart_box_lps_mm"]))
    assert boxes[0] == boxes[1] == boxes[2]


def test_bench_measures_a_process_of_its_own(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("bench", "locate", phantom / "series", "--repeat", "1", "--json")
    assert said.code == 0, said.err
    measured = said.document
    assert measured["verdict"] == "found"
    assert measured["slices"] == 64
    assert 0 < measured["slices_read"] <= 2 * 64
    (run,) = measured["runs"]
    assert run["process_s"] > run["locate_s"] > 0
    assert 30 < run["peak_mb"] < 2000


def test_bench_hands_on_the_refusal(heartbox: Heartbox) -> None:
    said = heartbox("bench", "locate", "nowhere")
    assert said.code == 1
    assert "nowhere" in said.err


@pytest.mark.parametrize("both", [("a", "-i", "b"), ()])
def test_input_is_named_once(heartbox: Heartbox, both: tuple[str, ...]) -> None:
    said = heartbox("locate", *both)
    assert said.code == 2
    assert said.out == ""
