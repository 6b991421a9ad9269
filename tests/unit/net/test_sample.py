from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from heartbox.geometry import Affine, Box, Grid, apply_affine, isotropic_grid
from heartbox.sample import ReducedScan, area_weights, bins_for, reduce_in_plane, sample_volume
from heartbox.volume import AIR_HU, HuSlice, LazyVolume, Volume

#: Linear HU through float32 and int16 rounding, HU.
TOLERANCE_HU = 1.0
SLOPE = np.array([0.8, -0.6, 1.1])  # HU per mm along x, y, z


def linear_scan(shape: tuple[int, int, int], affine: Affine) -> Volume:
    k, j, i = np.indices(shape)
    points = apply_affine(affine, np.stack([i, j, k], axis=-1))
    return Volume(np.rint(points @ SLOPE).astype(np.int16), Grid(shape, affine))


def centred_affine(directions: NDArray[np.float64], shape: tuple[int, int, int]) -> Affine:
    affine = np.eye(4)
    affine[:3, :3] = directions
    affine[:3, 3] = -directions @ ((np.array(shape[::-1]) - 1) / 2)
    return affine


@given(pixels=st.integers(1, 600), share=st.floats(0.01, 1.0))
def test_area_weights_cover_each_pixel_evenly(pixels: int, share: float) -> None:
    bins = max(1, int(pixels * share))
    weights = area_weights(pixels, bins)
    assert np.allclose(weights.sum(axis=1), 1.0, atol=1e-4)
    assert np.allclose(weights.sum(axis=0) * pixels / bins, 1.0, atol=1e-3)


def test_mean_of_two_by_two_pixels_is_exact() -> None:
    values = np.array([[0, 10, 100, 200], [20, 30, 300, 400]], dtype=np.int16)
    assert reduce_in_plane(values, (1.5, 1.5), 3.0).tolist() == [[15.0, 250.0]]


def test_pixels_coarser_than_wanted_stay_as_they_are() -> None:
    assert bins_for(128, 3.9, 3.0) == 128


@settings(max_examples=25, deadline=None)
@given(
    angles=st.tuples(*[st.floats(-180, 180)] * 3),
    signs=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 3),
    shear=st.floats(-0.25, 0.25),
)
def test_linear_density_is_reproduced_in_any_orientation(
    angles: tuple[float, ...], signs: tuple[float, ...], shear: float
) -> None:
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    steps = turn * (np.array([2.0, 2.0, 3.0]) * np.array(signs))
    steps[:, 2] += shear * 3.0 * turn[:, 1]
    volume = linear_scan((40, 60, 60), centred_affine(steps, (40, 60, 60)))
    wanted = isotropic_grid(Box(-30, 30, -30, 30, -30, 30), 6.0)
    sampled = sample_volume(LazyVolume.of(volume), wanted)
    k, j, i = np.indices(wanted.shape)
    truth = apply_affine(wanted.affine, np.stack([i, j, k], axis=-1)) @ SLOPE
    assert sampled.inside.all()
    assert np.abs(sampled.hu - truth).max() < TOLERANCE_HU


def test_outside_of_the_scan_is_air_and_marked() -> None:
    volume = linear_scan((20, 20, 20), centred_affine(np.diag([2.0, 2.0, 2.0]), (20, 20, 20)))
    wanted = isotropic_grid(Box(-40, 40, -20, 20, -20, 20), 4.0)
    sampled = sample_volume(LazyVolume.of(volume), wanted)
    x = wanted.affine[0, 3] + 4.0 * np.arange(wanted.shape[2])
    assert (sampled.inside.any(axis=(0, 1)) == (np.abs(x) <= 20)).all()
    assert (sampled.hu[~sampled.inside] == AIR_HU).all()


@given(count=st.integers(8, 900), step_mm=st.floats(0.4, 6.0))
def test_coarse_slices_are_among_the_fine_ones(count: int, step_mm: float) -> None:
    scan = ReducedScan(_unreadable(count, step_mm), 3.0)
    coarse, fine = (scan.chosen_slices(spacing) for spacing in (6.0, 3.5))
    assert set(coarse) <= set(fine)
    assert fine[0] >= 0 and fine[-1] < count
    assert len(coarse) <= min(count, count * step_mm / 3.0 + 1)


@given(count=st.integers(8, 900), step_mm=st.floats(0.4, 6.0))
def test_reversed_series_gives_the_same_slices(count: int, step_mm: float) -> None:
    forwards = ReducedScan(_unreadable(count, step_mm), 3.0).chosen_slices(6.0)
    backwards = ReducedScan(_unreadable(count, -step_mm), 3.0).chosen_slices(6.0)
    assert [count - 1 - k for k in reversed(backwards)] == forwards


def test_slice_is_read_once_and_only_where_needed() -> None:
    reads: list[int] = []

    def read_slice(k: int) -> HuSlice:
        reads.append(k)
        return np.zeros((64, 64), dtype=np.int16)

    grid = Grid((400, 64, 64), centred_affine(np.diag([5.0, 5.0, 1.0]), (400, 64, 64)))
    scan = ReducedScan(LazyVolume(grid, read_slice), 3.0)
    wanted = isotropic_grid(Box(-60, 60, -60, 60, -30, 30), 6.0)
    sample_volume(scan, wanted)
    sample_volume(scan, wanted)
    assert len(reads) == len(set(reads)) == scan.slices_read
    assert 10 <= len(reads) <= 13


def test_reading_that_fails_is_not_hidden() -> None:
    with pytest.raises(OSError, match="slice"):
        sample_volume(_unreadable(30, 2.0), isotropic_grid(Box(-9, 9, -9, 9, -9, 9), 6.0))


def _unreadable(count: int, step_mm: float) -> LazyVolume:
    def read_slice(k: int) -> HuSlice:
        raise OSError(f"slice {k} must not be read")

    shape = (count, 16, 16)
    return LazyVolume(Grid(shape, centred_affine(np.diag([1.0, 1.0, step_mm]), shape)), read_slice)
