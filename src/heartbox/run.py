"""The corridor: from files to the aortic graph. Read this file first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from heartbox.aorta.export import export_graph
from heartbox.aorta.graph import build_graph
from heartbox.aorta.model import AorticGraph
from heartbox.aorta.picture import draw_graph
from heartbox.intake.door import open_series
from heartbox.intake.series import Series
from heartbox.locate import Finding, find_heart
from heartbox.sector import MARGIN_MM, Sector, cut_sector, write_sector
from heartbox.volume import Volume

GRAPH_PICTURE = "graph.png"

Progress: TypeAlias = Callable[[str, float], None]


@dataclass(frozen=True)
class Journey:
    """Everything one walk through the corridor found; the sector and graph need a heart."""

    series: Series
    finding: Finding
    sector: Sector | None = None
    graph: AorticGraph | None = None


def walk_corridor(
    source: Path,
    folder: Path,
    margin_mm: Sequence[float] = MARGIN_MM,
    progress: Progress = lambda step, share: None,
) -> Journey:
    """Find the heart in a study, cut its sector, build the aortic graph and write it all.

    Parameters
    ----------
    source : a DICOM folder, zip or file, NIfTI or NRRD
    folder : an existing folder that receives the sector's and the graph's files
    margin_mm : six numbers, added to the heart's box per face
    progress : called with the step's name and its share done, 0..1

    Raises
    ------
    Problem
        What the doors and rooms refuse; a scan without a heart is a verdict, no problem.
    """
    progress("reading headers", 0.0)
    series = open_series(source)
    finding = find_heart(series.volume, lambda share: progress("finding the heart", share))
    if finding.heart_box is None:
        return Journey(series, finding)
    progress("cutting the sector", 0.0)
    sector = cut_sector(series.volume, finding, margin_mm)
    write_sector(sector, folder)
    graph = graph_sector(sector.volume, folder, progress)
    return Journey(series, finding, sector, graph)


def graph_sector(sector: Volume, folder: Path, progress: Progress) -> AorticGraph:
    """Build the aortic graph of a sector's voxels and write its files, the picture too unless refused.

    Parameters
    ----------
    sector : Volume, LPS mm
    folder : an existing folder that receives the graph's files
    progress : called with the step's name and the share of the graph's work that is done, 0..1
    """
    graph = build_graph(sector, lambda share, step: progress(step, share))
    progress("writing the graph", 1.0)
    export_graph(graph, folder)
    if graph.verdict != "refused":
        (folder / GRAPH_PICTURE).write_bytes(draw_graph(graph, sector))
    return graph
