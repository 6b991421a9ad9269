"""States and retries: takes jobs that wait, has them done, keeps what came of it."""

from __future__ import annotations

import logging
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path

from heartbox.contract import limit
from heartbox.jobs.executor import Executor, Order, WorkerDied, WorkerTooSlow
from heartbox.jobs.folders import Folders, aside, remove, sync_folder
from heartbox.jobs.store import FINAL, Job, Outcome, Store
from heartbox.problems import Problem

_LOG = logging.getLogger(__name__)

#: What `heartbox graph` does, looked up in the worker.
GRAPH_SECTOR = "heartbox.jobs.work:graph_sector"
#: A job whose workers died this often is not tried again.
MOST_DEATHS = 2
#: After a disk refused a row, this long until it is asked again, seconds.
_DISK_SECONDS = 2.0
#: Where nobody wakes a lane it looks for work this often, seconds.
_LOOK_SECONDS = 0.5


class Queue:
    """Runs the jobs of a store, one at a time on each executor.

    Parameters
    ----------
    store, folders : rows and disk
    executors : one lane each
    work : ``module:function`` that a worker calls with an `Order`, and that gives an `Outcome`
    """

    def __init__(
        self, store: Store, folders: Folders, executors: Sequence[Executor], work: str = GRAPH_SECTOR
    ) -> None:
        self._store = store
        self._folders = folders
        self._work = work
        self._closing = threading.Event()
        self._work_there = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[str, Executor] = {}
        self._lanes = [threading.Thread(target=self._lane, args=(executor,)) for executor in executors]
        self._executors = executors

    def start(self) -> None:
        """Resume what an earlier server left unfinished, then begin to work."""
        self._store.resume()
        self._folders.forget_results({job.attempt for job in self._store.all() if job.attempt})
        for lane in self._lanes:
            lane.start()

    def close(self) -> None:
        """Stop at once; what runs waits in its row for the next start."""
        self._closing.set()
        self._work_there.set()
        for executor in self._executors:
            executor.close()
        for lane in self._lanes:
            if lane.is_alive():
                lane.join()

    def accept(self, sha256: str, upload: str) -> Job:
        """Accept a sector as a job (idempotent by digest); it is on the disk when this returns."""
        job = self._store.add(sha256, upload)
        self._work_there.set()
        return job

    def cancel(self, job: str) -> Job:
        """Cancel a job; its worker is ended.

        Raises
        ------
        Problem
            ``job-unknown``; ``job-over`` when it has ended already.
        """
        if not self._store.cancel(job):
            known = self._store.get(job)
            if known is None:
                raise Problem("job-unknown")
            raise Problem("job-over", state=known.state)
        self._stop(job)
        known = self._store.get(job)
        if known is None:
            raise Problem("job-unknown")
        return known

    def delete(self, job: str) -> None:
        """Delete a job: its rows, its sector, its results; a running one is cancelled first.

        Raises
        ------
        Problem
            ``job-unknown``.
        """
        gone = self._store.delete(job)
        if gone is None:
            raise Problem("job-unknown")
        self._stop(job)
        remove(self._folders.upload(gone.upload))
        if gone.attempt and gone.state in FINAL:
            remove(self._folders.results(gone.attempt))

    def _stop(self, job: str) -> None:
        with self._lock:
            executor = self._running.get(job)
            if executor is not None:
                executor.stop()

    def _lane(self, executor: Executor) -> None:
        ready = False
        while not self._closing.is_set():
            job = self._claimed()
            if job is not None and job.attempt is not None:
                ready = False
                self._run(executor, job, job.attempt)
            elif not ready:
                executor.prepare(self._work)
                ready = True
            else:
                self._work_there.wait(_LOOK_SECONDS)
                self._work_there.clear()

    def _claimed(self) -> Job | None:
        try:
            return self._store.claim()
        except Problem as problem:
            _LOG.error("%s", problem.integrator_sentence)
            self._closing.wait(_DISK_SECONDS)
            return None

    def _run(self, executor: Executor, job: Job, attempt: str) -> None:
        with self._lock:
            self._running[job.id] = executor
        try:
            self._attempt(executor, job, attempt)
        except (Problem, OSError) as fault:
            _LOG.error("the end of a job could not be written: %s", type(fault).__name__)
            self._put_back_later(attempt)
        finally:
            with self._lock:
                del self._running[job.id]

    def _put_back_later(self, attempt: str) -> None:
        """Wait for a disk that takes rows again; a server that stops before leaves it to the next one."""
        while not self._closing.wait(_DISK_SECONDS):
            try:
                if self._store.put_back(attempt):  # so no row names what it had left
                    remove(self._folders.results(attempt))
            except (Problem, OSError):
                continue
            return

    def _attempt(self, executor: Executor, job: Job, attempt: str) -> None:
        folder = aside(self._folders.results(attempt))
        try:
            folder.mkdir(mode=0o700)
            order = Order(self._folders.database, attempt, self._folders.upload(job.upload), folder)
            self._keep(attempt, self._outcome(executor, order), folder)
        except WorkerDied:
            self._worker_died(job, attempt)
        except WorkerTooSlow:
            self._store.fail(attempt, Problem("job-too-slow", seconds=int(limit("job_seconds"))).as_json())
        except Problem:
            raise  # a row that could not be written
        except OSError as error:
            problem = Problem("storage-unwritable", reason=error.strerror or "no reason given")
            self._store.fail(attempt, problem.as_json())
        except Exception as fault:  # noqa: BLE001 - a fault of one job must not end the lane
            problem = Problem("program-fault", kind=type(fault).__name__, where=_where(fault))
            self._store.fail(attempt, problem.as_json())
        finally:
            remove(folder)

    def _outcome(self, executor: Executor, order: Order) -> Outcome:
        try:
            return executor.run(self._work, order, float(limit("job_seconds")))
        except Problem as problem:
            return Outcome(None, (), problem.as_json())

    def _keep(self, attempt: str, outcome: Outcome, folder: Path) -> None:
        """Give the results their place first, then the row: a row never names what is not there."""
        kept = self._folders.results(attempt)
        folder.rename(kept)
        sync_folder(kept.parent)
        if not self._store.finish(attempt, outcome):
            remove(kept)

    def _worker_died(self, job: Job, attempt: str) -> None:
        if self._closing.is_set():
            self._store.put_back(attempt)
        elif job.deaths + 1 < MOST_DEATHS:
            self._store.put_back(attempt, deaths=1)
        else:
            self._store.fail(attempt, Problem("worker-died", count=MOST_DEATHS).as_json())


def _where(fault: BaseException) -> str:
    """Name the last line that the fault passed, in the worker when it came from there."""
    frame = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"
