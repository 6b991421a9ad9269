"""How the shipped net does on the development cases, whole and cropped: what thresholds are fitted on."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from heartbox.evaluate.rows import Report, Row, Truth, judge_row
from heartbox.geometry import Box
from heartbox.locate import find_heart
from heartbox.train.data import Case, load_cases
from heartbox.train.fit import read_recipe
from heartbox.volume import LazyVolume, Volume

#: A crop keeps this share of the heart's height, or ends this far from the heart, mm.
KEPT_SHARES, CLEAR_MM = (0.3, 0.5, 0.7), 12.0
#: What a development heart's box must share with the truth.
LEAST_IOU = 0.7
#: Crops of fewer slices are not looked at.
_LEAST_SLICES = 8


def develop(recipe: Path, data: Path, on_row: Callable[[Row], None] | None = None) -> Report:
    """Hold the shipped net against the recipe's development cases and crops of them.

    Each whole heart is also cut at its top and its bottom (`KEPT_SHARES`), and cropped to what lies
    above and below it.

    Parameters
    ----------
    recipe, data : as in `heartbox.train.fit.train`
    on_row : called with each row as it comes

    Returns
    -------
    Report; the split of a row is ``whole``, ``top cut``, ``bottom cut``, ``above`` or ``below``
    """
    wanted = set(read_recipe(recipe)["development"]["cases"])
    with (data / "manifest.csv").open(newline="", encoding="utf-8") as file:
        others = [row["case"] for row in csv.DictReader(file) if row["case"] not in wanted]
    rows = []
    for case in load_cases(data, ["train", "train_open"], others):
        for kind, low, high in _crops(case):
            row = _row(case, kind, low, high)
            if row is None:
                continue
            rows.append(row)
            if on_row is not None:
                on_row(row)
    return Report(tuple(rows))


def face_offsets_mm(report: Report) -> np.typing.NDArray[np.float64]:
    """Return what takes the median error off each face of the whole hearts, (6,) mm."""
    errors = [row.face_errors_mm for row in report.rows if row.split == "whole" and row.face_errors_mm]
    return np.asarray(-np.median(np.array(errors), axis=0))


def _crops(case: Case) -> Iterator[tuple[str, float, float]]:
    """Name the crops of a case and give their lower and upper ends, LPS mm."""
    yield "whole", -np.inf, np.inf
    if case.box is None or case.cut_faces:
        return
    z0, z1 = case.box.z0, case.box.z1
    for share in KEPT_SHARES:
        yield "top cut", -np.inf, z0 + share * (z1 - z0)
        yield "bottom cut", z1 - share * (z1 - z0), np.inf
    yield "above", z1 + CLEAR_MM, np.inf
    yield "below", -np.inf, z0 - CLEAR_MM


def _row(case: Case, kind: str, low: float, high: float) -> Row | None:
    heights = case.grid.affine[2, 3] + case.grid.affine[2, 2] * np.arange(case.grid.shape[0])
    kept = np.flatnonzero((heights > low) & (heights < high))
    if len(kept) < _LEAST_SLICES:
        return None
    start, stop = int(kept[0]), int(kept[-1]) + 1
    grid = case.grid.cropped((start, 0, 0), (stop, *case.grid.shape[1:]))
    volume = LazyVolume.of(Volume(case.hu[start:stop], grid))
    shown = None if case.box is None else case.box.intersection(grid.bounds_mm)
    cut = {"top cut": ("superior",), "bottom cut": ("inferior",), "whole": case.cut_faces}.get(kind, ())
    return judge_row(case.name, kind, _truth(shown, cut), find_heart(volume), (0, stop - start, 0.0))


def _truth(box: Box | None, cut: tuple[str, ...]) -> Truth:
    return Truth("not_found" if box is None else "cut" if cut else "found", box, cut, LEAST_IOU)
