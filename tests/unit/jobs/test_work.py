from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from heartbox.geometry import Grid
from heartbox.jobs.attempt import Report, Unwanted, name_by_digest
from heartbox.jobs.executor import Order
from heartbox.jobs.folders import new_id
from heartbox.jobs.store import Job, Store
from heartbox.jobs.work import graph_sector
from heartbox.nrrd import write_nrrd

GRID = Grid((20, 40, 40), np.diag([2.0, 2.0, 2.0, 1.0]))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "rows.db")
    store.migrate()
    store.add("a" * 64, new_id())
    yield store
    store.close()


@pytest.fixture
def job(store: Store) -> Job:
    job = store.claim()
    assert job is not None
    return job


def _order(job: Job, tmp_path: Path) -> Order:
    (tmp_path / "results").mkdir()
    assert job.attempt
    return Order(tmp_path / "rows.db", job.attempt, tmp_path / "sector.nrrd", tmp_path / "results")


def test_a_sector_without_contrast_is_refused_with_the_reason(job: Job, tmp_path: Path) -> None:
    hu = np.full(GRID.shape, 40, dtype=np.int16)
    write_nrrd(tmp_path / "sector.nrrd", hu, GRID)
    order = _order(job, tmp_path)
    outcome = graph_sector(order)
    assert (outcome.state, outcome.verdict) == ("refused", "refused")
    assert outcome.warnings
    assert [result.name for result in outcome.results] == ["graph.json"]
    assert [path.name for path in order.folder.iterdir()] == [outcome.results[0].sha256]


def test_a_damaged_sector_is_refused_with_its_problem(job: Job, tmp_path: Path) -> None:
    (tmp_path / "sector.nrrd").write_bytes(b"NRRD0004\n")
    outcome = graph_sector(_order(job, tmp_path))
    assert outcome.problem is not None
    assert (outcome.state, outcome.verdict, outcome.problem["code"]) == ("refused", None, "nrrd-unreadable")


def test_progress_is_in_the_row_and_nobody_works_for_nobody(store: Store, job: Job) -> None:
    assert job.attempt
    report = Report(store, job.attempt)
    report(0.25, "circles")
    now = store.get(job.id)
    assert now is not None
    assert (now.progress, now.step) == (0.25, "circles")
    store.cancel(job.id)
    with pytest.raises(Unwanted):
        report(0.5, "contours")


def test_files_are_named_by_what_they_hold(tmp_path: Path) -> None:
    for name in ("graph.json", "graph.png", "odd.xyz"):
        (tmp_path / name).write_text("same", encoding="utf-8")
    results = name_by_digest([tmp_path / name for name in ("graph.json", "graph.png", "odd.xyz")])
    assert {result.sha256 for result in results} == {path.name for path in tmp_path.iterdir()}
    assert [result.media_type for result in results] == [
        "application/json",
        "image/png",
        "application/octet-stream",
    ]
