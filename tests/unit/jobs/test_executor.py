from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from heartbox.jobs.executor import Order, ProcessExecutor, WorkerDied, WorkerTooSlow
from heartbox.jobs.folders import new_id
from heartbox.jobs.store import Store

WORKS = "unit.jobs.works"


@pytest.fixture
def order(tmp_path: Path) -> Order:
    store = Store(tmp_path / "rows.db")
    store.migrate()
    store.add("a" * 64, new_id())
    job = store.claim()
    store.close()
    assert job is not None and job.attempt
    (tmp_path / "results").mkdir()
    return Order(tmp_path / "rows.db", job.attempt, tmp_path, tmp_path / "results")


@pytest.fixture
def executor() -> Iterator[ProcessExecutor]:
    executor = ProcessExecutor()
    yield executor
    executor.close()


def test_a_worker_that_dies_is_noticed_and_replaced(executor: ProcessExecutor, order: Order) -> None:
    executor.prepare(f"{WORKS}:quick")
    first = executor.worker
    assert first not in (0, os.getpid())
    with pytest.raises(WorkerDied):
        executor.run(f"{WORKS}:die", order, 60)
    assert executor.run(f"{WORKS}:quick", order, 60).verdict == "degraded"
    assert executor.worker != first


def test_a_worker_that_died_idle_costs_the_next_job_nothing(executor: ProcessExecutor, order: Order) -> None:
    executor.prepare(f"{WORKS}:quick")
    os.kill(executor.worker, signal.SIGKILL)
    time.sleep(0.5)
    assert executor.run(f"{WORKS}:quick", order, 60).verdict == "degraded"


def test_work_that_takes_too_long_is_ended(executor: ProcessExecutor, order: Order) -> None:
    executor.prepare(f"{WORKS}:slow")
    begun = time.monotonic()
    with pytest.raises(WorkerTooSlow):
        executor.run(f"{WORKS}:slow", order, 0.5)
    assert time.monotonic() - begun < 20


def test_stopping_ends_what_runs_at_once(executor: ProcessExecutor, order: Order) -> None:
    executor.prepare(f"{WORKS}:slow")
    threading.Timer(0.5, executor.stop).start()
    with pytest.raises(WorkerDied):
        executor.run(f"{WORKS}:slow", order, 60)


def test_a_closed_executor_takes_no_more(executor: ProcessExecutor, order: Order) -> None:
    executor.close()
    with pytest.raises(WorkerDied):
        executor.run(f"{WORKS}:quick", order, 60)


def test_what_the_work_raises_comes_back(executor: ProcessExecutor, order: Order) -> None:
    with pytest.raises(ZeroDivisionError):
        executor.run(f"{WORKS}:fault", order, 60)
    assert executor.worker


def test_a_worker_does_not_outlive_its_server() -> None:
    code = (
        "import sys; from heartbox.jobs.executor import ProcessExecutor\n"
        "if __name__ == '__main__':\n"
        "    executor = ProcessExecutor(); executor.prepare('heartbox.jobs.attempt:Report')\n"
        "    print(executor.worker, flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        worker = int(server.stdout.readline())
        os.kill(worker, 0)
        server.kill()
    for _ in range(100):
        if not _alive(worker):
            return
        time.sleep(0.1)
    raise AssertionError("the worker lives on")


def _alive(process: int) -> bool:
    """A zombie that nobody has waited for is dead."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
