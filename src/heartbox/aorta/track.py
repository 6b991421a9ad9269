"""Bright circles on axial slices, and the tracks they form along the body's axis.

A vessel that runs along z is a disc on every slice: Hough votes find discs, rays judge them, a
dynamic programme strings them together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter, map_coordinates, maximum_filter

from heartbox.aorta.grids import Block
from heartbox.geometry import Points

Numbers = npt.NDArray[np.float64]

_RAYS = 36
_HELD_HU = (-250.0, 1000.0)
_DISC_SHARES = (0.0, 0.25, 0.5, 0.7)
_RIM_SHARE = 0.88
_LEAST_SUPPORT = 0.3
_MOST_MISSED = 3
#: Discs of one vessel on neighbouring slices overlap: their centres lie closer than this share of both radii.
_OVERLAP_SHARE = 0.7


@dataclass(frozen=True)
class CircleSearch:
    """What to look for.

    Parameters
    ----------
    radii_mm : least and largest radius, mm
    slice_step_mm : distance of the slices looked at, mm
    clip_hu : HU are clipped to this range before gradients are taken
    step_hu : fall from inside to outside that makes an edge, HU
    edge_reach_mm : the fall is looked for within this distance of the circle, mm
    peaks : most circles a slice
    evenness : how much uneven HU inside a circle speak against it (small vessels are all edge)
    """

    radii_mm: tuple[float, float] = (8.0, 34.0)
    slice_step_mm: float = 3.0
    clip_hu: tuple[float, float] = (-60.0, 500.0)
    step_hu: float = 90.0
    edge_reach_mm: float = 1.6
    peaks: int = 24
    evenness: float = 1.0


@dataclass(frozen=True)
class Circles:
    """Circles found, one a row.

    Parameters
    ----------
    slices : (n,) int, number of the slice looked at, from below
    centres_mm : (n, 3) float64, LPS mm
    radii_mm : (n,) float64, mm
    support : (n,) float64, share of rays with an edge at the circle, 0..1
    core_hu, rim_hu, sd_hu : (n,) float64, median within, median near the rim, spread within, HU
    """

    slices: npt.NDArray[np.int64]
    centres_mm: Points
    radii_mm: Numbers
    support: Numbers
    core_hu: Numbers
    rim_hu: Numbers
    sd_hu: Numbers

    def __len__(self) -> int:
        """Return the number of circles."""
        return len(self.slices)

    def taken(self, rows: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> Circles:
        """Return the chosen rows: (m,) numbers, or (n,) bool."""
        return Circles(
            self.slices[rows],
            self.centres_mm[rows],
            self.radii_mm[rows],
            self.support[rows],
            self.core_hu[rows],
            self.rim_hu[rows],
            self.sd_hu[rows],
        )


@dataclass(frozen=True)
class Track:
    """Circles of one vessel, rising along z, at most one a slice, and the score of their string."""

    circles: Circles
    score: float

    @property
    def length_mm(self) -> float:
        """Extent along z, mm."""
        z = self.circles.centres_mm[:, 2]
        return float(z[-1] - z[0])

    @property
    def core_hu(self) -> float:
        """Median HU inside, over the track."""
        return float(np.median(self.circles.core_hu))

    @property
    def rim_rise_hu(self) -> float:
        """How much brighter the rim is than the core, HU: above zero in bone, below in a vessel."""
        return float(np.median(self.circles.rim_hu - self.circles.core_hu))

    @property
    def radius_mm(self) -> float:
        """Median radius, mm."""
        return float(np.median(self.circles.radii_mm))


def find_circles(block: Block, search: CircleSearch) -> Circles:
    """Find bright discs on axial slices.

    Parameters
    ----------
    block : Block
    search : CircleSearch

    Returns
    -------
    Circles, by slice

    Notes
    -----
    Gradient Hough transform (Duda, Hart, "Use of the Hough transformation to detect lines and curves
    in pictures", CACM 15(1), 1972, with the gradient's direction), then a circle fitted to the edges
    seen along 36 rays. Cost O(slices x edge pixels x radii).
    """
    every = max(round(search.slice_step_mm / block.spacing_mm), 1)
    found = []
    for number, k in enumerate(range(every // 2, block.hu.shape[0], every)):
        seeds = _hough_peaks(block.hu[k], block.spacing_mm, search)
        if len(seeds):
            found.append(_judged(block, k, number, seeds, search))
    if not found:
        return _no_circles()
    return _joined(found)


def find_tracks(circles: Circles, search: CircleSearch, count: int = 8) -> list[Track]:
    """Join circles into tracks, best first; each circle belongs to one track at most.

    Parameters
    ----------
    circles : Circles
    search : the search that gave them
    count : most tracks
    """
    tracks: list[Track] = []
    left = circles
    for _ in range(count):
        if len(left) == 0:
            break
        track = _best_string(left, search)
        if len(track.circles) < 2:
            break
        tracks.append(track)
        left = left.taken(~_struck(left, track.circles))
    return tracks


def _no_circles() -> Circles:
    none = np.empty(0)
    return Circles(np.empty(0, dtype=np.int64), np.empty((0, 3)), none, none, none, none, none)


def _joined(parts: Sequence[Circles]) -> Circles:
    return Circles(
        np.concatenate([part.slices for part in parts]),
        np.concatenate([part.centres_mm for part in parts]),
        np.concatenate([part.radii_mm for part in parts]),
        np.concatenate([part.support for part in parts]),
        np.concatenate([part.core_hu for part in parts]),
        np.concatenate([part.rim_hu for part in parts]),
        np.concatenate([part.sd_hu for part in parts]),
    )


def _hough_peaks(plane: npt.NDArray[np.float32], spacing_mm: float, search: CircleSearch) -> Numbers:
    """Return candidate circles of one slice: rows of (y, x, radius) in pixels."""
    radii = np.arange(search.radii_mm[0], search.radii_mm[1] + 0.1, max(spacing_mm, 0.8)) / spacing_mm
    smooth = gaussian_filter(np.clip(plane, *search.clip_hu), 0.8)
    dy, dx = np.gradient(smooth)
    size = np.hypot(dy, dx)
    edges = size > search.step_hu / 6
    rows, columns = np.nonzero(edges)
    if len(rows) < _RAYS // 2:
        return np.empty((0, 3))
    weight = np.minimum(size[edges] / (search.step_hu / 3), 1.0)
    toward_y, toward_x = dy[edges] / size[edges], dx[edges] / size[edges]
    ny, nx = plane.shape
    votes = np.empty((len(radii), ny, nx), dtype=np.float32)
    for n, radius in enumerate(radii):
        y = np.rint(rows + toward_y * radius).astype(int)
        x = np.rint(columns + toward_x * radius).astype(int)
        ok = (y >= 0) & (y < ny) & (x >= 0) & (x < nx)
        flat = np.bincount(y[ok] * nx + x[ok], weights=weight[ok], minlength=ny * nx)
        blurred = gaussian_filter(flat.reshape(ny, nx).astype(np.float32), 1.0)
        votes[n] = blurred * 2 * np.pi / (2 * np.pi * radius)
    top = (votes == maximum_filter(votes, size=(3, 5, 5))) & (votes > 0.15)
    peaks = np.argwhere(top)
    order = np.argsort(-votes[top], kind="stable")[: search.peaks]
    chosen = peaks[order]
    return np.stack([chosen[:, 1], chosen[:, 2], radii[chosen[:, 0]]], axis=1).astype(np.float64)


def _judged(block: Block, k: int, number: int, seeds: Numbers, search: CircleSearch) -> Circles:
    """Fit each candidate to the edges along its rays and read its HU."""
    plane = np.clip(block.hu[k], *_HELD_HU)
    clipped = np.clip(block.hu[k], *search.clip_hu)
    spacing = block.spacing_mm
    y, x, radius = seeds.T
    for reach in (3.0, 2.0):
        y, x, radius = _refitted(clipped, y, x, radius, reach / spacing)
    radius = np.clip(radius, search.radii_mm[0] * 0.8 / spacing, search.radii_mm[1] * 1.15 / spacing)
    reach = search.edge_reach_mm / spacing
    drops = _along_rays(clipped, y, x, radius - reach) - _along_rays(clipped, y, x, radius + reach)
    disc = np.concatenate(
        [_along_rays(plane, y, x, radius * share)[:, ::3] for share in _DISC_SHARES], axis=1
    )
    rim = _along_rays(plane, y, x, radius * _RIM_SHARE)
    heights = np.full(len(y), float(k))
    return Circles(
        np.full(len(y), number, dtype=np.int64),
        block.point_mm(np.stack([heights, y, x], axis=1)),
        radius * spacing,
        np.asarray((drops >= search.step_hu).mean(axis=1)),
        np.median(disc, axis=1).astype(np.float64),
        np.median(rim, axis=1).astype(np.float64),
        disc.std(axis=1).astype(np.float64),
    )


def _along_rays(plane: npt.NDArray[np.float32], y: Numbers, x: Numbers, radius: Numbers) -> Numbers:
    """Sample (n, rays) values on circles of a slice; pixels."""
    angles = np.arange(_RAYS) * 2 * np.pi / _RAYS
    rows = y[:, None] + radius[:, None] * np.sin(angles)
    columns = x[:, None] + radius[:, None] * np.cos(angles)
    return np.asarray(map_coordinates(plane, [rows, columns], order=1, mode="nearest"), dtype=np.float64)


def _refitted(
    plane: npt.NDArray[np.float32], y: Numbers, x: Numbers, radius: Numbers, reach: float
) -> tuple[Numbers, Numbers, Numbers]:
    """Move each circle to the steepest falls along its rays (least squares for small shifts)."""
    shifts = np.linspace(-reach, reach, 9)
    levels = np.stack([_along_rays(plane, y, x, np.maximum(radius + s, 0.3)) for s in shifts], axis=-1)
    falls = levels[..., :-2] - levels[..., 2:]
    best = falls.argmax(axis=-1)
    strong = np.maximum(falls.max(axis=-1), 1e-3)
    offset = shifts[1:-1][best]
    total = strong.sum(axis=1)
    angles = np.arange(_RAYS) * 2 * np.pi / _RAYS
    grow = (strong * offset).sum(axis=1) / total
    centred = offset - grow[:, None]
    up = 2 * (strong * centred * np.sin(angles)).sum(axis=1) / total
    right = 2 * (strong * centred * np.cos(angles)).sum(axis=1) / total
    return y + up, x + right, np.maximum(radius + grow, 1.0)


def _best_string(circles: Circles, search: CircleSearch) -> Track:
    """Find the string of circles with the largest gain: dynamic programme from below."""
    uneven = 0.006 * np.maximum(circles.sd_hu - 25, 0)
    uneven += 0.004 * np.maximum(np.abs(circles.rim_hu - circles.core_hu) - 25, 0)
    gain = circles.support - 0.5 - search.evenness * uneven
    gain = np.where(circles.support < _LEAST_SUPPORT, -1.0, gain)
    total = gain.copy()
    before = np.full(len(circles), -1)
    for number in np.unique(circles.slices):
        here = np.flatnonzero(circles.slices == number)
        near = np.flatnonzero((circles.slices < number) & (circles.slices >= number - 1 - _MOST_MISSED))
        if len(near) == 0:
            continue
        link = total[near] - _link_cost(circles, here, near, search.slice_step_mm)
        best = link.argmax(axis=1)
        value = link[np.arange(len(here)), best]
        better = value > 0
        total[here[better]] += value[better]
        before[here[better]] = near[best[better]]
    at = int(total.argmax())
    rows = [at]
    while before[rows[-1]] >= 0:
        rows.append(int(before[rows[-1]]))
    return Track(circles.taken(np.array(rows[::-1])), float(total[at]))


def _link_cost(
    circles: Circles, here: npt.NDArray[np.int64], near: npt.NDArray[np.int64], step_mm: float
) -> Numbers:
    gap = circles.slices[here][:, None] - circles.slices[near]
    jump = np.linalg.norm(circles.centres_mm[here, None, :2] - circles.centres_mm[near, :2], axis=-1)
    cost = 0.06 * np.maximum(jump - 0.4 * step_mm * gap, 0)
    cost += 0.07 * np.abs(circles.radii_mm[here][:, None] - circles.radii_mm[near])
    cost += 0.004 * np.abs(circles.core_hu[here][:, None] - circles.core_hu[near])
    apart = jump > _OVERLAP_SHARE * (circles.radii_mm[here][:, None] + circles.radii_mm[near])
    return np.asarray(np.where(apart, np.inf, cost + 0.15 * (gap - 1)))


def _struck(circles: Circles, track: Circles) -> npt.NDArray[np.bool_]:
    """Mark circles whose centre lies on a track's disc of the same slice (missed slices in between too)."""
    numbers = np.arange(track.slices[0], track.slices[-1] + 1)
    centres = np.stack([np.interp(numbers, track.slices, track.centres_mm[:, a]) for a in (0, 1)], axis=1)
    radii = np.interp(numbers, track.slices, track.radii_mm)
    place = circles.slices - numbers[0]
    on = (place >= 0) & (place < len(numbers))
    place = np.clip(place, 0, len(numbers) - 1)
    away = np.linalg.norm(circles.centres_mm[:, :2] - centres[place], axis=1)
    return np.asarray(on & (away < 0.8 * radii[place]))
