"""DICOM files of a study, split into series; each is judged, and every file that is none of them is named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from heartbox.intake.files import Member
from heartbox.intake.headers import Header, is_media_directory, judge_header, read_dicom_head, series_of
from heartbox.intake.planes import same_plane
from heartbox.intake.series import RefusedSeries, Series, order_slices
from heartbox.problems import Problem

#: Refusals that say "this is no slice of a CT series": such a file among images is left aside.
_NO_SLICE = frozenset(("file-empty", "not-an-image", "no-ct-series", "burnt-in-text"))


def read_study(members: Sequence[Member]) -> list[Series | RefusedSeries]:
    """Read the headers of DICOM files and judge every series among them.

    Parameters
    ----------
    members : the files, in any order

    Returns
    -------
    One `Series` or `RefusedSeries` for each CT series, then the files that are no CT slices,
    together by the reason. A damaged slice refuses the series that it belongs to, or all of them
    when it does not say.
    """
    headers: dict[str, list[Header]] = defaultdict(list)
    damaged: dict[str, list[tuple[str, Problem]]] = defaultdict(list)
    aside: dict[str, list[tuple[str, Problem]]] = defaultdict(list)
    for member in members:
        series = ""
        try:
            head = read_dicom_head(member)
            if is_media_directory(head):
                continue
            series = series_of(head)
            headers[series].append(judge_header(member, head))
        except Problem as problem:
            if problem.code in _NO_SLICE:
                aside[problem.code].append((member.name, problem))
            else:
                damaged[series].append((member.name, problem))
    everywhere = damaged.pop("", [])
    study: list[Series | RefusedSeries] = []
    for series in dict.fromkeys([*headers, *damaged]):
        study += _judge(headers[series], damaged[series] + everywhere)
    if everywhere and not any(headers.values()):
        study.append(_refused(everywhere, is_ct=True))
    return study + [_refused(group, is_ct=False) for group in aside.values()]


def _judge(headers: list[Header], damaged: list[tuple[str, Problem]]) -> list[Series | RefusedSeries]:
    """Judge the images of one Series Instance UID; a damaged one refuses them all."""
    if damaged:
        return [_refused(damaged + [(header.name, damaged[0][1]) for header in headers], is_ct=True)]
    judged: list[Series | RefusedSeries] = []
    for stack in _stacks(headers):
        try:
            judged.append(order_slices(stack))
        except Problem as problem:
            judged.append(_refused([(header.name, problem) for header in stack], is_ct=True))
    return judged


def _stacks(headers: list[Header]) -> list[list[Header]]:
    """Split images that cannot be slices of one volume: other size, pixels, orientation or frame."""
    stacks: list[list[Header]] = []
    for header in headers:
        for stack in stacks:
            if _fits(header, stack[0]):
                stack.append(header)
                break
        else:
            stacks.append([header])
    return stacks


def _fits(header: Header, other: Header) -> bool:
    mine = (header.rows, header.columns, header.frame_of_reference)
    yours = (other.rows, other.columns, other.frame_of_reference)
    return mine == yours and same_plane(header.planes[0], other.planes[0])


def _refused(group: list[tuple[str, Problem]], is_ct: bool) -> RefusedSeries:
    return RefusedSeries(group[0][1], tuple(name for name, _ in group), is_ct)
