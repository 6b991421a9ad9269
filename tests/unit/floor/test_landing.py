"""Results land whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from heartbox.landing import land_file, landing, refuse_taken
from heartbox.problems import Problem


def _fill(folder: Path, text: str = "new") -> None:
    (folder / "box.json").write_text(text)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_results_take_their_name_at_the_end(tmp_path: Path) -> None:
    with landing(tmp_path / "out") as aside:
        _fill(aside)
        assert not (tmp_path / "out").exists()
    assert _names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "box.json").read_text() == "new"


def test_landed_folder_has_ordinary_rights(tmp_path: Path) -> None:
    with landing(tmp_path / "out") as aside:
        _fill(aside)
    (tmp_path / "plain").mkdir()
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == stat.S_IMODE(
        (tmp_path / "plain").stat().st_mode
    )


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_whatever_ends_the_work_nothing_stays(tmp_path: Path, fault: type[BaseException]) -> None:
    with pytest.raises(fault), landing(tmp_path / "deep" / "er" / "out") as aside:
        _fill(aside)
        raise fault
    assert _names(tmp_path) == []


def test_nothing_written_means_nothing_lands(tmp_path: Path) -> None:
    with landing(tmp_path / "deep" / "out"):
        pass
    assert _names(tmp_path) == []


def test_taken_name_is_refused_and_left_alone(tmp_path: Path) -> None:
    _fill(tmp_path, "old")
    with pytest.raises(Problem) as caught, landing(tmp_path):
        raise AssertionError("the block must not begin")
    assert caught.value.code == "output-exists"
    assert (tmp_path / "box.json").read_text() == "old"


def test_overwrite_replaces_an_earlier_result_whole(tmp_path: Path) -> None:
    for text in ("old", "new"):
        with landing(tmp_path / "out", overwrite=True) as aside:
            _fill(aside, text)
            if text == "old":
                (aside / "left.json").write_text("over")
    assert _names(tmp_path) == ["out"]
    assert _names(tmp_path / "out") == ["box.json"]
    assert (tmp_path / "out" / "box.json").read_text() == "new"


def test_failed_overwrite_keeps_the_earlier_result(tmp_path: Path) -> None:
    with landing(tmp_path / "out") as aside:
        _fill(aside, "old")
    with pytest.raises(RuntimeError), landing(tmp_path / "out", overwrite=True) as aside:
        _fill(aside)
        raise RuntimeError
    assert _names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "box.json").read_text() == "old"


def test_failed_swap_brings_the_earlier_result_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with landing(tmp_path / "out") as aside:
        _fill(aside, "old")
    rename = Path.rename

    def refuse_partial(path: Path, target: Path) -> Path:
        if path.suffix == ".partial":
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_partial)
    with pytest.raises(Problem) as caught, landing(tmp_path / "out", overwrite=True) as aside:
        _fill(aside)
    assert caught.value.code == "output-unwritable"
    assert _names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "box.json").read_text() == "old"


@pytest.mark.parametrize("foreign", ["letter.txt", "subfolder"])
def test_overwrite_never_takes_a_folder_with_other_things(tmp_path: Path, foreign: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    _fill(out, "old")
    if foreign == "subfolder":
        (out / foreign).mkdir()
    else:
        (out / foreign).write_text("dear")
    with pytest.raises(Problem) as caught, landing(out, overwrite=True) as aside:
        _fill(aside)
    assert caught.value.code == "output-foreign"
    assert foreign in caught.value.sentence
    assert _names(tmp_path) == ["out"]
    assert _names(out) == sorted(["box.json", foreign])


def test_overwrite_never_takes_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for folder in (Path(), tmp_path):
        with pytest.raises(Problem) as caught:
            refuse_taken(folder, overwrite=True)
        assert caught.value.code == "output-foreign"


def test_overwrite_never_takes_a_file_or_a_link(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for name in ("file", "link"):
        with pytest.raises(Problem) as caught, landing(tmp_path / name, overwrite=True):
            pass
        assert caught.value.code == "output-unwritable"
    assert _names(tmp_path) == ["file", "folder", "link"]


def test_full_disk_is_a_problem_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught, landing(tmp_path / "out") as aside:
        _fill(aside)
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.code == "output-unwritable"
    assert "No space left" in caught.value.integrator_sentence
    assert _names(tmp_path) == []


def test_unreadable_input_is_not_blamed_on_the_output(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), landing(tmp_path / "out"):
        raise PermissionError(errno.EACCES, "Permission denied", "/elsewhere/scan.dcm")


def test_parent_that_is_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(Problem) as caught, landing(tmp_path / "file" / "out"):
        pass
    assert caught.value.code == "output-unwritable"
    assert _names(tmp_path) == ["file"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_folder_without_rights_is_a_problem(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(Problem) as caught, landing(tmp_path / "out"):
        pass
    assert caught.value.code == "output-unwritable"


def test_file_lands_whole_and_replaces_the_earlier_one(tmp_path: Path) -> None:
    land_file(tmp_path / "heart.png", b"old")
    land_file(tmp_path / "heart.png", b"new")
    assert _names(tmp_path) == ["heart.png"]
    assert (tmp_path / "heart.png").read_bytes() == b"new"


def test_file_that_cannot_land_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(Problem) as caught:
        land_file(tmp_path / "heart.png", b"new")
    assert caught.value.code == "output-unwritable"
    assert _names(tmp_path) == []


def test_file_does_not_take_a_folders_name(tmp_path: Path) -> None:
    (tmp_path / "heart.png").mkdir()
    with pytest.raises(Problem) as caught:
        land_file(tmp_path / "heart.png", b"new")
    assert caught.value.code == "output-unwritable"
