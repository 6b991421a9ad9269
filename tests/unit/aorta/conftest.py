from __future__ import annotations

import pytest

from heartbox.aorta.graph import build_graph
from heartbox.aorta.model import AorticGraph
from heartbox.aorta.segment import Lumen, segment
from heartbox.volume import Volume
from makers import canes


@pytest.fixture(scope="session")
def cane() -> Volume:
    return canes.cane_sector()


@pytest.fixture(scope="session")
def cane_graph(cane: Volume) -> AorticGraph:
    return build_graph(cane)


@pytest.fixture(scope="session")
def cane_lumen(cane: Volume) -> Lumen:
    return segment(cane, lambda share, word: None)
