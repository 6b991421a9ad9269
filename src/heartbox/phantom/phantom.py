"""The room's door: a seed and a protocol become a DICOM series with its truth, or a volume in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from heartbox.contract import check
from heartbox.phantom.anatomy import draw_anatomy
from heartbox.phantom.protocol import SMALL, Protocol
from heartbox.phantom.scanner import Scan
from heartbox.phantom.truth import truth_of
from heartbox.phantom.write import Progress, write_series
from heartbox.problems import Problem
from heartbox.volume import LazyVolume, Volume

SERIES_FOLDER = "series"
TRUTH_FILE = "truth.json"


def make_phantom(
    folder: Path, seed: int, protocol: Protocol | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Write a phantom: ``folder/series/IM0001.dcm`` ... and ``folder/truth.json``.

    Parameters
    ----------
    folder : made when it is missing
    seed : 0 or more; the same seed and protocol give the same bytes
    protocol : None is `Protocol`'s defaults
    progress : called with (slices written, slices in all)

    Returns
    -------
    the truth, a document of schema ``truth``

    Raises
    ------
    Problem
        ``output-exists`` when the folder holds a phantom already, ``output-unwritable`` when the disk
        refuses, ``protocol-unfit`` for a seed below 0.
    """
    scan = _scan(seed, protocol or Protocol())
    truth = truth_of(scan)
    check("truth", truth)
    if (folder / SERIES_FOLDER).exists() or (folder / TRUTH_FILE).exists():
        raise Problem("output-exists", path=folder.name)
    try:
        (folder / SERIES_FOLDER).mkdir(parents=True)
        write_series(scan, folder / SERIES_FOLDER, progress)
        (folder / TRUTH_FILE).write_text(json.dumps(truth, separators=(",", ":")) + "\n", encoding="utf-8")
    except OSError as error:
        raise Problem("output-unwritable", path=folder.name, reason=error.strerror or "refused") from error
    return truth


def lazy_phantom(seed: int, protocol: Protocol = SMALL) -> tuple[LazyVolume, dict[str, Any]]:
    """Return a phantom whose slices are rendered when they are read, and its truth.

    Raises
    ------
    Problem
        ``protocol-unfit`` for a seed below 0.
    """
    scan = _scan(seed, protocol)
    return LazyVolume(scan.grid, scan.read_slice), truth_of(scan)


def phantom_volume(seed: int, protocol: Protocol = SMALL) -> tuple[Volume, dict[str, Any]]:
    """Return a phantom in memory, (z, y, x) int16 HU in LPS mm, and its truth.

    Raises
    ------
    Problem
        ``protocol-unfit`` for a seed below 0.
    """
    lazy, truth = lazy_phantom(seed, protocol)
    hu = np.stack([lazy.read_slice(k) for k in range(lazy.grid.shape[0])])
    return Volume(hu, lazy.grid, {"kind": "phantom", "seed": seed}), truth


def _scan(seed: int, protocol: Protocol) -> Scan:
    if seed < 0:
        raise Problem("protocol-unfit", reason=f"the seed is {seed}, it must not be below 0")
    return Scan(draw_anatomy(seed, protocol.phase, protocol.tilt_deg), protocol, seed)
