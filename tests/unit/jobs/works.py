"""Work for queues under test: what a worker does here takes no time, or as long as it is let."""

from __future__ import annotations

import json
import os
import time
from importlib import import_module
from pathlib import Path

from heartbox.jobs.attempt import Report, name_by_digest
from heartbox.jobs.executor import Order
from heartbox.jobs.store import Outcome, Store
from heartbox.problems import Problem

WARNING = {"code": "arch-not-found", "text": "Ascending and descending aorta were found, but no arch."}


def quick(order: Order) -> Outcome:
    path = order.folder / "graph.json"
    path.write_text(json.dumps({"of": order.sector.name}), encoding="utf-8")
    return Outcome("degraded", [WARNING], None, name_by_digest([path]))


def refuse(order: Order) -> Outcome:
    problem = Problem("nrrd-unreadable", name="sector.nrrd", reason="damaged gzip data")
    return Outcome(None, (), problem.as_json())


def fault(order: Order) -> Outcome:
    raise ZeroDivisionError("DOE^JANE")


def die(order: Order) -> Outcome:
    os._exit(9)


def die_once(order: Order) -> Outcome:
    mark = _mark(order, "died")
    if not mark.exists():
        mark.touch()
        os._exit(9)
    return quick(order)


def slow(order: Order) -> Outcome:
    """Report until nobody wants to hear it; end at once where a file beside the rows says so."""
    store = Store(order.database)
    report = Report(store, order.attempt)
    for number in range(600):
        report(number / 600, f"step {number}")
        if _mark(order, "go").exists():
            store.close()
            return quick(order)
        time.sleep(0.1)
    raise AssertionError("nobody stopped it")


def _mark(order: Order, name: str) -> Path:
    return order.database.with_name(name)


class Inline:
    """Does the work in the lane's own thread."""

    def run(self, work: str, order: Order, seconds: float) -> Outcome:
        module, _, name = work.partition(":")
        outcome: Outcome = getattr(import_module(module), name)(order)
        return outcome

    def prepare(self, work: str) -> None:
        pass

    def stop(self) -> None:
        pass

    def close(self) -> None:
        pass
