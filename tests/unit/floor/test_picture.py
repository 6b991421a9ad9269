"""The preview shows the right planes, the right way round, small, from few slices."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from heartbox.geometry import Box, Grid, apply_affine
from heartbox.picture import MOST_BYTES, MOST_SLICES, draw_box, read_thinned, verdict_in_words
from heartbox.problems import Problem
from heartbox.volume import HuSlice, LazyVolume, Volume

HEART = Box(-50, 60, -70, 40, -30, 55)
AMBER = np.array([255, 176, 0])


def _grid(shape: tuple[int, int, int], spacing_xyz_mm: tuple[float, float, float]) -> Grid:
    """Centre a grid on the middle of the heart."""
    affine = np.diag([*spacing_xyz_mm, 1.0])
    extent = np.array(shape[::-1]) * spacing_xyz_mm
    affine[:3, 3] = HEART.centre_mm - extent / 2 + np.array(spacing_xyz_mm) / 2
    return Grid(shape, affine)


def _marked(grid: Grid, centre_mm: tuple[float, float, float], radius_mm: float) -> Volume:
    """Air everywhere but a bright ball: whoever sees it knows where it looks from."""
    k, j, i = np.indices(grid.shape)
    points_mm = apply_affine(grid.affine, np.stack([i, j, k], axis=-1))
    ball = np.linalg.norm(points_mm - np.array(centre_mm), axis=-1) < radius_mm
    return Volume(np.where(ball, 1000, -1000).astype(np.int16), grid)


def _pixels(content: bytes) -> npt.NDArray[np.float64]:
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"), dtype=np.float64)


def _panels(content: bytes) -> list[npt.NDArray[np.float64]]:
    """Cut the picture at the three amber outlines: what lies inside each box."""
    pixels = _pixels(content)
    amber = np.abs(pixels - AMBER).sum(axis=-1) < 60
    tall = np.flatnonzero(amber[35:-45].sum(axis=0) > 80)
    edges = tall[np.insert(np.diff(tall) > 3, 0, True)]
    assert len(edges) == 6
    panels = []
    for left, right in edges.reshape(3, 2):
        rows = np.flatnonzero(amber[35:-45, left]) + 35
        panels.append(pixels[rows[0] + 3 : rows[-1] - 2, left + 3 : right - 2].mean(axis=-1))
    return panels


def _quarter(panel: npt.NDArray[np.float64]) -> tuple[str, str]:
    """Tell in which quarter of a panel the brightness lies."""
    rows, columns = np.nonzero(panel > 200)
    assert len(rows)
    return (
        "top" if rows.mean() < panel.shape[0] / 2 else "bottom",
        "left" if columns.mean() < panel.shape[1] / 2 else "right",
    )


@pytest.mark.parametrize(
    ("offset", "axial", "coronal", "sagittal"),
    [
        ((1, 0, 0), (None, "right"), (None, "right"), None),
        ((-1, 0, 0), (None, "left"), (None, "left"), None),
        ((0, 1, 0), ("bottom", None), None, (None, "right")),
        ((0, -1, 0), ("top", None), None, (None, "left")),
        ((0, 0, 1), None, ("top", None), ("top", None)),
        ((0, 0, -1), None, ("bottom", None), ("bottom", None)),
    ],
)
def test_patients_left_is_on_the_right_front_and_head_are_above(
    offset: tuple[int, int, int],
    axial: tuple[str | None, str | None] | None,
    coronal: tuple[str | None, str | None] | None,
    sagittal: tuple[str | None, str | None] | None,
) -> None:
    x, y, z = HEART.centre_mm + 20 * np.array(offset)
    scan = LazyVolume.of(_marked(_grid((60, 90, 90), (3.0, 3.0, 4.0)), (x, y, z), 15.0))
    panels = _panels(draw_box(scan, HEART))
    for panel, expected in zip(panels, (axial, coronal, sagittal), strict=True):
        if expected is None:
            assert not (panel > 200).any()
            continue
        for side, found in zip(expected, _quarter(panel), strict=True):
            assert side is None or side == found


def test_panels_keep_the_millimetres_of_the_box() -> None:
    scan = LazyVolume.of(_marked(_grid((60, 90, 90), (3.0, 3.0, 4.0)), (0, 0, 0), 1.0))
    axial, coronal, sagittal = _panels(draw_box(scan, HEART))
    x, y, z = HEART.size_mm
    for panel, (high, wide) in ((axial, (y, x)), (coronal, (z, x)), (sagittal, (z, y))):
        assert (panel.shape[0] + 5) / (panel.shape[1] + 5) == pytest.approx(high / wide, rel=0.03)


def test_preview_of_pure_noise_stays_small() -> None:
    grid = _grid((130, 400, 400), (0.8, 0.8, 2.5))
    hu = np.random.default_rng(1).normal(60, 250, grid.shape).astype(np.int16)
    large = HEART.grown([40] * 6)
    content = draw_box(LazyVolume.of(Volume(hu, grid)), large, large.grown([20] * 6))
    assert 10_000 < len(content) <= MOST_BYTES
    _pixels(content)


def test_few_slices_are_read_from_a_long_scan() -> None:
    grid = _grid((1200, 64, 64), (5.0, 5.0, 0.5))
    read: list[int] = []

    def read_slice(k: int) -> HuSlice:
        read.append(k)
        return np.zeros((64, 64), dtype=np.int16)

    draw_box(LazyVolume(grid, read_slice), HEART)
    assert len(read) <= MOST_SLICES
    assert len(set(read)) == len(read)


@settings(max_examples=40, deadline=None)
@given(
    slices=st.integers(8, 300),
    spacing=st.floats(0.4, 6.0),
    shift=st.floats(-60, 60),
    height=st.floats(20, 150),
)
def test_thinned_voxels_keep_their_place_and_one_slice_hits_the_middle(
    slices: int, spacing: float, shift: float, height: float
) -> None:
    grid = _grid((slices, 40, 40), (6.0, 6.0, spacing))
    k, j, i = np.indices(grid.shape)
    height_mm = apply_affine(grid.affine, np.stack([i, j, k], axis=-1))[..., 2]
    scan = LazyVolume.of(Volume(np.rint(10 * height_mm).astype(np.int16), grid))
    middle = HEART.centre_mm[2] + shift
    box = Box(-40, 40, -60, 30, middle - height / 2, middle + height / 2)
    if grid.voxel_range(box) is None:
        with pytest.raises(Problem) as caught:
            read_thinned(scan, box)
        assert caught.value.code == "box-outside"
        return
    thinned = read_thinned(scan, box)
    own_mm = apply_affine(thinned.grid.affine, [[0, 0, k] for k in range(thinned.hu.shape[0])])[:, 2]
    assert np.allclose(thinned.hu[:, 0, 0] / 10, own_mm, atol=0.06)
    if grid.bounds_mm.z0 < middle < grid.bounds_mm.z1:
        assert np.abs(own_mm - middle).min() <= spacing / 2 + 1e-6


def test_coronal_series_is_hung_like_an_axial_one() -> None:
    upright = _grid((60, 90, 90), (3.0, 3.0, 4.0))
    x, y, z = (HEART.centre_mm + 25.0).tolist()
    nz, ny, nx = 70, 60, 90
    affine = np.eye(4)
    affine[:3, :3] = np.array([[3.0, 0, 0], [0, 0, 3.0], [0, -4.0, 0]])
    corner = apply_affine(affine, np.array([nx - 1, ny - 1, nz - 1]) / 2)
    affine[:3, 3] = HEART.centre_mm - corner
    coronal = Grid((nz, ny, nx), affine)
    pictures = []
    for grid in (upright, coronal):
        content = draw_box(LazyVolume.of(_marked(grid, (x, y, z), 34.0)), HEART)
        pictures.append([_quarter(panel) for panel in _panels(content)])
    assert pictures[0] == pictures[1] == [("bottom", "right"), ("top", "right"), ("top", "right")]


def test_box_outside_of_the_scan_is_refused() -> None:
    scan = LazyVolume.of(Volume(np.zeros((10, 10, 10), np.int16), Grid((10, 10, 10), np.eye(4))))
    with pytest.raises(Problem) as caught:
        draw_box(scan, Box(500, 600, 500, 600, 500, 600))
    assert caught.value.code == "box-outside"


def test_verdicts_are_told_in_words() -> None:
    assert verdict_in_words("found", (), 0.876) == "The whole heart was found (confidence 0.88)."
    cut = verdict_in_words("cut", ("inferior", "left"), 0.5)
    assert cut == "A heart was found, cut off at the scan's lower and left edge (confidence 0.50)."
    assert verdict_in_words("not_found", (), 0.9) == "No heart was found in this scan."
