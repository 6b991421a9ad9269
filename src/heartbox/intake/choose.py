"""The best CT of a study, with the reason; or the most telling refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from heartbox.intake.series import RefusedSeries, Series, names_of
from heartbox.problems import Notice, Problem

Study: TypeAlias = Sequence[Series | RefusedSeries]

#: A chest with its heart fits into this much length; more is not better.
_ENOUGH_MM = 250.0
#: One series covers more than another from this ratio of (counted) lengths on.
_LONGER = 1.25
#: One series is thinner than another from this ratio of slice steps on.
_THINNER = 0.8


def choose_series(study: Study) -> Series:
    """Choose the series to look for the heart in.

    Parameters
    ----------
    study : what `door.open_study` found

    Returns
    -------
    Series, with a notice for the choice and for the files that are no part of it

    Raises
    ------
    Problem
        ``several-series`` when two fit equally well; the problem of the largest refused CT series
        when none is usable, else that of the first other file.
    """
    usable = [one for one in study if isinstance(one, Series)]
    refused = [one for one in study if isinstance(one, RefusedSeries)]
    if not usable:
        raise _most_telling(refused)
    best, reason = usable[0], ""
    for other in usable[1:]:
        best, reason = _better(best, other)
    if len(usable) > 1:
        _require_best(best, usable)
    notices = list(best.notices)
    if len(usable) > 1:
        notices.append(Notice.of("series-chosen", count=len(usable), chosen=best.label, reason=reason))
    notices += [
        Notice.of("series-refused", names=names_of(one.names), reason=one.problem.sentence)
        for one in refused
        if one.is_ct
    ]
    aside = [name for one in refused if not one.is_ct for name in one.names]
    if aside:
        notices.append(Notice.of("files-left-aside", count=len(aside), names=names_of(aside)))
    return replace(best, notices=tuple(notices))


def _most_telling(refused: list[RefusedSeries]) -> Problem:
    if not refused:
        return Problem("no-ct-series", reason="there are no images")
    return max(
        refused, key=lambda one: (one.is_ct, one.problem.code != "not-an-image", len(one.names))
    ).problem


def _require_best(best: Series, usable: list[Series]) -> None:
    for other in usable:
        if other is not best and not _reason(best, other):
            equal = [one for one in usable if one is best or not _reason(best, one)]
            names = "; ".join(f"{one.label}: {names_of(one.names)}" for one in equal)
            raise Problem("several-series", count=len(equal), names=names)


def _better(one: Series, other: Series) -> tuple[Series, str]:
    if reason := _reason(one, other):
        return one, reason
    return other, _reason(other, one)


def _reason(one: Series, other: Series) -> str:
    """Say why `one` is clearly better than `other`; nothing when it is not."""
    for mine, yours, word in (
        (one.orientation == "axial", other.orientation == "axial", "its slices are axial"),
        (one.original, other.original, "its images are original, not derived"),
        (_covered_mm(one) >= _LONGER * _covered_mm(other), _covered_mm(other) >= _LONGER * _covered_mm(one),
         "it covers more of the chest"),
        (_step_mm(one) <= _THINNER * _step_mm(other), _step_mm(other) <= _THINNER * _step_mm(one),
         "its slices are thinner"),
    ):  # fmt: skip
        if mine != yours:
            return word if mine else ""
    return ""


def _covered_mm(series: Series) -> float:
    return min(_ENOUGH_MM, series.volume.grid.shape[0] * _step_mm(series))


def _step_mm(series: Series) -> float:
    return float(series.volume.grid.spacing_mm[2])
