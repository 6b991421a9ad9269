"""What counts as handed over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox.contract import load_json
from heartbox.intake.files import list_files, printable
from heartbox.problems import Problem


def test_files_of_sub_folders_are_listed_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("a", "deep/er/b", ".hidden/c", "deep/.d", "__MACOSX/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12")
    members = list_files(tmp_path)
    assert [(member.name, member.n_bytes) for member in members] == [("a", 2), ("b", 2)]


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "nowhere").symlink_to(tmp_path / "gone")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert list_files(tmp_path) == []


@pytest.mark.parametrize("name", ["gone", "x" * 5000, "a/b/c"])
def test_missing_path_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(Problem) as caught:
        list_files(tmp_path / name)
    assert caught.value.code == "path-missing"


@pytest.mark.parametrize(
    ("name", "most", "code"), [("files", 3, "too-many-files"), ("study_bytes", 7, "too-large")]
)
def test_a_folder_beyond_a_limit_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int, code: str
) -> None:
    for k in range(4):
        (tmp_path / str(k)).write_bytes(b"12")
    monkeypatch.setitem(load_json("limits.json")[name], "value", most)
    with pytest.raises(Problem) as caught:
        list_files(tmp_path)
    assert caught.value.code == code


def test_file_that_vanishes_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12")
    (member,) = list_files(tmp_path)
    (tmp_path / "a").unlink()
    with pytest.raises(Problem) as caught:
        member.open()
    assert caught.value.code == "file-unreadable"


@settings(max_examples=50)
@given(st.text(min_size=1, max_size=300))
def test_shown_names_are_short_printable_and_without_folders(name: str) -> None:
    shown = printable(name)
    assert len(shown) <= 60
    assert shown == "" or shown.isprintable()
    assert "/" not in shown
    assert "\\" not in shown
