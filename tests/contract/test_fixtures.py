from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from heartbox import contract
from heartbox.geometry import Box, Grid, apply_affine, isotropic_grid, lps_from_ras

FIXTURES = contract.contract_folder() / "fixtures"
TWINS = json.loads((FIXTURES / "twins" / "geometry.json").read_text(encoding="utf-8"))


def _files(kind: str) -> list[Path]:
    return sorted((FIXTURES / kind).glob("*.json"))


@pytest.mark.parametrize("path", _files("valid"), ids=lambda path: path.stem)
def test_a_valid_document_fits_its_schema(path: Path) -> None:
    contract.check(path.stem.split("--")[0], json.loads(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", _files("invalid"), ids=lambda path: path.stem)
def test_an_invalid_document_is_refused(path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        contract.check(path.stem.split("--")[0], json.loads(path.read_text(encoding="utf-8")))


def test_every_schema_has_fixtures_of_both_kinds() -> None:
    schemas = {path.name.split(".")[0] for path in (contract.contract_folder() / "schemas").glob("*.json")}
    for kind in ("valid", "invalid"):
        assert {path.stem.split("--")[0] for path in _files(kind)} == schemas


def _answer(function: str, given: dict[str, Any]) -> Any:
    boxes = {name: Box.of(given[name]) for name in ("one", "other", "box") if name in given}
    affine = np.array(given.get("affine", np.eye(4)), dtype=np.float64)
    grid = Grid((*given.get("shape_zyx", (1, 1, 1)),), affine)
    answers: dict[str, Callable[[], Any]] = {
        "iou": lambda: boxes["one"].iou(boxes["other"]),
        "intersection": lambda: _faces(boxes["one"].intersection(boxes["other"])),
        "grown": lambda: boxes["box"].grown(given["margin_mm"]).faces_mm,
        "apply_affine": lambda: apply_affine(affine, given["points"]),
        "lps_from_ras": lambda: lps_from_ras(affine),
        "bounds_mm": lambda: grid.bounds_mm.faces_mm,
        "spacing_mm": lambda: grid.spacing_mm,
        "voxel_range": lambda: grid.voxel_range(boxes["box"]),
        "isotropic_grid": lambda: _shape_and_origin(isotropic_grid(boxes["box"], given["spacing_mm"])),
    }
    return answers[function]()


def _faces(box: Box | None) -> tuple[float, ...] | None:
    return None if box is None else box.faces_mm


def _shape_and_origin(grid: Grid) -> dict[str, list[float]]:
    return {"shape_zyx": list(grid.shape), "origin_mm": grid.affine[:3, 3].tolist()}


@pytest.mark.parametrize("twin", TWINS, ids=[f"{i}-{twin['function']}" for i, twin in enumerate(TWINS)])
def test_python_gives_the_twin_s_answer(twin: dict[str, Any]) -> None:
    answer = _answer(twin["function"], twin["input"])
    if twin["answer"] is None or isinstance(twin["answer"], dict):
        assert answer == twin["answer"]
    else:
        np.testing.assert_allclose(answer, twin["answer"], atol=1e-9)
