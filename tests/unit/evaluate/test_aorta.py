from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from heartbox.aorta.model import LABELS
from heartbox.evaluate.aorta import evaluate_aorta
from heartbox.volume import Volume
from makers.aortas import stick_graph


def test_a_graph_fits_its_own_mask() -> None:
    graph = stick_graph()
    sector = Volume(np.zeros(graph.grid.shape, dtype=np.int16), graph.grid)
    mask = graph.labels == LABELS["aorta"]
    metrics = evaluate_aorta(sector, graph, mask)
    assert metrics["dice"] == 1.0
    assert metrics["inside_ascending"] == metrics["inside_descending"] == 1.0
    assert metrics["outside_max_mm"] == 0.0


def test_a_mask_elsewhere_gives_the_distance() -> None:
    graph = stick_graph()
    sector = Volume(np.zeros(graph.grid.shape, dtype=np.int16), graph.grid)
    mask = np.zeros(graph.grid.shape, dtype=np.bool_)
    mask[:, :, 0] = True
    metrics = evaluate_aorta(sector, graph, mask)
    assert metrics["inside"] == 0.0
    assert metrics["outside_mean_mm"] > 10
    with pytest.raises(ValueError, match="differ"):
        evaluate_aorta(sector, graph, mask[1:])


def test_a_refused_graph_fits_nothing() -> None:
    graph = replace(stick_graph(), branches=(), labels=np.zeros(stick_graph().grid.shape, dtype=np.uint8))
    sector = Volume(np.zeros(graph.grid.shape, dtype=np.int16), graph.grid)
    assert evaluate_aorta(sector, graph, np.ones(graph.grid.shape, dtype=np.bool_)) == {"dice": 0.0}
