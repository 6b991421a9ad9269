"""What a worker does with a sector: the same as ``heartbox graph``, with progress in the job's row."""

from __future__ import annotations

from heartbox.aorta.export import export_graph
from heartbox.aorta.graph import build_graph
from heartbox.aorta.picture import draw_graph
from heartbox.jobs.attempt import Report, name_by_digest
from heartbox.jobs.executor import Order
from heartbox.jobs.store import Outcome, Store
from heartbox.problems import Problem
from heartbox.sector import read_sector

PICTURE_NAME = "graph.png"


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
        volume = read_sector(order.sector)
        graph = build_graph(volume, report)
        report(1.0, "writing the graph")
        files = export_graph(graph, order.folder)
        if graph.verdict != "refused":
            files.append(order.folder / PICTURE_NAME)
            files[-1].write_bytes(draw_graph(graph, volume))
        warnings = [warning.as_json() for warning in graph.warnings]
        return Outcome(graph.verdict, warnings, None, name_by_digest(files))
    except Problem as problem:
        return Outcome(None, (), problem.as_json())
    finally:
        store.close()
