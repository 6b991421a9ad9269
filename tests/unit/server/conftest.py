from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from heartbox.server.app import Settings
from unit.server.sectors import Api, running


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with running(Settings(tmp_path / "data", page=None)) as api:
        yield api
