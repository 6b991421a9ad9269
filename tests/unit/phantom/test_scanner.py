from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from heartbox.geometry import Grid
from heartbox.phantom.anatomy import Anatomy, draw_anatomy, heart_box, paint
from heartbox.phantom.protocol import SMALL, Crop, Kernel, Orientation, Protocol
from heartbox.phantom.scanner import MOST_HU, Scan, lay_grid

QUIET = replace(SMALL, noise_hu=0.0)
SEEDS = range(4)


@pytest.fixture(scope="module")
def anatomy() -> Anatomy:
    return draw_anatomy(4)


@pytest.mark.parametrize("seed", SEEDS)
def test_whole_crop_holds_the_whole_heart(seed: int) -> None:
    body = draw_anatomy(seed)
    bounds = lay_grid(body, Protocol(slices=100, rows=64), seed).bounds_mm
    assert bounds.intersection(heart_box(body)) == heart_box(body)


@pytest.mark.parametrize(("crop", "face"), [("heart_cut_superior", "z1"), ("heart_cut_inferior", "z0")])
@pytest.mark.parametrize("seed", SEEDS)
def test_cut_crop_ends_inside_the_heart_on_its_face_only(seed: int, crop: Crop, face: str) -> None:
    body = draw_anatomy(seed)
    bounds, box = lay_grid(body, Protocol(slices=60, rows=64, crop=crop), seed).bounds_mm, heart_box(body)
    assert box.z0 < getattr(bounds, face) < box.z1
    other = "z0" if face == "z1" else "z1"
    assert (getattr(bounds, other) < box.z0) if other == "z0" else (getattr(bounds, other) > box.z1)


@pytest.mark.parametrize("seed", SEEDS)
def test_crop_without_heart_misses_it(seed: int) -> None:
    body = draw_anatomy(seed)
    grid = lay_grid(body, Protocol(slices=60, rows=64, crop="no_heart"), seed)
    assert grid.bounds_mm.intersection(heart_box(body)) is None


@pytest.mark.parametrize("crop", ["heart_cut_superior", "heart_cut_inferior", "no_heart"])
def test_given_spacing_keeps_the_cut_where_it_is(anatomy: Anatomy, crop: Crop) -> None:
    free = lay_grid(anatomy, Protocol(slices=60, rows=64, crop=crop), 4).bounds_mm
    fixed = lay_grid(anatomy, Protocol(slices=20, spacing_mm=3.0, rows=64, crop=crop), 4).bounds_mm
    assert np.isclose(fixed.z0, free.z0, atol=0.01) or np.isclose(fixed.z1, free.z1, atol=0.01)
    assert fixed.z1 - fixed.z0 == pytest.approx(60.0)


def test_narrow_field_of_view_is_centred_on_the_heart(anatomy: Anatomy) -> None:
    grid = lay_grid(anatomy, Protocol(slices=40, rows=64, field_of_view_mm=200.0), 4)
    assert np.abs((grid.bounds_mm.centre_mm - heart_box(anatomy).centre_mm)[:2]).max() < 10.0


@pytest.mark.parametrize("orientation", ["axial", "coronal", "sagittal"])
def test_slice_shows_the_body_at_its_place(anatomy: Anatomy, orientation: Orientation) -> None:
    scan = Scan(anatomy, replace(QUIET, orientation=orientation), 4)
    k = scan.grid.shape[0] // 2
    plane = scan.grid.affine.copy()
    plane[:3, 3] += k * plane[:3, 2]
    exact = paint(anatomy, Grid((1, *scan.grid.shape[1:]), plane))[0]
    # Blur moves the edges by less than a voxel; away from them the picture is the body.
    assert np.median(np.abs(scan.read_slice(k) - exact)) < 5.0
    assert np.corrcoef(scan.read_slice(k).ravel(), exact.ravel())[0, 1] > 0.99


def _centre_share(image: npt.NDArray[np.float64]) -> list[float]:
    """Where the middle of all that is brighter than water lies, as a share of each side."""
    bright = image > 0
    centres = (np.arange(len(image)) + 0.5) / len(image)
    return [float(bright.sum(axis=axis) @ centres / bright.sum()) for axis in (0, 1)]


def test_working_grid_lies_where_the_scan_lies(anatomy: Anatomy) -> None:
    fine = Scan(anatomy, Protocol(slices=40, rows=256, field_of_view_mm=200.0, noise_hu=0.0), 4)
    coarse = Scan(anatomy, Protocol(slices=40, rows=100, field_of_view_mm=200.0, noise_hu=0.0), 4)
    a, b = fine.read_slice(20).astype(float), coarse.read_slice(20).astype(float)
    np.testing.assert_allclose(_centre_share(a), _centre_share(b), atol=0.002)


def test_slice_is_the_same_whenever_it_is_read(anatomy: Anatomy) -> None:
    forwards, backwards = Scan(anatomy, SMALL, 4), Scan(anatomy, SMALL, 4)
    first = [forwards.read_slice(k) for k in range(40, 60)]
    second = [backwards.read_slice(k) for k in range(59, 39, -1)][::-1]
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def test_noise_has_the_asked_spread_and_differs_between_slices(anatomy: Anatomy) -> None:
    loud, quiet = Scan(anatomy, replace(SMALL, noise_hu=30.0), 4), Scan(anatomy, QUIET, 4)
    grain = []
    for k in (40, 41):
        # Air is clipped at its floor: noise is judged where nothing is clipped.
        calm = quiet.read_slice(k)
        grain.append(np.where(calm > -600, loud.read_slice(k).astype(float) - calm, np.nan))
    for one in grain:
        assert np.nanstd(one) == pytest.approx(30.0, rel=0.15)
    both = ~np.isnan(grain[0]) & ~np.isnan(grain[1])
    assert abs(np.corrcoef(grain[0][both], grain[1][both])[0, 1]) < 0.2


def test_thick_slice_is_the_mean_of_thin_ones(anatomy: Anatomy) -> None:
    thin = Scan(anatomy, replace(QUIET, slices=288, spacing_mm=1.0), 4)
    thick = Scan(anatomy, replace(QUIET, slices=288, spacing_mm=1.0, thickness_mm=9.0), 4)
    mean = np.mean([thin.read_slice(k).astype(float) for k in range(136, 145)], axis=0)
    assert np.abs(thick.read_slice(140) - mean).mean() < 4.0


def test_sharp_kernel_has_steeper_edges_than_soft(anatomy: Anatomy) -> None:
    steepness = {}
    fine = replace(QUIET, slices=40, spacing_mm=None, rows=320, field_of_view_mm=200.0)
    kernels: tuple[Kernel, ...] = ("soft", "sharp")
    for kernel in kernels:
        scan = Scan(anatomy, replace(fine, kernel=kernel), 4)
        steepness[kernel] = float(np.abs(np.diff(scan.read_slice(20).astype(float), axis=1)).max())
    assert steepness["sharp"] > 1.1 * steepness["soft"]


def test_hu_fit_twelve_bits(anatomy: Anatomy) -> None:
    image = Scan(anatomy, replace(SMALL, noise_hu=400.0), 4).read_slice(48)
    assert image.dtype == np.int16
    assert image.min() == -1024
    assert image.max() <= MOST_HU
