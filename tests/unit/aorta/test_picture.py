"""The picture of the graph over its sector."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from heartbox.aorta.model import AorticGraph
from heartbox.aorta.picture import COLOURS, draw_graph
from heartbox.geometry import Grid
from heartbox.volume import Volume
from makers.aortas import refused_graph, stick_graph, stick_sector


@pytest.fixture(scope="module")
def graph() -> AorticGraph:
    return stick_graph(3.0)


def _pixels(content: bytes) -> npt.NDArray[np.int64]:
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"), dtype=np.int64)


def _places(pixels: npt.NDArray[np.int64], name: str) -> npt.NDArray[np.int64]:
    """Columns and rows of a branch's colour in the two projections (the left 60 % of the picture)."""
    colour = np.array([int(COLOURS[name][at : at + 2], 16) for at in (1, 3, 5)])
    near = np.abs(pixels - colour).sum(axis=-1) < 12
    near[:, int(pixels.shape[1] * 0.62) :] = False
    return np.argwhere(near)[:, ::-1]


def test_branches_are_drawn_in_their_colours(graph: AorticGraph) -> None:
    pixels = _pixels(draw_graph(graph, stick_sector(graph)))
    for name in ("ascending", "arch", "descending", "brachiocephalic"):
        assert len(_places(pixels, name)) > 20, name


def test_side_view_has_the_front_on_the_left_and_the_head_above(graph: AorticGraph) -> None:
    pixels = _pixels(draw_graph(graph, stick_sector(graph)))
    half = pixels.shape[1] * 0.31
    places = {name: _places(pixels, name) for name in ("ascending", "arch", "descending")}
    side = {name: at[at[:, 0] > half].mean(axis=0) for name, at in places.items()}
    assert side["ascending"][0] < side["arch"][0] < side["descending"][0]
    assert side["arch"][1] < side["ascending"][1]


def test_front_view_has_the_patients_left_on_the_right(graph: AorticGraph) -> None:
    pixels = _pixels(draw_graph(graph, stick_sector(graph)))
    half = pixels.shape[1] * 0.31
    twig, trunk = (_places(pixels, name) for name in ("brachiocephalic", "descending"))
    front_twig, front_trunk = twig[twig[:, 0] < half], trunk[trunk[:, 0] < half]
    top = front_twig[front_twig[:, 1].argmin()]
    assert top[0] > front_trunk[:, 0].mean() + 5


def test_voxels_are_shown_the_same_way_round_as_the_lines(graph: AorticGraph) -> None:
    """A bright block at the patient's left, back and top lies right and above in both views."""
    sector = stick_sector(graph)
    hu = np.full_like(sector.hu, -1000)
    k, j, i = np.indices(hu.shape)
    x, y, z = (
        axis * sector.grid.spacing_mm[n] + sector.grid.affine[n, 3] for n, axis in enumerate((i, j, k))
    )
    hu[(x > 12) & (y > 32) & (y < 48) & (z > 62) & (z < 74)] = 2000
    dark = Volume(np.full_like(hu, -1000), sector.grid)
    unmarked = replace(graph, labels=np.zeros_like(graph.labels))
    lit = np.abs(_pixels(draw_graph(unmarked, Volume(hu, sector.grid))) - _pixels(draw_graph(unmarked, dark)))
    rows, columns = np.nonzero(lit.sum(axis=-1) > 300)
    width = lit.shape[1]
    places = {name: _places(_pixels(draw_graph(unmarked, dark)), name) for name in ("descending", "arch")}
    front, side = columns < 0.31 * width, columns > 0.31 * width
    trunk = places["descending"]
    assert columns[front].mean() > trunk[trunk[:, 0] < 0.31 * width][:, 0].mean() + 10
    assert columns[side].mean() > places["arch"][places["arch"][:, 0] > 0.31 * width][:, 0].mean() + 10
    assert rows.mean() < places["arch"][:, 1].min()


def test_sector_of_any_orientation_gives_the_same_picture(graph: AorticGraph) -> None:
    sector = stick_sector(graph)
    affine = sector.grid.affine.copy()
    affine[:3, 3] = affine[:3, 3] + affine[:3, 2] * (sector.hu.shape[0] - 1)
    affine[:3, 2] *= -1
    turned = Volume(np.ascontiguousarray(sector.hu[::-1]), Grid(sector.grid.shape, affine))
    labels = np.ascontiguousarray(graph.labels[::-1])
    upright = _pixels(draw_graph(graph, sector))
    upside_down = _pixels(draw_graph(replace(graph, labels=labels, grid=turned.grid), turned))
    assert np.abs(upright - upside_down).mean() < 0.5


def test_nothing_is_not_drawn() -> None:
    graph = refused_graph()
    with pytest.raises(ValueError, match="without branches"):
        draw_graph(graph, stick_sector(graph))


def test_unnamed_branch_is_drawn_too(graph: AorticGraph) -> None:
    odd = replace(graph.branches[3], name="branch")
    content = draw_graph(replace(graph, branches=(odd,), landmarks=()), stick_sector(graph))
    assert len(content) > 10_000
