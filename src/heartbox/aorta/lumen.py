"""The lumen's outline on planes across a vessel: rays, one smooth surface through all planes, sub-pixel.

Semi-global matching finds, over all planes and rays at once, the radius where HU fall from blood to
what lies around it (Hirschmueller, "Stereo processing by semiglobal matching and mutual
information", IEEE PAMI 30(2), 2008; here rows are planes and columns are angles, which close).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.ndimage import median_filter, uniform_filter1d

from heartbox.aorta.contrast import Levels
from heartbox.aorta.grids import sample_hu
from heartbox.aorta.measure import centroid_mm, equivalent_diameter_mm, ray_angles
from heartbox.aorta.planes import Frames, frames_along, smooth_along, spread_evenly
from heartbox.geometry import Points
from heartbox.volume import Volume

Numbers = npt.NDArray[np.float64]

RAYS = 72
_STEP_MM = 0.4
_LEAST_RADIUS_MM = 2.0
_ROUNDS = 4
_MOST_SHIFT_MM = 4.0
_SMOOTH_MM = 2.5
_BELOW_BACKGROUND_HU = 90.0
_ABOVE_BLOOD_HU = 150.0
_DARK_COST_PER_MM = 0.1
_DARK_AT_MOST_MM = 12.0
_EXPECTED_COST = 0.15
_OUTSIDE_BAND = 5.0
_SMALL_JUMP, _LARGE_JUMP = 0.05, 0.5
_MEDIAN_PLANES = 25
_MOUTH_MM = 2.0
_MOUTH_COST_PER_MM = 0.25
_EDGE_HALF_WIDTH_MM = 0.8
_HALF_WAY_REACH_MM = 1.8
_BLIND_SHARE = 0.12
_CORE_SHARE = 0.45


@dataclass(frozen=True)
class Band:
    """How far from the expected radius an edge is looked for, as shares of it, and a hard cap, mm."""

    low: float = 0.45
    high: float = 1.6
    cap_mm: float = 40.0


@dataclass(frozen=True)
class Contours:
    """A vessel's outline, plane by plane.

    Parameters
    ----------
    points_mm : (n, 3) float64, LPS mm, centres, about 1 mm apart
    frames : Frames of the planes
    radii_mm : (n, rays) float64, mm, from the centre; ray angles run from ``u`` to ``v``
    support : (n,) float64, share of rays whose edge is a real fall of HU, 0..1
    seen : (n,) float64, share of rays that end inside the sector, 0..1
    blood_hu : (n,) float64, HU in the core
    """

    points_mm: Points
    frames: Frames
    radii_mm: Numbers
    support: Numbers
    seen: Numbers
    blood_hu: Numbers

    def __len__(self) -> int:
        """Return the number of planes."""
        return len(self.points_mm)

    @property
    def diameter_mm(self) -> Numbers:
        """Equivalent diameters, (n,) float64, mm."""
        return equivalent_diameter_mm(self.radii_mm)

    def part(self, first: int, stop: int) -> Contours:
        """Return the planes ``first <= n < stop``."""
        cut = slice(first, stop)
        frames = Frames(self.frames.tangent[cut], self.frames.u[cut], self.frames.v[cut])
        return Contours(
            self.points_mm[cut],
            frames,
            self.radii_mm[cut],
            self.support[cut],
            self.seen[cut],
            self.blood_hu[cut],
        )

    @property
    def outline_mm(self) -> Points:
        """The outlines in space, (n, rays, 3) float64, LPS mm."""
        return on_rays(self.points_mm, self.frames, self.radii_mm)


def on_rays(points_mm: Points, frames: Frames, radii_mm: Numbers) -> Points:
    """Turn radii along each plane's rays, (n, rays), into points, (n, rays, 3) float64, LPS mm."""
    return np.asarray(points_mm[:, None] + radii_mm[..., None] * _directions(frames))


def fit_contours(
    sector: Volume, points_mm: Points, expected_mm: Numbers, levels: Levels, band: Band
) -> Contours:
    """Fit the lumen along a first centreline; the line is moved to the lumen's middle.

    Parameters
    ----------
    sector : Volume
    points_mm : (n, 3) float64, LPS mm, a first line inside the vessel
    expected_mm : (n,) float64, expected radius at each point, mm
    levels : Levels
    band : Band
    """
    line, expected = _prepared(points_mm, expected_mm)
    for _ in range(_ROUNDS):
        found = _fitted(sector, line, expected, levels, band)
        line, expected = _recentred(found, expected)
    return _fitted(sector, line, expected, levels, band)


def _prepared(points_mm: Points, expected_mm: Numbers) -> tuple[Points, Numbers]:
    even = spread_evenly(points_mm)
    share = np.linspace(0, 1, len(even))
    arc = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points_mm, axis=0), axis=1))])
    expected = np.interp(share, arc / arc[-1], expected_mm)
    line = spread_evenly(smooth_along(even, 2 * _SMOOTH_MM))
    return line, np.interp(np.linspace(0, 1, len(line)), share, smooth_along(expected, 4.0))


def _recentred(found: Contours, expected: Numbers) -> tuple[Points, Numbers]:
    """Move the line to the centroids, but not where the outline is cut off by a face."""
    shift = centroid_mm(found.radii_mm)
    size = np.linalg.norm(shift, axis=1, keepdims=True)
    shift = shift * np.minimum(1.0, _MOST_SHIFT_MM / np.maximum(size, 1e-6))
    shift[found.seen < 1 - _BLIND_SHARE] = 0
    moved = found.points_mm + shift[:, :1] * found.frames.u + shift[:, 1:] * found.frames.v
    line = spread_evenly(smooth_along(moved, _SMOOTH_MM))
    seen = np.where(found.seen < 1 - _BLIND_SHARE, expected, np.median(found.radii_mm, axis=1))
    width = smooth_along(median_filter(seen, size=9, mode="nearest"), 4.0)
    return line, np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(width)), width)


def _fitted(sector: Volume, line: Points, expected: Numbers, levels: Levels, band: Band) -> Contours:
    frames = frames_along(line)
    high = np.minimum(band.high * expected, band.cap_mm)
    steps = np.arange(0.0, high.max() + 2.0, _STEP_MM)
    hu = _sampled(sector, line, frames, steps)
    lost = np.isnan(hu)
    hu = np.where(lost, _last_seen(hu), hu)
    blood = _local_blood(hu, steps, expected, levels)
    held = np.clip(hu, levels.background_hu - _BELOW_BACKGROUND_HU, _ceiling(blood, levels)[:, None, None])
    held = held.astype(np.float32)
    edge = (_edges(held) / np.maximum(blood - levels.background_hu, 20.0)[:, None, None]).astype(np.float32)
    cost = _cost(held, edge, steps, expected, blood, levels)
    out = (steps < band.low * expected[:, None]) | (steps > high[:, None]) | (steps < _LEAST_RADIUS_MM)
    cost += np.where(out, _OUTSIDE_BAND, 0.0)[:, None, :].astype(np.float32)
    chosen = _matched(cost, steps)
    half = ((blood + levels.background_hu) / 2)[:, None]
    radii = _at_half_way(held, chosen, half) * _STEP_MM
    picked = np.take_along_axis(edge, chosen[..., None], axis=2)[..., 0]
    blind = np.take_along_axis(lost, chosen[..., None], axis=2)[..., 0]
    support = np.where(blind, np.nan, picked > 0.4)
    return Contours(line, frames, radii, _mean_seen(support), 1.0 - blind.mean(axis=1), blood)


def _mean_seen(support: Numbers) -> Numbers:
    known = ~np.isnan(support)
    return np.asarray(np.where(known, support, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def _directions(frames: Frames) -> Points:
    angles = ray_angles(RAYS)[None, :, None]
    return np.asarray(np.cos(angles) * frames.u[:, None] + np.sin(angles) * frames.v[:, None])


def _sampled(sector: Volume, line: Points, frames: Frames, steps: Numbers) -> npt.NDArray[np.float32]:
    directions = _directions(frames)
    points = line[:, None, None] + steps[None, None, :, None] * directions[:, :, None]
    return sample_hu(sector, points)


def _last_seen(hu: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Carry each ray's last HU outwards over the part beyond the sector: a face is no edge."""
    place = np.where(np.isnan(hu), 0, np.arange(hu.shape[2]))
    last = np.maximum.accumulate(place, axis=2)
    return np.asarray(np.nan_to_num(np.take_along_axis(hu, last, axis=2), nan=0.0))


def _local_blood(hu: npt.NDArray[np.float32], steps: Numbers, expected: Numbers, levels: Levels) -> Numbers:
    """Read blood along the vessel: contrast runs on while the scan is taken."""
    core = steps[None] <= np.maximum(_CORE_SHARE * expected[:, None], 1.0)
    inside = np.where(core[:, None], hu, np.nan).reshape(len(hu), -1)
    middle = median_filter(np.nanmedian(inside, axis=1), size=15, mode="nearest")
    low, high = levels.blood_hu - 0.4 * levels.drop_hu, levels.blood_hu + 0.4 * levels.drop_hu
    return np.asarray(smooth_along(np.clip(middle, low, high).astype(np.float64), 5.0))


def _ceiling(blood: Numbers, levels: Levels) -> Numbers:
    return np.asarray(blood + min(_ABOVE_BLOOD_HU, levels.drop_hu))


def _edges(held: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the fall of HU across each step, from 0.8 mm inside to 0.8 mm outside."""
    reach = round(_EDGE_HALF_WIDTH_MM / _STEP_MM)
    padded = np.pad(held, ((0, 0), (0, 0), (reach, reach)), mode="edge")
    return padded[..., : -2 * reach] - padded[..., 2 * reach :]


def _cost(
    held: npt.NDArray[np.float32],
    edge: npt.NDArray[np.float32],
    steps: Numbers,
    expected: Numbers,
    blood: Numbers,
    levels: Levels,
) -> npt.NDArray[np.float32]:
    half = ((blood + levels.background_hu) / 2)[:, None, None]
    strange = (held < half) | (held >= _ceiling(blood, levels)[:, None, None])
    passed = np.minimum(np.cumsum(strange, axis=2) * _STEP_MM, _DARK_AT_MOST_MM)
    off = np.abs(steps[None] / expected[:, None] - 1)
    cost = 1.0 - np.clip(edge, 0, 1) + _DARK_COST_PER_MM * passed
    return np.asarray(cost + (_EXPECTED_COST * off)[:, None, :], dtype=np.float32)


def _matched(cost: npt.NDArray[np.float32], steps: Numbers) -> npt.NDArray[np.int64]:
    """Choose one step a ray; a second choice closes the mouths of branches."""
    total = np.zeros_like(cost)
    _aggregate(np.ascontiguousarray(cost), np.float32(_SMALL_JUMP), np.float32(_LARGE_JUMP), total)
    total /= 8
    first = steps[total.argmin(axis=2)]
    usual = median_filter(first, size=(_MEDIAN_PLANES, 1), mode="nearest")
    usual = uniform_filter1d(usual, 5, axis=1, mode="wrap")
    beyond = np.maximum(steps - usual[..., None] - _MOUTH_MM, 0)
    return np.asarray((total + _MOUTH_COST_PER_MM * beyond).argmin(axis=2))


def _at_half_way(held: npt.NDArray[np.float32], chosen: npt.NDArray[np.int64], half: Numbers) -> Numbers:
    """Return the crossing of the half-way HU nearest to each chosen step, in steps."""
    reach = round(_HALF_WAY_REACH_MM / _STEP_MM)
    count = held.shape[2]
    best = chosen.astype(np.float64)
    least = np.full(chosen.shape, np.inf)
    for shift in range(-reach, reach):
        inner = np.clip(chosen + shift, 0, count - 2)
        a = np.take_along_axis(held, inner[..., None], axis=2)[..., 0]
        b = np.take_along_axis(held, inner[..., None] + 1, axis=2)[..., 0]
        falls = (a >= half) & (b < half)
        place = inner + (a - half) / np.maximum(a - b, 1e-3)
        away = np.where(falls, np.abs(place - chosen), np.inf)
        nearer = away < least
        best = np.where(nearer, place, best)
        least = np.minimum(away, least)
    return best


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]
def _carry(here: Any, before: Any, small: Any, large: Any, out: Any) -> Any:
    steps = here.shape[0]
    least = before[0]
    for s in range(1, steps):
        least = min(least, before[s])
    for s in range(steps):
        best = min(before[s], least + large)
        if s > 0:
            best = min(best, before[s - 1] + small)
        if s + 1 < steps:
            best = min(best, before[s + 1] + small)
        out[s] = here[s] + best - least


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _aggregate(cost: Any, small: Any, large: Any, total: Any) -> Any:
    """Add the costs of the best ways to each cell from 8 directions over (plane, angle)."""
    for turn in (-1, 0, 1):
        _sweep_planes(cost, (1, turn), (small, large), total)
        _sweep_planes(cost, (-1, turn), (small, large), total)
    _sweep_angles(cost, -1, (small, large), total)
    _sweep_angles(cost, 1, (small, large), total)


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sweep_planes(cost: Any, way: Any, jumps: Any, total: Any) -> Any:
    planes, rays, steps = cost.shape
    down, turn = way
    before = np.empty((rays, steps), dtype=np.float32)
    after = np.empty((rays, steps), dtype=np.float32)
    for n in range(planes):
        p = n if down == 1 else planes - 1 - n
        for a in range(rays):
            if n == 0:
                after[a] = cost[p, a]
            else:
                _carry(cost[p, a], before[(a - turn) % rays], jumps[0], jumps[1], after[a])
            total[p, a] += after[a]
        before, after = after, before


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sweep_angles(cost: Any, turn: Any, jumps: Any, total: Any) -> Any:
    """Go round each plane twice: the second round has forgotten where the first began."""
    planes, rays, steps = cost.shape
    line = np.empty((2, steps), dtype=np.float32)
    for p in range(planes):
        line[0] = cost[p, 0]
        for m in range(1, 2 * rays):
            a = (turn * m) % rays
            _carry(cost[p, a], line[(m + 1) % 2], jumps[0], jumps[1], line[m % 2])
            if m >= rays:
                total[p, a] += line[m % 2]
