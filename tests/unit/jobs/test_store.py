from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine

from heartbox.jobs.folders import new_id
from heartbox.jobs.store import FINAL, Outcome, Result, Store
from heartbox.jobs.tables import metadata
from heartbox.problems import Problem

DONE = Outcome("complete", (), None, (Result("graph.json", 3, "a" * 64, "application/json"),))
PROBLEM = {"code": "worker-died"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "rows.db")
    store.migrate()
    yield store
    store.close()


def test_the_migrations_build_the_tables_that_the_code_uses(store: Store, tmp_path: Path) -> None:
    store.migrate()
    engine = create_engine(f"sqlite:///{tmp_path / 'rows.db'}")
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert not differences
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


def test_a_commit_waits_for_the_disk(store: Store) -> None:
    with store._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA secure_delete").scalar() == 1


def test_the_same_sector_is_the_same_job(store: Store) -> None:
    first = store.add("a" * 64, new_id())
    assert store.add("a" * 64, new_id()) == first
    assert store.add("b" * 64, new_id()).id != first.id
    assert [job.sector_sha256[0] for job in store.all()] == ["b", "a"]


def test_jobs_are_taken_in_the_order_they_came_and_once_each(store: Store) -> None:
    ids = [store.add(letter * 64, new_id()).id for letter in "abc"]
    claimed = [store.claim() for _ in range(4)]
    assert [job and job.id for job in claimed] == [*ids, None]
    assert len({job.attempt for job in claimed if job}) == 3


def test_a_late_attempt_writes_nothing(store: Store) -> None:
    store.add("a" * 64, new_id())
    first = store.claim()
    assert first is not None and first.attempt
    assert store.put_back(first.attempt, deaths=1)
    second = store.claim()
    assert second is not None and second.attempt
    assert (second.attempts, second.deaths) == (2, 1)
    assert not store.report(first.attempt, 0.5, "circles")
    assert not store.finish(first.attempt, DONE)
    assert not store.fail(first.attempt, PROBLEM)
    assert store.get(first.id) == second
    assert store.finish(second.attempt, DONE)


def test_a_finished_job_keeps_its_results_until_it_is_deleted(store: Store, tmp_path: Path) -> None:
    job = store.add("a" * 64, new_id())
    claimed = store.claim()
    assert claimed is not None and claimed.attempt
    store.finish(claimed.attempt, DONE)
    assert store.add("a" * 64, new_id()).state == "done"
    found = store.get(job.id)
    assert found is not None
    assert (found.state, found.verdict, found.results) == ("done", "complete", DONE.results)
    assert store.delete(job.id) == found
    assert store.delete(job.id) is None
    rows = sqlite3.connect(tmp_path / "rows.db")
    assert [rows.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("jobs", "results")] == [
        (0,),
        (0,),
    ]
    rows.close()


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_a_job_that_did_not_end_well_begins_anew(store: Store, how: str) -> None:
    upload = new_id()
    job = store.add("a" * 64, upload)
    claimed = store.claim()
    assert claimed is not None and claimed.attempt
    assert store.fail(claimed.attempt, PROBLEM) if how == "failed" else store.cancel(job.id)
    again = store.add("a" * 64, new_id())
    assert (again.id, again.state, again.upload, again.attempts) == (job.id, "waiting", upload, 0)
    assert (again.problem, again.deaths) == (None, 0)
    assert again.version > claimed.version


def test_what_a_stopped_server_left_running_waits_again(store: Store) -> None:
    store.add("a" * 64, new_id())
    job = store.claim()
    assert job is not None and job.attempt
    (resumed,) = store.resume()
    assert (resumed.id, resumed.state, resumed.attempts) == (job.id, "waiting", 1)
    assert not store.finish(job.attempt, DONE)


def test_an_accepted_job_outlives_a_killed_process(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from heartbox.jobs.store import Store;"
        "store = Store(Path(sys.argv[1])); store.migrate();"
        "[store.add(letter * 64, '0' * 32) for letter in 'abc']; os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "rows.db")], check=False)
    store = Store(tmp_path / "rows.db")
    assert len(store.all()) == 3
    store.close()


def test_a_database_that_refuses_is_said(store: Store, tmp_path: Path) -> None:
    rows = sqlite3.connect(tmp_path / "rows.db")
    rows.execute("DROP TABLE results")
    rows.execute("ALTER TABLE jobs RENAME TO lost")
    rows.close()
    for call in (store.all, store.claim, lambda: store.add("a" * 64, new_id())):
        with pytest.raises(Problem) as caught:
            call()
        assert caught.value.code == "storage-unwritable"


STEPS = ["add", "claim", "report", "finish", "fail", "put_back", "cancel", "resume", "delete"]


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 2)), max_size=25))
def test_any_order_of_events_leaves_one_writer_and_rising_versions(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    store = Store(tmp_path_factory.mktemp("rows") / "rows.db")
    store.migrate()
    attempts: list[str] = []
    versions: dict[str, int] = {}
    for step, number in steps:
        before = {job.id: job for job in store.all()}
        written = _take(store, step, number, attempts)
        after = {job.id: job for job in store.all()}
        for job in after.values():
            changed = before.get(job.id) != job
            assert (job.version > versions.get(job.id, 0)) if changed else versions[job.id] == job.version
            versions[job.id] = job.version
            assert (job.state == "running") <= (job.attempt is not None)
        for job in before.values():
            # A finished job is never overturned but by sending the sector again or deleting it.
            if job.state in FINAL and step not in ("add", "delete"):
                assert after[job.id] == job
        if step in ("report", "finish", "fail", "put_back") and attempts:
            live = {job.attempt for job in before.values() if job.state == "running"}
            assert written == (attempts[number % len(attempts)] in live)
    store.close()


def _take(store: Store, step: str, number: int, attempts: list[str]) -> bool | None:
    jobs = store.all()
    attempt = attempts[number % len(attempts)] if attempts else "0" * 32
    if step == "add":
        store.add("abc"[number] * 64, new_id())
    elif step == "claim":
        job = store.claim()
        attempts += [job.attempt] if job and job.attempt else []
    elif step == "resume":
        store.resume()
    elif step in ("cancel", "delete"):
        getattr(store, step)(jobs[number % len(jobs)].id if jobs else new_id())
    else:
        writes = {
            "report": lambda: store.report(attempt, 0.5, "circles"),
            "finish": lambda: store.finish(attempt, DONE),
            "fail": lambda: store.fail(attempt, PROBLEM),
            "put_back": lambda: store.put_back(attempt, 1),
        }
        return writes[step]()
    return None
