"""From a scan to the heart's box: look coarsely everywhere, closely once, then say what was seen.

1. An overview finds the middle of the body at each height; coarse cubes are laid along it. The one
   that shows most heart with most conviction gives a first box, and a coarse cube around it a better one.
2. A fine cube around that box gives the six faces: each is the mean of the net's distribution over the
   planes of the cube. Where that mean lies far from the cube's middle, the fine cube is laid once more.
3. A face whose distribution lies for the greater part beyond the scan's end is cut, and the box ends
   at the scan's outer face there. Too little conviction, or too little heart, is ``not_found``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from heartbox.geometry import FACES, Box, Grid, Points, apply_affine, isotropic_grid
from heartbox.network import Logits, infer, manifest, manifest_sha256
from heartbox.sample import ReducedScan, sample_volume, slice_distance_mm
from heartbox.volume import LazyVolume

#: Spacing of the overview in which the body is looked for, mm, and what is body, HU.
OVERVIEW_MM, BODY_HU = 12.0, -300.0
#: Coarse cubes follow each other along z at this distance at most; the outer ones end this near to the
#: scan's ends, mm.
STRIDE_MM, FROM_END_MM = 96.0, 50.0
#: The fine cube is laid again when the box's middle is further off than this, mm.
OFF_CENTRE_MM = 12.0

Verdict = Literal["found", "cut", "not_found"]


@dataclass(frozen=True)
class Model:
    """Which net answered: its name, version, and the digest of its manifest (hexadecimal)."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Finding:
    """Where the heart is.

    Parameters
    ----------
    verdict : ``found``, ``cut`` (the scan ends inside the heart) or ``not_found``
    confidence : 0..1, how sure the net is of the verdict
    heart_box : LPS mm; of a cut heart it ends at the scan's outer face; None when not found
    cut_faces : names of `geometry.FACES` at which the scan ends inside the heart
    model : the net
    """

    verdict: Verdict
    confidence: float
    heart_box: Box | None
    cut_faces: tuple[str, ...]
    model: Model


@dataclass(frozen=True)
class Sighting:
    """What one cube shows.

    Parameters
    ----------
    presence : 0..1, the visible heart lies in the cube
    heart_ml : volume of what looks like heart
    faces_mm : (6,) LPS mm, the box as the net sees it; beyond the scan's end where the heart is cut
    beyond : (6,) 0..1, how much of each face's distribution lies beyond the scan's end
    """

    presence: float
    heart_ml: float
    faces_mm: npt.NDArray[np.float64]
    beyond: npt.NDArray[np.float64]

    @property
    def centre_mm(self) -> Points:
        """Middle of the box, (3,) LPS mm."""
        return (self.faces_mm[::2] + self.faces_mm[1::2]) / 2


def find_heart(volume: LazyVolume, progress: Callable[[float], None] | None = None) -> Finding:
    """Find the heart's box in a scan of any orientation.

    Parameters
    ----------
    volume : the scan; only the slices that the net needs are read
    progress : called with a rising share of the work, 0..1

    Returns
    -------
    Finding

    Raises
    ------
    Problem
        ``model-unfit``, or whatever reading a slice raises.
    """
    reduced_mm = float(manifest()["reduced_mm"])
    scan = ReducedScan(volume, reduced_mm)
    if progress is not None:
        scan = ReducedScan(volume, reduced_mm, _counted(scan, progress))
    coarse, fine = look_at(scan)
    finding = judge(coarse, fine, volume.grid)
    if progress is not None:
        progress(1.0)
    return finding


def look_at(scan: ReducedScan) -> tuple[Sighting, Sighting]:
    """Look coarsely everywhere, then closely: the last coarse and the last fine sighting."""
    best = max(
        (sight(scan, "coarse", centre) for centre in _along_the_body(scan)),
        key=lambda seen: seen.presence * seen.heart_ml,
    )
    coarse = sight(scan, "coarse", _within(best.centre_mm, scan.grid))
    fine = sight(scan, "fine", _within(coarse.centre_mm, scan.grid))
    if np.linalg.norm(fine.centre_mm - coarse.centre_mm) > OFF_CENTRE_MM:
        fine = sight(scan, "fine", _within(fine.centre_mm, scan.grid))
    return coarse, fine


def sight(scan: ReducedScan, look: str, centre_mm: Points) -> Sighting:
    """Sample one cube, run the net on it and read its answer in mm.

    Parameters
    ----------
    scan : the scan
    look : ``coarse`` or ``fine``
    centre_mm : (3,) LPS mm, the middle of the cube
    """
    entry = manifest()["looks"][look]
    window = cube_grid(centre_mm, float(entry["spacing_mm"]), int(entry["voxels"]))
    return _read_answer(infer(sample_volume(scan, window), look), window, scan.grid)


def judge(coarse: Sighting, fine: Sighting, scan: Grid) -> Finding:
    """Turn two sightings into a verdict, by the thresholds and offsets of the manifest.

    Parameters
    ----------
    coarse, fine : the last sighting of each look
    scan : the scan's grid, which says where it ends
    """
    document = manifest()
    decision = document["decision"]
    model = Model(document["name"], document["version"], manifest_sha256())
    presence = math.sqrt(coarse.presence * fine.presence)
    ends = scan_ends_mm(scan, fine.centre_mm)
    is_cut = fine.beyond > decision["cut"]
    faces = np.where(is_cut, ends, fine.faces_mm + np.array(document["face_offsets_mm"]))
    faces[::2] = np.maximum(faces[::2], ends[::2])
    faces[1::2] = np.minimum(faces[1::2], ends[1::2])
    empty = bool((faces[1::2] <= faces[::2]).any())
    if empty or presence < decision["presence"] or fine.heart_ml < decision["heart_ml"]:
        return Finding("not_found", round(1.0 - presence * (not empty), 4), None, (), model)
    sure = float(np.maximum(fine.beyond, 1 - fine.beyond).min())
    names = tuple(name for name, cut in zip(FACES, is_cut, strict=True) if cut)
    return Finding("cut" if names else "found", round(presence * sure, 4), Box.of(faces), names, model)


def scan_ends_mm(scan: Grid, point_mm: Points) -> npt.NDArray[np.float64]:
    """Where the scan's outer faces lie right and left, before and behind, below and above a point.

    Parameters
    ----------
    scan : Grid of any orientation
    point_mm : (3,) LPS mm; outside of the scan the scan's bounding box answers

    Returns
    -------
    (6,) LPS mm, in the order of `geometry.FACES`
    """
    ends = np.array(scan.bounds_mm.faces_mm)
    counts = np.array(scan.shape[::-1])
    index = apply_affine(scan.inverse, point_mm)
    if ((index < -0.5) | (index > counts - 0.5)).any():
        return ends
    for axis in range(3):
        per_mm = scan.inverse[:3, axis]
        moving = np.abs(per_mm) > 1e-9
        to_faces = np.stack([-0.5 - index, counts - 0.5 - index])[:, moving] / per_mm[moving]
        ends[2 * axis] = point_mm[axis] + to_faces.min(axis=0).max()
        ends[2 * axis + 1] = point_mm[axis] + to_faces.max(axis=0).min()
    return ends


def cube_grid(centre_mm: Points, spacing_mm: float, voxels: int) -> Grid:
    """Lay a look's cube around a point, (3,) LPS mm: cubic voxels, axes along LPS."""
    affine = np.diag([spacing_mm, spacing_mm, spacing_mm, 1.0])
    affine[:3, 3] = np.asarray(centre_mm) - (voxels - 1) / 2 * spacing_mm
    return Grid((voxels, voxels, voxels), affine)


def _read_answer(logits: Logits, window: Grid, scan: Grid) -> Sighting:
    spacing_mm = float(window.spacing_mm[0])
    shares = np.exp(logits.faces - logits.faces.max(axis=1, keepdims=True)).astype(np.float64)
    shares /= shares.sum(axis=1, keepdims=True)
    low = np.repeat(window.bounds_mm.low_mm, 2)[:, None]
    planes = low + (np.arange(shares.shape[1]) + 0.5) * spacing_mm
    faces = (shares * planes).sum(axis=1)
    ends = scan_ends_mm(scan, (faces[::2] + faces[1::2]) / 2)[:, None]
    is_upper = (np.arange(6) % 2 == 1)[:, None]
    beyond = np.where(is_upper, planes > ends, planes < ends)
    heart = 1 / (1 + np.exp(-logits.mask.astype(np.float64)))
    return Sighting(
        presence=1 / (1 + math.exp(-logits.presence)),
        heart_ml=float(heart[heart > 0.5].sum() * (2 * spacing_mm) ** 3 / 1000),
        faces_mm=faces,
        beyond=(shares * beyond).sum(axis=1),
    )


def _along_the_body(scan: ReducedScan) -> Iterator[Points]:
    """Give the middles of the coarse cubes, from below to above, (3,) LPS mm each."""
    aim: dict[str, Any] = manifest()["looks"]["coarse"]
    half = aim["spacing_mm"] * aim["voxels"] / 2
    body = _middle_of_body(scan)
    bounds = scan.grid.bounds_mm
    reach = max(bounds.size_mm[2] / 2 - FROM_END_MM, 0.0)
    count = math.ceil(2 * reach / STRIDE_MM) + 1
    for z in np.linspace(-reach, reach, count) + bounds.centre_mm[2] if count > 1 else [bounds.centre_mm[2]]:
        near = np.abs(body[:, 2] - z) < half
        x, y = (body[near] if near.any() else body).mean(axis=0)[:2] + aim["body_to_heart_mm"]
        yield np.array([x, y, z])


def _middle_of_body(scan: ReducedScan) -> Points:
    """Find the middle of what is denser than lung at each height, (n, 3) LPS mm."""
    seen = sample_volume(scan, isotropic_grid(scan.grid.bounds_mm, OVERVIEW_MM))
    thick = seen.inside & (seen.hu > BODY_HU)
    points = [(*np.argwhere(plane)[:, ::-1].mean(axis=0), k) for k, plane in enumerate(thick) if plane.any()]
    if not points:
        return scan.grid.bounds_mm.centre_mm[None]
    return apply_affine(seen.grid.affine, points)


def _within(point_mm: Points, scan: Grid) -> Points:
    bounds = scan.bounds_mm
    return np.asarray(np.clip(point_mm, bounds.low_mm, bounds.high_mm))


def _counted(scan: ReducedScan, progress: Callable[[float], None]) -> Callable[[], None]:
    """Turn reads into progress: every coarse slice, and the fine ones that a cube needs."""
    looks = manifest()["looks"]
    fine = looks["fine"]
    close = scan.chosen_slices(fine["spacing_mm"])
    step_mm = slice_distance_mm(scan.grid) * (close[1] - close[0] if len(close) > 1 else 1)
    expected = len(scan.chosen_slices(looks["coarse"]["spacing_mm"]))
    expected += min(len(close), math.ceil(fine["spacing_mm"] * fine["voxels"] / step_mm))
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        progress(min(done / expected, 0.99))

    return count
