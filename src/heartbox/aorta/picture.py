"""The graph over the sector it was read from, and the width along the aorta, as one picture."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from heartbox.aorta.grids import sample_hu
from heartbox.aorta.model import AorticGraph
from heartbox.aorta.profile import Profile, aorta_profiles, place_on
from heartbox.geometry import Box, Grid, apply_affine, isotropic_grid
from heartbox.volume import AIR_HU, Volume

#: Angiographic window, widened so that blood stays grey under the drawing: centre and width, HU.
WINDOW_HU = (380.0, 1100.0)
#: A colour a branch, apart for colour-blind eyes too (Okabe and Ito, 2008).
COLOURS = {
    "ascending": "#E8743B",
    "arch": "#F2B134",
    "descending": "#56B4E9",
    "brachiocephalic": "#2BB58A",
    "left_carotid": "#DB8FBC",
    "left_subclavian": "#EFE45B",
    "left_coronary": "#8FD0C6",
    "right_coronary": "#B9A3E3",
}
OTHER_COLOUR = "#C9CED6"

_SPACING_MM = 1.2
#: The projection keeps to the slab of the aorta, so that less bone lies over it.
_SLAB_MM = 10.0
_PANEL_MARGIN_MM = (35.0, 70.0, 30.0, 30.0, 25.0, 25.0)
_BACKGROUND = "#0c0e12"
_INK = "#dee2e8"
_QUIET_INK = "#96a0ad"
_LUMEN_COLOUR = "#c8402f"
_DPI = 100
_HALO = [withStroke(linewidth=2.5, foreground=_BACKGROUND)]


def draw_graph(graph: AorticGraph, sector: Volume) -> bytes:
    """Draw the centrelines over two projections of the sector, and the width along the aorta.

    Maximum intensity projections at an angiographic window, from the front (the patient's left is
    on the right) and from the side (the front is on the left).

    Parameters
    ----------
    graph : with at least one branch
    sector : Volume the graph was built from, any affine

    Returns
    -------
    bytes of a PNG

    Raises
    ------
    ValueError
        When the graph has no branch: there is nothing to draw.
    """
    if not graph.branches:
        raise ValueError("a graph without branches cannot be drawn")
    grid = isotropic_grid(sector.grid.bounds_mm, _SPACING_MM)
    hu, lumen = _resampled(sector, graph, grid)
    figure = Figure(figsize=(13.0, 6.2), dpi=_DPI, facecolor=_BACKGROUND, layout="constrained")
    front, side, plot = figure.subplots(1, 3, width_ratios=(1.0, 1.0, 1.15))
    _draw_projection(front, graph, (hu, lumen), grid, across=0)
    _draw_projection(side, graph, (hu, lumen), grid, across=1)
    draw_profiles(plot, graph)
    figure.supxlabel("Not a medical device: for research use.", fontsize=9, color=_QUIET_INK)
    return _png(figure)


def draw_profiles(plot: Axes, graph: AorticGraph) -> None:
    """Plot the width along the aorta into axes: section (thick), largest ball (thin), landmarks."""
    offset = 0.0
    labelled: set[str] = set()
    for profile in aorta_profiles(graph):
        along = profile.arc_length_mm + offset
        plot.plot(along, profile.inscribed_diameter_mm, color=_QUIET_INK, linewidth=0.9, linestyle="--")
        for name in dict.fromkeys(profile.names):
            held = np.array([point == name for point in profile.names])
            label = None if name in labelled else name
            labelled.add(name)
            width = np.where(held, profile.diameter_mm, np.nan)
            plot.plot(along, width, color=COLOURS.get(name, OTHER_COLOUR), linewidth=2.4, label=label)
        _mark_landmarks(plot, graph, profile, offset)
        offset = float(along[-1]) + 10.0
    plot.set_facecolor(_BACKGROUND)
    plot.set_xlabel("along the aorta, mm", color=_INK)
    plot.set_ylabel("diameter, mm", color=_INK)
    plot.set_title("Diameter (dashed: largest inscribed ball)", color=_INK, fontsize=10)
    plot.set_ylim(0, 1.3 * max(float(branch.diameter_mm.max()) for branch in graph.branches))
    plot.tick_params(colors=_INK)
    plot.grid(color="#2a2f38", linewidth=0.6)
    for edge in plot.spines.values():
        edge.set_color("#3a404b")
    if labelled:
        plot.legend(loc="lower left", fontsize=8, facecolor=_BACKGROUND, edgecolor="#3a404b", labelcolor=_INK)


def _resampled(
    sector: Volume, graph: AorticGraph, grid: Grid
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Bring HU and lumen to cubes along LPS, plane by plane."""
    lumen = Volume(np.where(graph.labels > 0, 100, 0).astype(np.int16), graph.grid)
    nz, ny, nx = grid.shape
    columns, rows = np.meshgrid(np.arange(nx), np.arange(ny))
    hu = np.empty(grid.shape, dtype=np.float32)
    filled = np.empty(grid.shape, dtype=np.bool_)
    for k in range(nz):
        points_mm = apply_affine(grid.affine, np.stack([columns, rows, np.full_like(rows, k)], axis=-1))
        hu[k] = np.nan_to_num(sample_hu(sector, points_mm), nan=AIR_HU)
        filled[k] = np.nan_to_num(sample_hu(lumen, points_mm)) > 50
    return hu, filled


def _draw_projection(
    axes: Axes,
    graph: AorticGraph,
    voxels: tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]],
    grid: Grid,
    across: int,
) -> None:
    """Project along y (``across`` = x, from the front) or along x (``across`` = y, from the side)."""
    hu, lumen = voxels
    through = 1 - across
    points_mm = np.vstack([branch.points_mm for branch in graph.branches])
    full = grid.bounds_mm
    shown = Box.around(points_mm).grown(_PANEL_MARGIN_MM).intersection(full) or full
    reach = (points_mm[:, through].min() - _SLAB_MM, points_mm[:, through].max() + _SLAB_MM)
    centres = grid.affine[through, 3] + np.arange(grid.shape[2 - through]) * _SPACING_MM
    slab = np.flatnonzero((centres >= reach[0]) & (centres <= reach[1]))
    axis = 2 - through
    shadow = hu.take(slab, axis=axis).max(axis=axis)
    extent = (full.low_mm[across], full.high_mm[across], full.z0, full.z1)
    low, high = WINDOW_HU[0] - WINDOW_HU[1] / 2, WINDOW_HU[0] + WINDOW_HU[1] / 2
    axes.imshow(
        shadow, cmap="gray", vmin=low, vmax=high, origin="lower", extent=extent, interpolation="bilinear"
    )
    silhouette = lumen.any(axis=axis)
    shade = np.where(silhouette, 1.0, np.nan)
    axes.imshow(shade, cmap=ListedColormap([_LUMEN_COLOUR]), alpha=0.45, origin="lower", extent=extent)
    for branch in graph.branches:
        colour = COLOURS.get(branch.name, OTHER_COLOUR)
        axes.plot(
            branch.points_mm[:, across],
            branch.points_mm[:, 2],
            color=colour,
            linewidth=2.2,
            path_effects=_HALO,
        )
    for node in graph.nodes:
        axes.plot(*node.point_mm[[across, 2]], "o", markersize=4, color=_BACKGROUND, markeredgecolor=_INK)
    axes.set_xlim(shown.low_mm[across], shown.high_mm[across])
    axes.set_ylim(shown.z0, shown.z1)
    if across == 0:
        _name_landmarks(axes, graph)
        _dress(axes, "RL", "from the front")
    else:
        _dress(axes, "AP", "from the side")


def _name_landmarks(axes: Axes, graph: AorticGraph) -> None:
    """Write the landmarks' names down the right edge, each with a line to its place."""
    (x0, x1), (z0, z1) = axes.get_xlim(), axes.get_ylim()
    gap = (z1 - z0) * 0.042
    below = z1 - gap
    for landmark in sorted(graph.landmarks, key=lambda landmark: -landmark.point_mm[2]):
        x, _, z = landmark.point_mm
        height = min(below, z)
        below = height - gap
        axes.plot([x, x1 - (x1 - x0) * 0.3], [z, height], color=_INK, linewidth=0.8, path_effects=_HALO)
        axes.plot(x, z, "D", markersize=3.5, color=_INK)
        axes.text(
            x1 - (x1 - x0) * 0.29,
            height,
            landmark.name.replace("_", " "),
            color=_INK,
            fontsize=8,
            va="center",
            path_effects=_HALO,
        )


def _dress(axes: Axes, sides: str, title: str) -> None:
    """Orientation letters, a bar of 5 cm, no ticks."""
    axes.set_facecolor("black")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(title, color=_INK, fontsize=10)
    edges = (
        (0.02, 0.15, "left", "center"),
        (0.98, 0.15, "right", "center"),
        (0.5, 0.985, "center", "top"),
        (0.5, 0.015, "center", "bottom"),
    )
    for letter, (x, y, across, along) in zip((*sides, "H", "F"), edges, strict=True):
        axes.text(
            x,
            y,
            letter,
            transform=axes.transAxes,
            color=_INK,
            ha=across,
            va=along,
            fontsize=10,
            path_effects=_HALO,
        )
    (x0, x1), (z0, z1) = axes.get_xlim(), axes.get_ylim()
    left, low = x0 + 0.05 * (x1 - x0), z0 + 0.03 * (z1 - z0)
    axes.plot([left, left + 50], [low, low], color=_INK, linewidth=2.5, path_effects=_HALO)
    axes.text(left, low + 0.015 * (z1 - z0), "5 cm", color=_INK, fontsize=8, va="bottom", path_effects=_HALO)


def _mark_landmarks(plot: Axes, graph: AorticGraph, profile: Profile, offset: float) -> None:
    """Mark where along a run each landmark lies: the nearest point, when it is within a radius."""
    for landmark in graph.landmarks:
        place = place_on(profile, landmark)
        if place is None:
            continue
        along = place + offset
        plot.axvline(along, color="#4a515d", linewidth=0.8, zorder=0)
        label = landmark.name.replace("_", " ")
        plot.text(along, 0.99, label, transform=plot.get_xaxis_transform(), rotation=90, va="top", ha="right",
                  fontsize=7, color=_QUIET_INK)  # fmt: skip


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png", facecolor=figure.get_facecolor())
    return file.getvalue()
