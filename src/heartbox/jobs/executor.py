"""Where work runs: one seam, and behind it one process that is replaced when it dies.

The server's own process never loads the aorta's rooms: work is named (``room.module:function``)
and looked up in the worker.
"""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, Protocol, TypeVar

from heartbox.jobs.store import Outcome

T = TypeVar("T")

#: A new worker has this long to say its process id, seconds.
_START_SECONDS = 120.0


class WorkerDied(Exception):  # noqa: N818 - an event, not a fault of the caller
    """The process that did the work is gone, by itself or by `Executor.stop`."""


class WorkerTooSlow(Exception):  # noqa: N818
    """The work took longer than it may; its process was ended."""


@dataclass(frozen=True)
class Order:
    """What a worker needs to know: where the rows, the sector and the place for results are."""

    database: Path
    attempt: str
    sector: Path
    folder: Path


class Executor(Protocol):
    """Does one piece of work at a time, somewhere."""

    def run(self, work: str, order: Order, seconds: float) -> Outcome:
        """Do the work and wait for it; raises `WorkerDied`, `WorkerTooSlow`, or what the work raised."""

    def prepare(self, work: str) -> None:
        """Get ready for this kind of work, if that takes time; never raises for a worker's sake."""

    def stop(self) -> None:
        """End what runs now, at once."""

    def close(self) -> None:
        """End what runs now, and take no more."""


class ProcessExecutor:
    """One spawned process, behind ``ProcessPoolExecutor``; the next run replaces one that died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._worker = 0
        self._closed = False

    @property
    def worker(self) -> int:
        """The worker's process id; 0 when there is none."""
        return self._worker

    def run(self, work: str, order: Order, seconds: float) -> Outcome:
        """Do the work in the worker process and wait for it.

        Raises
        ------
        WorkerDied, WorkerTooSlow
            The worker is gone; the next run gets a new one.
        """
        future = self._submit(_do, work, order)
        try:
            return future.result(seconds)
        except (BrokenProcessPool, CancelledError) as error:
            self._drop(kill=False)
            raise WorkerDied from error
        except TimeoutError as error:
            if future.done():
                raise
            self._drop(kill=True)
            raise WorkerTooSlow from error

    def prepare(self, work: str) -> None:
        """Start the worker and let it load the work's rooms, which takes seconds."""
        with suppress(WorkerDied, CancelledError):
            self._submit(_prepare, work).exception()

    def stop(self) -> None:
        """End the worker at once, whatever it does."""
        self._drop(kill=True)

    def close(self) -> None:
        """End the worker at once, and for good."""
        self._closed = True
        self._drop(kill=True)

    def _submit(self, function: Callable[..., T], *arguments: object) -> Future[T]:
        """Hand work to the worker; one that died while it had nothing to do is replaced."""
        for _ in range(2):
            try:
                return self._started().submit(function, *arguments)
            except RuntimeError:  # the pool is broken, or was shut down this moment
                self._drop(kill=False)
        raise WorkerDied

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise WorkerDied
            if self._pool is None:
                pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=_follow)
                self._worker = pool.submit(os.getpid).result(_START_SECONDS)
                self._pool = pool
            return self._pool

    def _drop(self, kill: bool) -> None:
        with self._lock:
            pool, worker = self._pool, self._worker
            self._pool, self._worker = None, 0
            if worker and kill:
                with suppress(ProcessLookupError):
                    os.kill(worker, getattr(signal, "SIGKILL", signal.SIGTERM))
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _follow() -> None:
    """Make a worker leave the terminal's Ctrl-C to its server, say nothing, and die with its server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Warnings of libraries may quote what a file holds.
    warnings.simplefilter("ignore")
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _load(work: str) -> Any:
    module, _, name = work.partition(":")
    return getattr(import_module(module), name)


def _prepare(work: str) -> None:
    _load(work)


def _do(work: str, order: Order) -> Outcome:
    outcome: Outcome = _load(work)(order)
    return outcome
