from __future__ import annotations

import errno
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from heartbox.jobs.executor import Executor, Order, WorkerDied, WorkerTooSlow
from heartbox.jobs.folders import Folders, new_id
from heartbox.jobs.queue import Queue
from heartbox.jobs.store import Job, Outcome, Store
from heartbox.problems import Problem
from unit.jobs import works

Script = Callable[[Order], Outcome]


class Scripted:
    """Does work in the lane's own thread: each run follows the next line of a script."""

    def __init__(self, *script: Script) -> None:
        self.script = list(script)
        self.stopped = threading.Event()
        self.runs = 0

    def run(self, work: str, order: Order, seconds: float) -> Outcome:
        self.runs += 1
        return self.script.pop(0)(order)

    def prepare(self, work: str) -> None:
        pass

    def stop(self) -> None:
        self.stopped.set()

    def close(self) -> None:
        self.stopped.set()


def died(order: Order) -> Outcome:
    raise WorkerDied


def full(order: Order) -> Outcome:
    raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")


def raise_problem(order: Order) -> Outcome:
    raise Problem("too-large", name="The sector", limit=1)


def too_slow(order: Order) -> Outcome:
    raise WorkerTooSlow


class House:
    """A data folder whose queue can be started again over what the last one left."""

    def __init__(self, root: Path) -> None:
        self.folders = Folders(root)
        self.store = Store(self.folders.database)
        self.store.migrate()
        self.queue: Queue | None = None

    def start(self, executor: Executor) -> Queue:
        self.queue = Queue(self.store, self.folders, [executor])
        self.queue.start()
        return self.queue

    def sector(self, letter: str = "a") -> tuple[str, str]:
        upload = new_id()
        self.folders.upload(upload).mkdir()
        (self.folders.upload(upload) / "sector.nrrd").write_text(letter, encoding="utf-8")
        return letter * 64, upload

    def ended(self, job: Job, state: str) -> Job:
        for _ in range(200):
            now = self.store.get(job.id)
            if now is not None and now.state == state:
                return now
            time.sleep(0.02)
        raise AssertionError(f"{now}, not {state}")

    def files(self) -> list[str]:
        places = (self.folders.root / "uploads", self.folders.root / "results")
        return [path.name for place in places for path in place.rglob("*")]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    if house.queue is not None:
        house.queue.close()
    house.store.close()
    house.folders.close()


def test_a_job_is_done_and_its_results_lie_under_their_digests(house: House) -> None:
    queue = house.start(Scripted(works.quick))
    job = house.ended(queue.accept(*house.sector()), "done")
    (result,) = job.results
    assert job.attempt
    kept = house.folders.results(job.attempt) / result.sha256
    assert json.loads(kept.read_text(encoding="utf-8")) == {"of": job.upload}
    assert (job.progress, job.warnings, job.attempts) == (1.0, [works.WARNING], 1)


def test_a_dead_worker_is_tried_once_more(house: House) -> None:
    executor = Scripted(died, works.quick)
    queue = house.start(executor)
    job = house.ended(queue.accept(*house.sector()), "done")
    assert (job.attempts, job.deaths, executor.runs) == (2, 1, 2)


def test_a_job_whose_workers_die_twice_fails_and_the_next_is_done(house: House) -> None:
    queue = house.start(Scripted(died, died, works.quick))
    poison, sound = queue.accept(*house.sector("a")), queue.accept(*house.sector("b"))
    failed = house.ended(poison, "failed")
    assert failed.problem is not None
    assert (failed.problem["code"], failed.attempts) == ("worker-died", 2)
    assert house.ended(sound, "done").attempts == 1


def test_a_failed_job_that_is_sent_again_begins_anew(house: House) -> None:
    queue = house.start(Scripted(died, died, works.quick))
    job = house.ended(queue.accept(*house.sector()), "failed")
    assert house.ended(queue.accept(job.sector_sha256, job.upload), "done").id == job.id


@pytest.mark.parametrize(
    ("script", "state", "code"),
    [
        (works.refuse, "refused", "nrrd-unreadable"),
        (raise_problem, "refused", "too-large"),
        (works.fault, "failed", "program-fault"),
        (too_slow, "failed", "job-too-slow"),
        (full, "failed", "storage-unwritable"),
    ],
)
def test_every_end_has_its_code_and_leaves_no_half_results(
    house: House, script: Script, state: str, code: str
) -> None:
    queue = house.start(Scripted(script))
    job = house.ended(queue.accept(*house.sector()), state)
    assert job.problem is not None
    assert (job.problem["code"], job.results) == (code, ())
    assert "DOE" not in json.dumps(job.problem)
    time.sleep(0.05)
    assert not [name for name in house.files() if name.endswith(".partial")]


def test_a_cancelled_job_stops_its_worker_and_what_it_still_brings_is_dropped(house: House) -> None:
    begun = threading.Event()

    def until_stopped(order: Order) -> Outcome:
        begun.set()
        assert executor.stopped.wait(10)
        return works.quick(order)

    executor = Scripted(until_stopped)
    queue = house.start(executor)
    job = queue.accept(*house.sector())
    assert begun.wait(10)
    assert queue.cancel(job.id).state == "cancelled"
    queue.close()
    assert house.ended(job, "cancelled").results == ()
    assert sorted(house.files()) == sorted([job.upload, "sector.nrrd"])
    with pytest.raises(Problem) as caught:
        queue.cancel(job.id)
    assert caught.value.code == "job-over"


def test_deleting_leaves_neither_rows_nor_files(house: House) -> None:
    queue = house.start(Scripted(works.quick))
    job = house.ended(queue.accept(*house.sector()), "done")
    queue.delete(job.id)
    assert (house.files(), house.store.all()) == ([], [])
    for call in (queue.delete, queue.cancel):
        with pytest.raises(Problem) as caught:
            call(job.id)
        assert caught.value.code == "job-unknown"


def test_deleting_a_running_job_leaves_nothing_of_it_either(house: House) -> None:
    begun = threading.Event()

    def until_stopped(order: Order) -> Outcome:
        begun.set()
        assert executor.stopped.wait(10)
        raise WorkerDied

    executor = Scripted(until_stopped)
    queue = house.start(executor)
    job = queue.accept(*house.sector())
    assert begun.wait(10)
    queue.delete(job.id)
    queue.close()
    assert (house.files(), house.store.all()) == ([], [])


def test_unfinished_jobs_are_resumed_and_orphaned_results_go(house: House) -> None:
    running = house.store.add(*house.sector("a"))
    assert house.store.claim() is not None  # a server began it and was killed
    waiting = house.store.add(*house.sector("b"))
    orphan = house.folders.results(new_id())
    orphan.mkdir()
    house.start(Scripted(works.quick, works.quick))
    assert house.ended(running, "done").attempts == 2
    assert house.ended(waiting, "done").attempts == 1
    assert not orphan.exists()


def test_closing_puts_the_running_job_back_without_blame(house: House) -> None:
    begun = threading.Event()

    def until_stopped(order: Order) -> Outcome:
        begun.set()
        assert executor.stopped.wait(10)
        raise WorkerDied

    executor = Scripted(until_stopped)
    queue = house.start(executor)
    job = queue.accept(*house.sector())
    assert begun.wait(10)
    queue.close()
    assert house.ended(job, "waiting").deaths == 0


def test_a_disk_that_takes_no_rows_for_a_while_costs_no_job(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = ["claim", "finish", "put_back"]

    def refusing(name: str) -> Callable[..., object]:
        real = getattr(house.store, name)

        def call(*arguments: object, **named: object) -> object:
            if name in refusals:
                refusals.remove(name)
                raise Problem("storage-unwritable", reason="database or disk is full")
            return real(*arguments, **named)

        return call

    for name in refusals:
        monkeypatch.setattr(house.store, name, refusing(name))
    monkeypatch.setattr("heartbox.jobs.queue._DISK_SECONDS", 0.01)
    queue = house.start(Scripted(works.quick, works.quick))
    job = house.ended(queue.accept(*house.sector()), "done")
    assert (job.attempts, refusals) == (2, [])
    assert len([name for name in house.files() if len(name) == 64]) == 1
