"""Which tracks are the aorta: one choice over all of them, with place, HU, arch and root as evidence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from heartbox.aorta.contrast import LEAST_BLOOD_HU, Levels, read_levels
from heartbox.aorta.grids import Block
from heartbox.aorta.paths import Blood, Way, blood_in, find_way
from heartbox.aorta.root import way_to_ventricle
from heartbox.aorta.track import Track

_WORK_DESCENDING = 2
_WORK_ASCENDING = 4
_MOST_SCORE = 12.0
_LEAST_TRACK_MM = 21.0
#: Vertebrae measured +36 HU from core to rim, contrasted aortas -30 to -10 HU.
_BONE_RISE_HU = 12.0
_LEAST_ASCENDING_MM = 9.0
_LEAST_CHOICE = -6.0
#: A track must be worth more than this, evidence included, to be called ascending aorta.
_NO_ASCENDING_WORTH = 2.5
_ARCH_EVIDENCE = 8.0
_ROOT_EVIDENCE = 3.0
_ARCH_NARROWEST_MM = 4.5
_BELOW_ENDS_MM = 8.0
_TRIM_WINDOW = 8
_RADIUS_TOLERANCE = 0.28
_JUMP = 0.4
_FORGIVEN = 2
_SHOULDER_SHARE = 0.85
_MIDDLE_SHARE = 0.6


@dataclass(frozen=True)
class Choice:
    """The tracks taken for the aorta, and the ways that join them.

    Parameters
    ----------
    descending, ascending : Track, trimmed; ascending is None when the sector shows none
    levels : Levels inside the descending track
    blood : Blood at those levels
    arch : Way from the ascending track's top to the descending track's top, or None
    root : Way from the ventricle to the ascending track's foot, or None
    margin : by how much this choice beats the next one
    """

    descending: Track
    ascending: Track | None
    levels: Levels
    blood: Blood
    arch: Way | None
    root: Way | None
    margin: float


@dataclass(frozen=True)
class _Option:
    worth: float
    descending: Track
    ascending: Track | None
    arch: Way | None
    root: Way | None


def choose_tracks(block: Block, tracks: list[Track]) -> Choice | None:
    """Choose descending and ascending aorta together.

    Parameters
    ----------
    block : Block the tracks were found on
    tracks : tracks, best first

    Returns
    -------
    Choice, or None when no track is a contrasted descending aorta
    """
    trimmed = [part for track in tracks for part in trim(track)]
    bright = [track for track in trimmed if is_contrasted(track)]
    if not bright:
        return None
    ranked = sorted(bright, key=_descending_worth, reverse=True)[:_WORK_DESCENDING]
    choices = [_with_ascending(block, track, trimmed) for track in ranked]
    worths = [_descending_worth(c.descending) + w for c, w in choices]
    order = np.argsort(-np.array(worths), kind="stable")
    best = choices[int(order[0])][0]
    if len(order) > 1:
        margin = min(best.margin, worths[int(order[0])] - worths[int(order[1])])
        best = Choice(best.descending, best.ascending, best.levels, best.blood, best.arch, best.root, margin)
    return best


def is_contrasted(track: Track) -> bool:
    """Tell whether a track is a long vessel with contrast; a vertebra's rim is brighter than its core."""
    bright = track.core_hu >= LEAST_BLOOD_HU and track.rim_rise_hu < _BONE_RISE_HU
    return bright and track.length_mm >= _LEAST_TRACK_MM


def trim(track: Track) -> list[Track]:
    """Cut strangers off a track's ends: another vessel's circles differ in radius or HU.

    Grows outwards from the best run of circles; what lies beyond the cut is handed back as tracks of
    its own when it is long enough.
    """
    circles = track.circles
    if len(circles) < 4:
        return [track]
    low, high = _trusted_run(track)
    parts = [(low, high), (0, low), (high, len(circles))]
    pieces = []
    for first, last in parts:
        if last - first >= 3:
            rows = np.arange(first, last)
            score = track.score * (last - first) / len(circles)
            pieces.append(Track(circles.taken(rows), score))
    return pieces or [track]


def _trusted_run(track: Track) -> tuple[int, int]:
    circles = track.circles
    radii, hu = circles.radii_mm, circles.core_hu
    window = min(_TRIM_WINDOW, len(circles))
    sums = np.convolve(circles.support - 0.01 * circles.sd_hu.clip(0, 80), np.ones(window), "valid")
    start = int(sums.argmax())
    middle = np.arange(start, start + window)
    level = float(np.median(hu[middle]))
    tolerance_hu = 0.4 * max(level - 40.0, 60.0)

    def fits(n: int, behind: npt.NDArray[np.int64]) -> bool:
        near = float(np.median(radii[behind]))
        same = min(abs(radii[n] / near - 1), abs(radii[n] / track.radius_mm - 1)) <= _RADIUS_TOLERANCE
        return bool(same and abs(hu[n] - level) <= tolerance_hu and abs(radii[n] / near - 1) <= _JUMP)

    high = _grown(middle, +1, len(circles), fits)
    low = _grown(middle, -1, len(circles), fits)
    return low, high + 1


def _grown(middle: npt.NDArray[np.int64], step: int, count: int, fits: object) -> int:
    last_good = int(middle[-1] if step > 0 else middle[0])
    n, bad = last_good + step, 0
    while 0 <= n < count and bad <= _FORGIVEN:
        if step > 0:
            behind = np.arange(max(last_good - _TRIM_WINDOW + 1, 0), last_good + 1)
        else:
            behind = np.arange(last_good, min(last_good + _TRIM_WINDOW, count))
        if callable(fits) and fits(n, behind):
            last_good, bad = n, 0
        else:
            bad += 1
        n += step
    return last_good


def below_shoulder(track: Track, blood: Blood) -> Track:
    """Leave out the uppermost circles whose centre is not the vessel's middle.

    Where a straight vessel bends into the arch, its circles lean on the outer wall; where a branch
    leaves, they narrow.
    """
    circles = track.circles
    indices = np.rint(blood.block.kji(circles.centres_mm)).astype(int)
    k, j, i = np.clip(indices, 0, np.array(blood.mask.shape) - 1).T
    middle = blood.width_mm[k, j, i] >= _MIDDLE_SHARE * circles.radii_mm
    wide = circles.radii_mm >= _SHOULDER_SHARE * track.radius_mm
    good = np.flatnonzero(middle & wide)
    if len(good) == 0 or good[-1] < 1:
        return track
    return Track(circles.taken(np.arange(good[-1] + 1)), track.score)


def _descending_worth(track: Track) -> float:
    posterior = float(np.median(track.circles.centres_mm[:, 1]))
    return min(track.score, _MOST_SCORE) + 0.2 * posterior


def _with_ascending(block: Block, descending: Track, tracks: list[Track]) -> tuple[Choice, float]:
    levels = read_levels(block, descending.circles.centres_mm, descending.circles.radii_mm)
    blood = blood_in(block, levels)
    strict = blood_in(block, levels, strict=True)
    front = [
        (worth, track)
        for track in tracks
        if track is not descending and (worth := _ascending_worth(track, descending, levels)) > _LEAST_CHOICE
    ]
    front.sort(key=lambda pair: -pair[0])
    options = [_Option(_NO_ASCENDING_WORTH, descending, None, None, None)]
    for worth, track in front[:_WORK_ASCENDING]:
        rising, falling = below_shoulder(track, blood), below_shoulder(descending, blood)
        arch = find_arch(blood, rising, falling)
        root = _root_below(track, strict, blood)
        evidence = _ARCH_EVIDENCE * (arch is not None) + _ROOT_EVIDENCE * (root is not None)
        pair = (falling, rising) if arch is not None else (descending, track)
        options.append(_Option(worth + evidence, *pair, arch, root))
    options.sort(key=lambda option: -option.worth)
    best = options[0]
    margin = best.worth - options[1].worth if len(options) > 1 else _MOST_SCORE
    choice = Choice(best.descending, best.ascending, levels, blood, best.arch, best.root, margin)
    return choice, best.worth


def _root_below(track: Track, strict: Blood, blood: Blood) -> Way | None:
    """Look for the root from the track's foot, then from higher up: a foot may stand in the ventricle."""
    centres = track.circles.centres_mm
    for seed in (centres[0], centres[len(centres) // 3], centres[len(centres) // 2]):
        root = way_to_ventricle(strict, seed) or way_to_ventricle(blood, seed)
        if root is not None:
            return root
    return None


def _ascending_worth(track: Track, descending: Track, levels: Levels) -> float:
    """Judge a track as ascending aorta by place and HU: the superior vena cava and the trunk lose."""
    if track.length_mm < _LEAST_ASCENDING_MM:
        return -np.inf
    x, y, _ = np.median(track.circles.centres_mm, axis=0)
    spine_x, spine_y, _ = np.median(descending.circles.centres_mm, axis=0)
    if y > spine_y - 15:
        return -np.inf
    worth = min(track.score, _MOST_SCORE)
    worth -= 12 * max(abs(track.core_hu - levels.blood_hu) / levels.drop_hu - 0.05, 0)
    worth -= 0.15 * max(x - (spine_x - 20), 0)
    worth -= 0.08 * max((spine_y - y) - 65, 0)
    if track.radius_mm < 9 and spine_x - x > 38:
        worth -= 8
    worth -= 2.0 * max(0.9 * descending.radius_mm - track.radius_mm, 0)
    return float(worth)


def find_arch(blood: Blood, ascending: Track, descending: Track) -> Way | None:
    """Find the arch between the upper ends of both tracks, or None when the sector does not hold it."""
    start, end = ascending.circles.centres_mm[-1], descending.circles.centres_mm[-1]
    block = blood.block
    allowed = np.zeros(blood.mask.shape, dtype=np.bool_)
    lowest = min(start[2], end[2]) - _BELOW_ENDS_MM
    allowed[max(int(block.kji([0.0, 0.0, lowest])[0]), 0) :] = True
    way = find_way(blood, start, end, allowed)
    if way is None or way.width_mm.min() <= _ARCH_NARROWEST_MM:
        return None
    top = int(way.points_mm[:, 2].argmax())
    ceiling = block.grid.bounds_mm.z1
    if way.points_mm[top, 2] + 0.75 * way.width_mm[top] > ceiling:
        return None
    return way
