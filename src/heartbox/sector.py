"""The sector: the voxels around the heart with a closed list of fields, all that ever travels."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from heartbox import contract
from heartbox.geometry import Box, Grid
from heartbox.locate import Finding, Model
from heartbox.nrrd import read_nrrd, write_nrrd
from heartbox.problems import Problem
from heartbox.volume import LazyVolume, Volume

#: Added to the heart's box per face (right, left, front, back, bottom, top), mm. The thoracic
#: aorta above the heart's lowest level reaches past the heart's box by at most 3 / none / none /
#: 56 / - / 95 mm in 41 chests with both boxes (p95: none, none, none, 55, -, 93); the sides and the
#: front keep room for the box's own error.
MARGIN_MM = (15.0, 15.0, 10.0, 60.0, 15.0, 100.0)

VOXELS_NAME = "sector.nrrd"
FIELDS_NAME = "sector.json"


@dataclass(frozen=True)
class Sector:
    """What is cut out of a scan.

    Parameters
    ----------
    volume : int16 HU [z, y, x] on its own grid, LPS mm; nothing else of the scan
    heart_box, box : the heart's box, and the outer faces of the voxels that were cut, LPS mm
    margin_mm : six numbers, in the box's order
    verdict : ``found``, ``cut``, or ``drawn`` when a person gave the box
    confidence, model : of the net; None when the box was drawn
    """

    volume: Volume
    heart_box: Box
    box: Box
    margin_mm: tuple[float, ...]
    verdict: str
    cut_faces: tuple[str, ...] = ()
    confidence: float | None = None
    model: Model | None = None


def sector_box(scan: Grid, heart_box: Box, margin_mm: Sequence[float] = MARGIN_MM) -> Box:
    """Grow the heart's box by the margin and clip it to the scan's bounds (LPS mm).

    Raises
    ------
    Problem
        ``box-outside`` when nothing of the scan is left.
    """
    box = heart_box.grown(margin_mm).intersection(scan.bounds_mm)
    if box is None:
        raise Problem("box-outside")
    return box


def cut_sector(scan: LazyVolume, found: Finding | Box, margin_mm: Sequence[float] = MARGIN_MM) -> Sector:
    """Cut the sector out of a scan, reading only the slices it needs.

    Parameters
    ----------
    scan : the series' lazy volume
    found : what ``find_heart`` gave, with a box; or a heart box that a person drew, LPS mm
    margin_mm : six numbers >= 0, added per face

    Raises
    ------
    Problem
        ``box-outside``; ``too-large`` above the limit ``sector_voxels``; whatever reading raises.
    ValueError
        When the finding has no box.
    """
    heart_box = found if isinstance(found, Box) else found.heart_box
    if heart_box is None:
        raise ValueError("a sector needs a heart box")
    voxels = scan.grid.voxel_range(sector_box(scan.grid, heart_box, margin_mm))
    if voxels is None:
        raise Problem("box-outside")
    grid = scan.grid.cropped(*voxels)
    if grid.shape[0] * grid.shape[1] * grid.shape[2] > contract.limit("sector_voxels"):
        raise Problem("too-large", name="The sector", limit=int(contract.limit("sector_voxels")))
    volume = scan.read(*voxels)
    margin = tuple(float(face) for face in margin_mm)
    if isinstance(found, Box):
        return Sector(volume, heart_box, grid.bounds_mm, margin, "drawn")
    return Sector(
        volume,
        heart_box,
        grid.bounds_mm,
        margin,
        found.verdict,
        found.cut_faces,
        found.confidence,
        found.model,
    )


def sector_fields(sector: Sector, sha256: str) -> dict[str, Any]:
    """Return the closed list of fields that travels beside the voxels (schema ``sector``).

    Parameters
    ----------
    sha256 : hex digest of the voxels' file as written
    """
    model = sector.model
    fields = {
        "schema": "heartbox.sector/1",
        "sha256": sha256,
        "shape_zyx": list(sector.volume.grid.shape),
        "affine_lps": sector.volume.grid.affine.tolist(),
        "heart_box_lps_mm": _rounded(sector.heart_box),
        "sector_box_lps_mm": _rounded(sector.box),
        "margin_mm": list(sector.margin_mm),
        "verdict": sector.verdict,
        "cut_faces": list(sector.cut_faces),
        "confidence": None if sector.confidence is None else round(sector.confidence, 4),
        "model": model and {"name": model.name, "version": model.version, "sha256": model.sha256},
    }
    contract.check("sector", fields)
    return fields


def write_sector(sector: Sector, folder: Path) -> list[Path]:
    """Write ``sector.nrrd`` and ``sector.json`` into an existing folder.

    Raises
    ------
    OSError
        When the folder cannot be written.
    """
    voxels, fields = folder / VOXELS_NAME, folder / FIELDS_NAME
    write_nrrd(voxels, sector.volume.hu, sector.volume.grid)
    fields.write_text(json.dumps(sector_fields(sector, _sha256(voxels)), indent=1) + "\n", encoding="utf-8")
    return [voxels, fields]


def read_sector(path: Path) -> Volume:
    """Read a sector's voxels from its folder or from an NRRD alone.

    Where ``sector.json`` lies beside the voxels, it must fit them.

    Raises
    ------
    Problem
        ``path-missing``; ``sector-unfit`` when voxels and fields do not belong together;
        ``nrrd-unreadable``; ``too-large``.
    """
    voxels = path / VOXELS_NAME if path.is_dir() else path
    if not voxels.is_file():
        raise Problem("path-missing", path=voxels.name if path.is_dir() else str(path))
    fields = voxels.with_name(FIELDS_NAME)
    if voxels.name == VOXELS_NAME and fields.is_file():
        _check_fields(fields, voxels)
    volume = read_nrrd(voxels)
    if volume.hu.size > contract.limit("sector_voxels"):
        raise Problem("too-large", name=voxels.name, limit=int(contract.limit("sector_voxels")))
    return volume


def _check_fields(fields: Path, voxels: Path) -> None:
    try:
        document = json.loads(fields.read_text(encoding="utf-8"))
        contract.check("sector", document)
    except (ValueError, jsonschema.ValidationError) as error:
        raise Problem("sector-unfit", name=fields.name, reason=str(error).splitlines()[0]) from error
    if document["sha256"] != _sha256(voxels):
        raise Problem("sector-unfit", name=voxels.name, reason="its digest is not the one in sector.json")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _rounded(box: Box) -> list[float]:
    return [round(face, 3) for face in box.faces_mm]
