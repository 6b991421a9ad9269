"""What a worker does with a sector: the same as ``heartbox graph``, with progress in the job's row."""

from __future__ import annotations

from heartbox import run
from heartbox.jobs.attempt import Report, name_by_digest
from heartbox.jobs.executor import Order
from heartbox.jobs.store import Outcome, Store
from heartbox.problems import Problem
from heartbox.sector import read_sector


def graph_sector(order: Order) -> Outcome:
    """Build the aortic graph of a sector and write its files under their digests.

    Parameters
    ----------
    order : the sector's folder, an empty folder for the results, and the attempt's id

    Returns
    -------
    the graph's verdict, warnings and files; or the problem why there is no graph
    """
    store = Store(order.database)
    try:
        report = Report(store, order.attempt)
        report(0.0, "reading the sector")
        sector = read_sector(order.sector)
        graph = run.graph_sector(sector, order.folder, lambda step, share: report(share, step))
        files = sorted(order.folder.iterdir())
        warnings = [warning.as_json() for warning in graph.warnings]
        return Outcome(graph.verdict, warnings, None, name_by_digest(files))
    except Problem as problem:
        return Outcome(None, (), problem.as_json())
    finally:
        store.close()
