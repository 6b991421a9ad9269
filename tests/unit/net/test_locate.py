from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from heartbox.geometry import Box, Grid, apply_affine
from heartbox.locate import Finding, Sighting, find_heart, judge, scan_ends_mm
from heartbox.network import manifest
from heartbox.phantom.anatomy import Anatomy, draw_anatomy, heart_box, paint
from heartbox.volume import HuSlice, LazyVolume, Volume

LEAST_IOU = 0.75
#: Another order of the same voxels may move a face by this much, mm.
SAME_BOX_MM = 1.0
#: A cut face lies exactly at the scan's end, mm.
AT_THE_END_MM = 1e-6
MOST_SLICES_OF_800 = 130


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return draw_anatomy(3, "arterial", 3.0)


@pytest.fixture(scope="module")
def scan(anatomy: Anatomy) -> Volume:
    centre = heart_box(anatomy).centre_mm + np.array([-20.0, 35.0, 0.0])
    return painted(anatomy, centre, (76, 90, 90), (4.0, 4.0, 4.0))


@pytest.fixture(scope="module")
def finding(scan: Volume) -> Finding:
    return find_heart(LazyVolume.of(scan))


def painted(
    anatomy: Anatomy,
    centre: np.typing.NDArray[np.float64],
    shape: tuple[int, int, int],
    spacing: tuple[float, float, float],
) -> Volume:
    affine = np.diag([*spacing, 1.0])
    affine[:3, 3] = centre - (np.array(shape[::-1]) - 1) / 2 * np.array(spacing)
    grid = Grid(shape, affine)
    return Volume(np.rint(paint(anatomy, grid)).astype(np.int16), grid)


def reordered(volume: Volume, axes: tuple[int, int, int], flipped: tuple[int, ...]) -> Volume:
    """Store the same voxels with other axes first, and some of them reversed."""
    hu = np.flip(volume.hu.transpose(axes), flipped)
    affine = volume.grid.affine.copy()
    from_axis = [2 - axes[2 - column] for column in range(3)]
    affine[:3, :3] = volume.grid.affine[:3, from_axis]
    for axis in flipped:
        column = 2 - axis
        affine[:3, 3] += affine[:3, column] * (hu.shape[axis] - 1)
        affine[:3, column] *= -1
    nz, ny, nx = hu.shape
    return Volume(np.ascontiguousarray(hu), Grid((nz, ny, nx), affine))


def test_whole_heart_is_found(anatomy: Anatomy, finding: Finding) -> None:
    assert finding.verdict == "found" and finding.cut_faces == ()
    assert finding.heart_box is not None
    assert finding.heart_box.iou(heart_box(anatomy)) >= LEAST_IOU
    assert 0.5 < finding.confidence <= 1.0


@pytest.mark.parametrize(
    ("axes", "flipped"),
    [((0, 1, 2), (0,)), ((0, 1, 2), (1, 2)), ((1, 0, 2), ()), ((2, 1, 0), (0, 2))],
    ids=["feet first", "turned in the plane", "coronal", "sagittal, reversed"],
)
def test_any_order_of_the_voxels_gives_the_same_box(
    scan: Volume, finding: Finding, axes: tuple[int, int, int], flipped: tuple[int, ...]
) -> None:
    other = find_heart(LazyVolume.of(reordered(scan, axes, flipped)))
    assert other.heart_box is not None and finding.heart_box is not None
    moved = np.array(other.heart_box.faces_mm) - np.array(finding.heart_box.faces_mm)
    assert other.verdict == finding.verdict
    assert np.abs(moved).max() <= SAME_BOX_MM


@pytest.mark.parametrize(("face", "end"), [("superior", 5), ("inferior", 4)])
def test_cut_heart_names_the_face_at_the_edge(scan: Volume, anatomy: Anatomy, face: str, end: int) -> None:
    box = heart_box(anatomy)
    middle = round(float(apply_affine(scan.grid.inverse, box.centre_mm)[2]))
    start, stop = (0, middle) if face == "superior" else (middle, scan.grid.shape[0])
    grid = scan.grid.cropped((start, 0, 0), (stop, *scan.grid.shape[1:]))
    finding = find_heart(LazyVolume.of(Volume(scan.hu[start:stop], grid)))
    assert finding.verdict == "cut" and finding.cut_faces == (face,)
    assert finding.heart_box is not None
    at_end = finding.heart_box.faces_mm[end] - grid.bounds_mm.faces_mm[end]
    assert abs(at_end) < AT_THE_END_MM


def test_scan_below_the_heart_is_not_found(anatomy: Anatomy) -> None:
    box = heart_box(anatomy)
    centre = np.array([*box.centre_mm[:2], box.z0 - 20.0 - 90.0]) + np.array([-20.0, 35.0, 0.0])
    finding = find_heart(LazyVolume.of(painted(anatomy, centre, (45, 90, 90), (4.0, 4.0, 4.0))))
    assert finding.verdict == "not_found"
    assert finding.heart_box is None and finding.cut_faces == ()


def test_empty_air_is_not_found() -> None:
    air = Volume(
        np.full((40, 64, 64), -1024, dtype=np.int16), Grid((40, 64, 64), np.diag([5.0, 5.0, 5.0, 1.0]))
    )
    assert find_heart(LazyVolume.of(air)).verdict == "not_found"


def test_eight_hundred_slices_cost_few_reads(scan: Volume, finding: Finding) -> None:
    read: set[int] = set()
    heights = scan.grid.affine[2, 3] + 4.0 * (np.arange(800) + 0.5) * scan.grid.shape[0] / 800 - 2.0

    def read_slice(k: int) -> HuSlice:
        read.add(k)
        at = np.clip(round((heights[k] - scan.grid.affine[2, 3]) / 4.0), 0, scan.grid.shape[0] - 1)
        return np.asarray(scan.hu[int(at)])

    affine = scan.grid.affine.copy()
    affine[2, 2] = heights[1] - heights[0]
    affine[2, 3] = heights[0]
    progress: list[float] = []
    thin = LazyVolume(Grid((800, *scan.grid.shape[1:]), affine), read_slice)
    answer = find_heart(thin, progress.append)
    assert answer.verdict == finding.verdict == "found"
    assert len(read) <= MOST_SLICES_OF_800
    assert all(before <= after for before, after in pairwise(progress))
    assert progress[-1] == 1.0


def test_ends_of_a_turned_scan_are_found_along_each_axis() -> None:
    half = np.sqrt(0.5)
    affine = np.eye(4)
    affine[:3, :3] = np.array([[half, -half, 0], [half, half, 0], [0, 0, 1]])
    grid = Grid((21, 41, 41), affine)
    centre = apply_affine(affine, [20.0, 20.0, 10.0])
    reach = 20.5 / half
    expected = np.repeat(centre, 2) + np.array([-reach, reach, -reach, reach, -10.5, 10.5])
    assert np.allclose(scan_ends_mm(grid, centre), expected)


def sighting(presence: float = 0.99, heart_ml: float = 500.0, beyond: float = 0.0) -> Sighting:
    faces = np.array([-50.0, 50.0, -50.0, 50.0, -40.0, 90.0])
    return Sighting(presence, heart_ml, faces, np.array([0, 0, 0, 0, 0, beyond]))


SCAN = Grid((41, 61, 61), np.array([[4, 0, 0, -120], [0, 4, 0, -120], [0, 0, 4, -80], [0, 0, 0, 1.0]]))


def test_face_beyond_the_end_is_cut_there() -> None:
    finding = judge(sighting(), sighting(beyond=0.9), SCAN)
    assert finding.verdict == "cut" and finding.cut_faces == ("superior",)
    assert finding.heart_box is not None and finding.heart_box.z1 == pytest.approx(82.0)


def test_little_conviction_or_little_heart_is_not_found() -> None:
    assert judge(sighting(0.01), sighting(0.01), SCAN).verdict == "not_found"
    least = manifest()["decision"]["heart_ml"]
    assert judge(sighting(), sighting(heart_ml=least / 2), SCAN).verdict == "not_found"


def test_box_never_leaves_the_scan() -> None:
    finding = judge(sighting(), sighting(beyond=0.1), SCAN)
    assert finding.verdict == "found"
    assert finding.heart_box is not None
    shared = finding.heart_box.intersection(SCAN.bounds_mm)
    assert shared is not None and Box.of(shared.faces_mm) == finding.heart_box
