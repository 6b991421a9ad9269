"""The width along the aorta as an inline drawing (SVG) for a page on white."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from heartbox.aorta.model import AorticGraph
from heartbox.aorta.profile import Profile, aorta_profiles, place_on

#: Dark enough on white, apart for colour-blind eyes too.
COLOURS = {"ascending": "#c4511a", "arch": "#a87400", "descending": "#1f6fae"}

_WIDTH, _HEIGHT = 1000, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 64, 108, 44
_RUN_GAP_MM = 10.0


def profile_svg(graph: AorticGraph) -> str:
    """Draw diameter over arc length, one colour a branch, landmarks as lines.

    Parameters
    ----------
    graph : any; without a piece of the aorta there is nothing to draw

    Returns
    -------
    one ``<svg>`` element with everything escaped, or an empty string
    """
    profiles = aorta_profiles(graph)
    if not profiles:
        return ""
    starts = np.cumsum([0.0] + [run.arc_length_mm[-1] + _RUN_GAP_MM for run in profiles])
    paper = _Paper(starts[-1] - _RUN_GAP_MM, max(float(run.diameter_mm.max()) for run in profiles) * 1.1)
    parts = [*_axes(paper)]
    for run, start in zip(profiles, starts, strict=False):
        parts += _landmarks(graph, run, float(start), paper)
        parts += _run(run, float(start), paper)
    label = "Diameter along the aorta, from the heart on"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">'
        f"{''.join(parts)}{_legend(profiles)}</svg>"
    )


class _Paper:
    """Millimetres to drawing units: along to the right, wide upwards."""

    def __init__(self, longest_mm: float, widest_mm: float) -> None:
        self.longest_mm, self.widest_mm = max(longest_mm, 1.0), max(widest_mm, 1.0)

    def x(self, along_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return where on the paper an arc length lies; any shape, mm."""
        return _LEFT + np.asarray(along_mm) / self.longest_mm * (_WIDTH - _LEFT - _RIGHT)

    def y(self, wide_mm: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return where on the paper a diameter lies; any shape, mm."""
        return _HEIGHT - _BOTTOM - np.asarray(wide_mm) / self.widest_mm * (_HEIGHT - _TOP - _BOTTOM)


def _axes(paper: _Paper) -> Iterable[str]:
    for wide in np.arange(0, paper.widest_mm, 10):
        y = float(paper.y(wide))
        yield f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dfe3e8"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{wide:.0f}</text>'
    for along in np.arange(0, paper.longest_mm + 1e-6, 50):
        x = float(paper.x(along))
        yield f'<text x="{x:.1f}" y="{_HEIGHT - _BOTTOM + 18}" text-anchor="middle">{along:.0f}</text>'
    words = "mm along the aorta, from the heart on"
    yield f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 8}" text-anchor="end">{words}</text>'
    yield f'<text x="{_LEFT}" y="{_HEIGHT - 8}">diameter, mm; dashed: largest inscribed ball</text>'


def _run(run: Profile, start_mm: float, paper: _Paper) -> Iterable[str]:
    x = paper.x(run.arc_length_mm + start_mm)
    yield _line(x, paper.y(run.inscribed_diameter_mm), 'stroke="#8a94a3" stroke-dasharray="4 3"')
    for name, first, stop in _stretches(run.names):
        colour = COLOURS.get(name, "#555")
        drawn = slice(max(first - 1, 0), stop)
        yield _line(x[drawn], paper.y(run.diameter_mm[drawn]), f'stroke="{colour}" stroke-width="2.5"')


def _landmarks(graph: AorticGraph, run: Profile, start_mm: float, paper: _Paper) -> Iterable[str]:
    """Draw a line at each landmark of the run, its name slanting above; near names are pushed apart."""
    places = [(place_on(run, landmark), landmark.name) for landmark in graph.landmarks]
    free = -np.inf
    for place, name in sorted((place, name) for place, name in places if place is not None):
        x = float(paper.x(place + start_mm))
        text_x = max(x, free)
        free = text_x + 15
        yield f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{_HEIGHT - _BOTTOM}" stroke="#b9c0ca"/>'
        yield f'<line x1="{x:.1f}" x2="{text_x:.1f}" y1="{_TOP}" y2="{_TOP - 6}" stroke="#b9c0ca"/>'
        words = html.escape(name.replace("_", " "))
        yield f'<text transform="translate({text_x + 3:.1f} {_TOP - 8}) rotate(-40)">{words}</text>'


def _legend(profiles: Sequence[Profile]) -> str:
    names = dict.fromkeys(name for run in profiles for name in run.names)
    items = []
    for number, name in enumerate(names):
        x, y = _LEFT + 10 + 110 * number, _HEIGHT - _BOTTOM - 12
        colour = COLOURS.get(name, "#555")
        items.append(f'<line x1="{x}" x2="{x + 18}" y1="{y}" y2="{y}" stroke="{colour}" stroke-width="3"/>')
        items.append(f'<text x="{x + 24}" y="{y + 4}">{html.escape(name)}</text>')
    return "".join(items)


def _line(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], style: str) -> str:
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
    return f'<polyline points="{points}" fill="none" {style}/>'


def _stretches(names: Sequence[str]) -> Iterable[tuple[str, int, int]]:
    """Yield runs of one name as (name, first, stop)."""
    first = 0
    for index in range(1, len(names) + 1):
        if index == len(names) or names[index] != names[first]:
            yield names[first], first, index
            first = index
