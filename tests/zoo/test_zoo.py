"""The intake against tables of files in every syntax and state, each read in a process of its own."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from zoo.reader import count_images, read_image

ZOO = Path(__file__).resolve().parents[2] / ".." / "shared" / "zoo"
#: The table calls these two CT images; their Image Type says LOCALIZER, so an intake sets them aside.
SCOUTS = ("media/98892001/CT2N/6293", "media/98892001/CT2N/6924")
CLASSES = ("ok", "refuse", "damaged", "bomb")
SECONDS, MEGABYTES = 20, 1024
BOMB_MEGABYTES = 64.0

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(
        not (ZOO / "inventory.csv").exists(), reason="the DICOM zoo is not beside the checkout"
    ),
]


@pytest.fixture(scope="module")
def verify() -> ModuleType:
    return load("verify")


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"zoo_{name}", ZOO / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows(table: Path) -> list[dict[str, str]]:
    with table.open(newline="") as file:
        return list(csv.DictReader(file))


def failures(verify: ModuleType, folder: Path, table: list[dict[str, str]]) -> list[str]:
    """Read every file of a table and list those whose outcome the table does not accept."""
    idle = {"accept": "members", "frames": "0", "file": ""}
    base = verify.in_own_process(idle, str(folder), None, lambda _: 0, SECONDS, MEGABYTES)["peak_mb"]
    failed = []
    for row in table:
        result = verify.in_own_process(row, str(folder), read_image, count_images, SECONDS, MEGABYTES)
        if result["outcome"] == "error" and not result["detail"].startswith("Problem: "):
            result["outcome"] = "crash"  # whatever is refused is refused by a problem of the contract
        allowed = BOMB_MEGABYTES if row["class"] == "bomb" else MEGABYTES
        if result["peak_mb"] - base > allowed:
            result["outcome"] = "memory"
        if not verify.passes(result["outcome"], row["accept"]):
            failed.append(f"{row['file']} ({row['accept']}): {result['outcome']} {result['detail']}")
    return failed


@pytest.mark.parametrize("kind", CLASSES)
def test_every_file_of_the_zoo_is_read_right_or_refused(verify: ModuleType, kind: str) -> None:
    table = [row for row in rows(ZOO / "inventory.csv") if row["class"] == kind and row["file"] not in SCOUTS]
    assert table
    assert failures(verify, ZOO, table) == []


def test_scout_views_on_a_medium_are_refused_as_what_they_are(verify: ModuleType) -> None:
    for row in rows(ZOO / "inventory.csv"):
        if row["file"] in SCOUTS:
            result = verify.in_own_process(row, str(ZOO), read_image, count_images, SECONDS, MEGABYTES)
            assert result["outcome"] == "error"
            assert "localizer" in result["detail"]


def test_hostile_files_are_refused_or_read_right_and_leave_nothing(
    verify: ModuleType, tmp_path: Path
) -> None:
    folder = tmp_path / "a" / "b"
    table = [
        {key: str(value) for key, value in row.items()} for row in load("make_hostile").make(str(folder))
    ]
    table = [{column: row.get(column, "") for column in rows(ZOO / "inventory.csv")[0]} for row in table]
    before = sorted(tmp_path.rglob("*"))
    assert failures(verify, folder, table) == []
    assert sorted(tmp_path.rglob("*")) == before
