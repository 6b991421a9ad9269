"""The page's corridor (TypeScript, in Node.js) and `heartbox locate` answer alike for the same scan."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from heartbox.bench.agree import WEB, compare, page_documents
from heartbox.cli.located import locate_document
from heartbox.geometry import FACES
from heartbox.intake.door import open_series
from heartbox.locate import find_heart
from heartbox.network import manifest
from heartbox.phantom.phantom import make_phantom
from heartbox.phantom.protocol import SMALL
from heartbox.problems import Problem

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED = CHECKOUT / ".." / "shared" / "data"
SPLITS = ("test_other", "test_only_never_train", "negative")
#: Confidence is read from the same net by two runtimes and rounded to four places.
CONFIDENCE_TOLERANCE = 0.01
#: Boxes come from the same net by two runtimes: one voxel of the net's closer look is the promise.
VOXEL_MM = float(manifest()["looks"]["fine"]["spacing_mm"])

Document: TypeAlias = dict[str, Any]

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (WEB / "node_modules" / "vite").exists(),
    reason="Node.js or web/node_modules is missing: the page's corridor cannot run",
)
needs_scans = pytest.mark.skipif(
    not (SHARED / "manifest.csv").exists(), reason="the shared scans are not beside the checkout"
)
pytestmark = needs_node


def shared_scans() -> list[Path]:
    """List the scans that are never trained on, as far as they are here, and the DICOM series."""
    with (SHARED / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = [row["file"] for row in csv.DictReader(file) if row["split"] in SPLITS]
    return [
        path
        for path in (*(SHARED / row for row in rows), SHARED / "dicom" / "acrin-nsclc-042")
        if path.exists()
    ]


def in_python(path: Path) -> Document:
    try:
        series = open_series(path)
        return locate_document(series, find_heart(series.volume), {})
    except Problem as problem:
        return problem.as_json()


def differences(page: Document, python: Document) -> list[str]:
    """Say in what two answers to one scan differ; nothing when they agree."""
    if "code" in page or "code" in python:
        codes = [document.get("code", document.get("verdict")) for document in (page, python)]
        return [] if codes[0] == codes[1] else [f"page {codes[0]}, heartbox {codes[1]}"]
    found = [
        f"{field}: page {page[field]}, heartbox {python[field]}"
        for field in ("verdict", "cut_faces", "series", "model")
        if page[field] != python[field]
    ]
    if abs(page["confidence"] - python["confidence"]) > CONFIDENCE_TOLERANCE:
        found.append(f"confidence: page {page['confidence']}, heartbox {python['confidence']}")
    codes = [[warning["code"] for warning in document["warnings"]] for document in (page, python)]
    if codes[0] != codes[1]:
        found.append(f"warnings: page {codes[0]}, heartbox {codes[1]}")
    return found + box_differences(page, python)


def box_differences(page: Document, python: Document) -> list[str]:
    boxes = [document["heart_box_lps_mm"] for document in (page, python)]
    if None in boxes:
        return [] if boxes[0] == boxes[1] else [f"box: page {boxes[0]}, heartbox {boxes[1]}"]
    return [
        f"{face}: page {mine} mm, heartbox {yours} mm"
        for face, mine, yours in zip(FACES, *boxes, strict=True)
        if abs(mine - yours) > VOXEL_MM
    ]


@pytest.mark.shared
@needs_scans
def test_page_and_command_agree_on_every_shared_scan() -> None:
    paths = shared_scans()
    assert paths
    answers = zip(paths, page_documents(paths), strict=True)
    off = {path.name: differences(page, in_python(path)) for path, page in answers}
    assert {name: found for name, found in off.items() if found} == {}


def test_page_and_command_agree_on_a_phantom_and_on_what_they_refuse(tmp_path: Path) -> None:
    make_phantom(tmp_path / "whole", 7, SMALL)
    slices = sorted((tmp_path / "whole" / "series").glob("*.dcm"))
    gap, few, letter = tmp_path / "gap", tmp_path / "few", tmp_path / "letter.txt"
    for folder, kept in ((gap, [*slices[:20], *slices[23:]]), (few, slices[:3])):
        folder.mkdir()
        for path in kept:
            shutil.copy(path, folder / path.name)
    letter.write_text("Dear colleague, this is no scan at all.", encoding="utf-8")
    paths = [tmp_path / "whole", gap, few, letter, slices[0]]
    page, python = page_documents(paths), [in_python(path) for path in paths]
    assert [differences(*pair) for pair in zip(page, python, strict=True)] == [[]] * len(paths)
    assert page[0]["verdict"] == "found"
    assert [one["code"] for one in page[1:]] == [
        "slice-missing",
        "too-few-slices",
        "not-an-image",
        "too-few-slices",
    ]
    assert page[1]["title"] == python[1]["title"]


def test_an_answer_that_is_off_is_told() -> None:
    box = [0.0, 10.0, 0.0, 10.0, 0.0, 10.0]
    python = {
        "verdict": "found",
        "cut_faces": [],
        "series": {},
        "model": {},
        "confidence": 0.9,
        "warnings": [],
    }
    python["heart_box_lps_mm"] = box
    moved = {
        **python,
        "heart_box_lps_mm": [0.0, 10.0, 0.0, 10.0, 0.0, 10.0 + 2 * VOXEL_MM],
        "confidence": 0.8,
    }
    assert differences(python, python) == []
    assert [line.split(":")[0] for line in differences(moved, python)] == ["confidence", "superior"]
    assert differences({"code": "too-large"}, python) == ["page too-large, heartbox found"]


def test_the_table_of_differences_names_scans_and_millimetres(tmp_path: Path) -> None:
    make_phantom(tmp_path / "whole", 7, SMALL)
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear colleague, this is no scan at all.", encoding="utf-8")
    found, refused = compare([tmp_path / "whole", letter])
    assert (found.case, found.page, found.heartbox) == ("whole", "found", "found")
    assert found.worst_face_mm is not None
    assert found.worst_face_mm <= VOXEL_MM
    assert (refused.page, refused.heartbox, refused.worst_face_mm) == ("not-an-image", "not-an-image", None)
