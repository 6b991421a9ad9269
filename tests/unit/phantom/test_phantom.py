from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from heartbox.contract import check
from heartbox.phantom.phantom import lazy_phantom, make_phantom, phantom_volume
from heartbox.phantom.protocol import SMALL
from heartbox.problems import Problem

FEW = replace(SMALL, slices=3, spacing_mm=20.0)


def test_phantom_lands_as_series_and_truth(tmp_path: Path) -> None:
    truth = make_phantom(tmp_path / "new" / "ph", 1, FEW)
    written = json.loads((tmp_path / "new" / "ph" / "truth.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(truth))
    check("truth", written)
    assert len(list((tmp_path / "new" / "ph" / "series").glob("*.dcm"))) == 3


def test_phantom_in_memory_is_the_one_on_disk() -> None:
    volume, truth = phantom_volume(3, FEW)
    lazy, same = lazy_phantom(3, FEW)
    assert truth == same
    np.testing.assert_array_equal(volume.hu[1], lazy.read_slice(1))
    np.testing.assert_array_equal(volume.grid.affine, lazy.grid.affine)


def test_small_phantom_shows_a_whole_heart() -> None:
    volume, truth = phantom_volume(5)
    assert volume.hu.shape == (96, 96, 96)
    assert truth["verdict"] == "found"


def test_folder_with_a_phantom_is_not_written_over(tmp_path: Path) -> None:
    make_phantom(tmp_path, 1, FEW)
    before = (tmp_path / "truth.json").read_bytes()
    with pytest.raises(Problem) as caught:
        make_phantom(tmp_path, 2, FEW)
    assert caught.value.code == "output-exists"
    assert (tmp_path / "truth.json").read_bytes() == before


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(Problem) as caught:
        make_phantom(tmp_path / "file" / "ph", 1, FEW)
    assert caught.value.code == "output-unwritable"


def test_seed_below_zero_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        phantom_volume(-1, FEW)
    assert caught.value.code == "protocol-unfit"
