"""The inline drawing of the width along the aorta."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from heartbox.aorta.model import AorticGraph
from heartbox.aorta.plot import COLOURS, profile_svg
from makers.aortas import refused_graph, stick_graph


@pytest.fixture(scope="module")
def graph() -> AorticGraph:
    return stick_graph(6.0)


def _texts(svg: str) -> list[str]:
    return [text.text or "" for text in ElementTree.fromstring(svg).iter("text")]


def test_drawing_is_well_formed_and_names_branches_and_landmarks(graph: AorticGraph) -> None:
    texts = _texts(profile_svg(graph))
    for word in ("ascending", "arch", "descending", "annulus", "mid-ascending"):
        assert word in texts


def test_wider_is_higher(graph: AorticGraph) -> None:
    lines = ElementTree.fromstring(profile_svg(graph)).findall("polyline")
    height = {
        line.get("stroke"): float((line.get("points") or "").split()[-1].split(",")[1]) for line in lines
    }
    assert height[COLOURS["ascending"]] < height[COLOURS["arch"]] < height[COLOURS["descending"]]


def test_whole_drawing_lies_on_the_paper(graph: AorticGraph) -> None:
    svg = ElementTree.fromstring(profile_svg(graph))
    _, _, width, height = (float(number) for number in (svg.get("viewBox") or "").split())
    for line in svg.iter("polyline"):
        points = np.array([point.split(",") for point in (line.get("points") or "").split()], dtype=float)
        assert (points >= 0).all()
        assert (points <= [width, height]).all()


def test_names_are_escaped(graph: AorticGraph) -> None:
    landmark = replace(graph.landmarks[0], name='<script>"x"&')
    svg = profile_svg(replace(graph, landmarks=(landmark,)))
    assert "<script>" not in svg
    assert '<script>"x"&' in _texts(svg)


def test_landmarks_at_one_place_keep_their_names_apart(graph: AorticGraph) -> None:
    same = tuple(replace(graph.landmarks[0], name=f"mark {number}") for number in range(4))
    svg = ElementTree.fromstring(profile_svg(replace(graph, landmarks=same)))
    places = [
        float((text.get("transform") or "").split("(")[1].split()[0])
        for text in svg.iter("text")
        if (text.text or "").startswith("mark")
    ]
    assert len(places) == 4
    assert min(np.diff(sorted(places))) >= 14


def test_nothing_to_plot_gives_nothing() -> None:
    assert profile_svg(refused_graph()) == ""
