"""The width along the aorta, from the heart on."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from heartbox.aorta.profile import aorta_profiles, place_on
from makers.aortas import ARCH_RADIUS_MM, refused_graph, stick_graph


@pytest.mark.parametrize("seed", range(4))
def test_profile_runs_from_the_heart_on_whatever_the_order_of_branches(seed: int) -> None:
    graph = stick_graph(6.0)
    branches = list(graph.branches)
    random.Random(seed).shuffle(branches)
    (run,) = aorta_profiles(replace(graph, branches=tuple(branches)))
    assert list(dict.fromkeys(run.names)) == ["ascending", "arch", "descending"]
    assert run.arc_length_mm[-1] == pytest.approx(40 + np.pi * ARCH_RADIUS_MM + 65, abs=0.1)
    assert run.diameter_mm[0] == pytest.approx(28.5)
    assert run.inscribed_diameter_mm[-1] == pytest.approx(22.0)
    assert (np.diff(run.arc_length_mm) >= 0).all()


def test_missing_arch_gives_two_runs() -> None:
    graph = stick_graph(6.0)
    rise, _, fall, _ = graph.branches
    first, second = aorta_profiles(replace(graph, branches=(fall, rise)))
    assert set(first.names) == {"ascending"}
    assert set(second.names) == {"descending"}


def test_arch_in_pieces_is_one_run() -> None:
    graph = stick_graph(6.0)
    rise, arch, fall, twig = graph.branches
    pieces = tuple(
        replace(
            arch,
            id=f"p{number}",
            start=start,
            end=end,
            points_mm=arch.points_mm[cut],
            inscribed_radius_mm=arch.inscribed_radius_mm[cut],
            diameter_mm=arch.diameter_mm[cut],
        )
        for number, (start, end, cut) in enumerate((("n1", "x", slice(0, 50)), ("x", "n2", slice(49, None))))
    )
    (run,) = aorta_profiles(replace(graph, branches=(pieces[1], fall, twig, pieces[0], rise)))
    assert run.arc_length_mm[-1] == pytest.approx(40 + np.pi * ARCH_RADIUS_MM + 65, abs=0.1)


def test_pieces_without_an_ascending_part_start_at_the_first_of_them() -> None:
    graph = stick_graph(6.0)
    fall = graph.branches[2]
    upper = replace(fall, id="u", start="a", end="b", points_mm=fall.points_mm[:31])
    upper = replace(
        upper, inscribed_radius_mm=fall.inscribed_radius_mm[:31], diameter_mm=fall.diameter_mm[:31]
    )
    lower = replace(fall, id="l", start="b", end="c", points_mm=fall.points_mm[30:])
    lower = replace(
        lower, inscribed_radius_mm=fall.inscribed_radius_mm[30:], diameter_mm=fall.diameter_mm[30:]
    )
    (run,) = aorta_profiles(replace(graph, branches=(lower, upper)))
    assert run.arc_length_mm[-1] == pytest.approx(65.0)


def test_branches_in_a_ring_end() -> None:
    graph = stick_graph(6.0)
    rise, arch, _, _ = graph.branches
    ring = (rise, replace(arch, end=rise.start))
    assert sum(len(run.names) for run in aorta_profiles(replace(graph, branches=ring))) == len(
        rise.points_mm
    ) + len(arch.points_mm)


def test_graph_without_an_aorta_has_no_profile() -> None:
    assert aorta_profiles(refused_graph()) == []


def test_landmark_is_placed_by_its_nearest_point_and_only_on_its_run() -> None:
    graph = stick_graph(6.0)
    (run,) = aorta_profiles(graph)
    assert place_on(run, graph.landmarks[1]) == pytest.approx(20.0)
    far = replace(graph.landmarks[1], point_mm=np.array([100.0, 0.0, 0.0]))
    assert place_on(run, far) is None
