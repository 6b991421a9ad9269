"""How good the net is: over the scans of a manifest, and over phantoms. The door of this room."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

from heartbox.evaluate.rows import Report, Row, Truth, clipped_truth, judge_row
from heartbox.geometry import FACES, Box
from heartbox.intake.door import open_series
from heartbox.locate import find_heart
from heartbox.phantom.phantom import lazy_phantom
from heartbox.phantom.protocol import Protocol
from heartbox.phantom.tissue import PHASES
from heartbox.problems import Problem
from heartbox.volume import HuSlice, LazyVolume

#: Splits that are never trained on.
SCAN_SPLITS = ("test_other", "test_only_never_train", "negative")
#: What a whole heart's box must share with the truth, on scans and on phantoms.
SCAN_IOU, PHANTOM_IOU = 0.7, 0.75
#: How evaluated phantoms are scanned: few rows and slices, so that twenty are quick.
_PHANTOM_SLICES, _PHANTOM_ROWS = 160, 128
#: What a manifest must have.
_COLUMNS = {"case", "file", "split", "cut_faces", "heart_box_lps_mm"}

OnRow: TypeAlias = Callable[[Row], None]


def evaluate_manifest(
    manifest: Path,
    splits: Sequence[str] = SCAN_SPLITS,
    folders: Mapping[str, Path] | None = None,
    on_row: OnRow | None = None,
) -> Report:
    """Find the heart in every scan of some splits and hold the answers against the readings.

    Parameters
    ----------
    manifest : CSV with the columns case, file, split, cut_faces, heart_box_lps_mm (JSON); files are
        relative to it
    splits : which rows
    folders : where a case's voxels lie when its file is not beside the manifest. For a case whose file
        is there too, this is one more scan of the same patient, with the truth clipped to its bounds
    on_row : called with each row as it comes

    Returns
    -------
    Report; a scan that cannot be read is a skipped row with the reason

    Raises
    ------
    Problem
        ``path-missing``, ``manifest-unfit``.
    """
    chosen = [entry for entry in _read_table(manifest) if entry["split"] in splits]
    rows = []
    for entry in chosen:
        for path in _places(entry, manifest.parent, folders or {}):
            rows.append(_evaluate_scan(entry, path))
            if on_row is not None:
                on_row(rows[-1])
    return Report(tuple(rows))


def evaluate_phantoms(seeds: Iterable[int], on_row: OnRow | None = None) -> Report:
    """Find the heart of synthetic patients, whose phase, tilt and noise the seed chooses.

    Parameters
    ----------
    seeds : which patients
    on_row : called with each row as it comes
    """
    rows = []
    for seed in seeds:
        protocol = Protocol(
            slices=_PHANTOM_SLICES,
            rows=_PHANTOM_ROWS,
            phase=PHASES[seed % len(PHASES)],
            tilt_deg=float(seed % 4),
            noise_hu=float(10 + 5 * (seed % 5)),
        )
        volume, document = lazy_phantom(seed, protocol)
        box = document["heart_box_lps_mm"]
        truth = Truth(
            document["verdict"],
            None if box is None else Box.of(box),
            tuple(document["cut_faces"]),
            PHANTOM_IOU,
        )
        rows.append(_find(f"phantom-{seed}", "phantom", truth, volume))
        if on_row is not None:
            on_row(rows[-1])
    return Report(tuple(rows))


def _read_table(manifest: Path) -> list[dict[str, str]]:
    if not manifest.is_file():
        raise Problem("path-missing", path=manifest.name)
    try:
        with manifest.open(newline="", encoding="utf-8") as file:
            entries = list(csv.DictReader(file, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise Problem("manifest-unfit", name=manifest.name, reason="it is not a CSV table") from error
    lacking = sorted(_COLUMNS - set(entries[0])) if entries else sorted(_COLUMNS)
    if lacking:
        raise Problem("manifest-unfit", name=manifest.name, reason=f"it lacks {', '.join(lacking)}")
    for entry in entries:
        _box(entry, manifest.name)
    return entries


def _box(entry: Mapping[str, str], name: str) -> Box | None:
    text = entry["heart_box_lps_mm"]
    if not text:
        return None
    try:
        return Box.of(json.loads(text))
    except (ValueError, TypeError) as error:
        reason = f"the box of {entry['case']} is not six rising numbers"
        raise Problem("manifest-unfit", name=name, reason=reason) from error


def _places(entry: Mapping[str, str], folder: Path, folders: Mapping[str, Path]) -> list[Path]:
    beside = folder / entry["file"]
    elsewhere = folders.get(entry["case"])
    places = [beside] if beside.exists() or elsewhere is None else []
    return places if elsewhere is None else [*places, elsewhere]


def _evaluate_scan(entry: Mapping[str, str], path: Path) -> Row:
    box = _box(entry, path.name)
    cut = tuple(face for face in FACES if face in entry["cut_faces"])
    is_own = path.name == Path(entry["file"]).name
    case = entry["case"] if is_own else f"{entry['case']} ({path.name})"
    try:
        if not path.exists():
            raise Problem("path-missing", path=path.name)
        volume = open_series(path).volume
        truth = clipped_truth(box, cut, volume.grid, SCAN_IOU)
        return _find(case, entry["split"], truth, volume)
    except Problem as problem:
        verdict = "cut" if cut else "found" if box is not None else "not_found"
        return Row(case, entry["split"], verdict, cut, reason=problem.sentence)


def _find(case: str, split: str, truth: Truth, volume: LazyVolume) -> Row:
    read: set[int] = set()

    def read_slice(k: int) -> HuSlice:
        read.add(k)
        return volume.read_slice(k)

    started = time.perf_counter()
    finding = find_heart(LazyVolume(volume.grid, read_slice))
    seconds = time.perf_counter() - started
    return judge_row(case, split, truth, finding, (len(read), volume.grid.shape[0], seconds))
