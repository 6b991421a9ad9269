"""The exported files read back by the programs they are made for."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
import trimesh
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from heartbox import contract
from heartbox.aorta.export import export_graph, graph_document, surface_mesh
from heartbox.aorta.model import AorticGraph, Branch
from heartbox.geometry import Grid, apply_affine
from heartbox.nrrd import read_voxels
from makers.aortas import ASCENDING_RADIUS_MM, refused_graph, stick_graph

#: Files hold 0.01 mm; single precision adds less than another 0.01.
ROUNDING_MM = 0.011


@pytest.fixture(scope="module")
def graph() -> AorticGraph:
    return stick_graph()


@pytest.fixture(scope="module")
def folder(graph: AorticGraph, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("graph")
    written = export_graph(graph, folder)
    assert sorted(written) == sorted(folder.iterdir())
    return folder


def test_graph_json_fits_its_schema_and_holds_the_points(folder: Path, graph: AorticGraph) -> None:
    document = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    contract.check("graph", document)
    assert [branch["name"] for branch in document["branches"]] == [b.name for b in graph.branches]
    assert np.allclose(document["branches"][1]["points_mm"], graph.branches[1].points_mm, atol=ROUNDING_MM)
    assert document["branches"][0]["length_mm"] == pytest.approx(40.0)
    assert document["landmarks"][0]["diameter_mm"] == {"equivalent": 28.0, "min": 26.5, "max": 29.25}
    assert document["landmarks"][1]["diameter_mm"] is None


def test_graphml_keeps_nodes_and_branches(folder: Path, graph: AorticGraph) -> None:
    net = nx.read_graphml(folder / "graph.graphml", force_multigraph=True)
    assert set(net.nodes) == {node.id for node in graph.nodes}
    assert net.nodes["n0"]["kind"] == "annulus"
    assert net.nodes["n3"]["z_mm"] == pytest.approx(-45.0)
    edge = net.edges["n2", "n3", "b2"]
    assert edge["name"] == "descending"
    assert edge["length_mm"] == pytest.approx(65.0)
    assert edge["mean_diameter_mm"] == pytest.approx(22.5)


def test_two_branches_between_the_same_nodes_both_stay(graph: AorticGraph, tmp_path: Path) -> None:
    twin = replace(graph.branches[0], id="twin")
    export_graph(replace(graph, branches=(graph.branches[0], twin)), tmp_path)
    net = nx.read_graphml(tmp_path / "graph.graphml", force_multigraph=True)
    assert {key for *_, key in net.edges(keys=True)} == {"b0", "twin"}


def test_vtk_reads_the_centrelines(folder: Path, graph: AorticGraph) -> None:
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(folder / "centreline.vtp"))
    reader.Update()
    lines = reader.GetOutput()
    assert lines.GetNumberOfLines() == len(graph.branches)
    points = vtk_to_numpy(lines.GetPoints().GetData())
    assert np.allclose(points, np.vstack([b.points_mm for b in graph.branches]), atol=ROUNDING_MM)
    radii = vtk_to_numpy(lines.GetPointData().GetArray("MaximumInscribedSphereRadius"))
    assert np.allclose(
        radii, np.concatenate([b.inscribed_radius_mm for b in graph.branches]), atol=ROUNDING_MM
    )
    widths = vtk_to_numpy(lines.GetPointData().GetArray("Diameter"))
    assert np.allclose(widths, np.concatenate([b.diameter_mm for b in graph.branches]), atol=ROUNDING_MM)
    names = lines.GetCellData().GetAbstractArray("name")
    assert [names.GetValue(line) for line in range(4)] == [b.name for b in graph.branches]
    for number, branch in enumerate(graph.branches):
        line = lines.GetCell(number)
        assert line.GetNumberOfPoints() == len(branch.points_mm)
        last = line.GetPoints().GetPoint(line.GetNumberOfPoints() - 1)
        assert last == pytest.approx(branch.points_mm[-1], abs=ROUNDING_MM)
    assert lines.GetFieldData().GetAbstractArray("SPACE").GetValue(0) == "LPS"


def test_surface_is_closed_and_encloses_the_lumen(folder: Path, graph: AorticGraph) -> None:
    mesh = trimesh.load_mesh(folder / "surface.stl")
    assert mesh.is_watertight
    lumen_mm3 = np.count_nonzero(graph.labels) * float(np.prod(graph.grid.spacing_mm))
    assert mesh.volume == pytest.approx(lumen_mm3, rel=0.03)
    assert (folder / "surface.stl").read_bytes()[:80].rstrip() == b"heartbox, mm, SPACE=LPS"


def test_surface_lies_at_the_radius_of_the_vessel(graph: AorticGraph) -> None:
    corners = surface_mesh(graph.labels, graph.grid).vertices
    belt = corners[(np.abs(corners[:, 2]) < 5) & (corners[:, 1] < 10)]
    reach = np.hypot(belt[:, 0], belt[:, 1] + 20)
    assert reach.mean() == pytest.approx(ASCENDING_RADIUS_MM, abs=0.3)
    assert np.abs(reach - ASCENDING_RADIUS_MM).max() < 1.0


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_surface_follows_a_turned_and_mirrored_grid(graph: AorticGraph, axes: tuple[int, int, int]) -> None:
    """Columns of the affine in another order, one of them backwards: the place in the patient is the same."""
    nz, _, _ = graph.labels.shape
    flipped = graph.grid.affine.copy()
    flipped[:3, 3] = apply_affine(graph.grid.affine, [0, 0, nz - 1])
    flipped[:3, 2] *= -1
    order_ijk = list(axes)
    affine = flipped.copy()
    affine[:3, :3] = flipped[:3, order_ijk]
    labels = np.ascontiguousarray(graph.labels[::-1].transpose([2 - axis for axis in order_ijk[::-1]]))
    shape = (labels.shape[0], labels.shape[1], labels.shape[2])
    mesh = surface_mesh(labels, Grid(shape, affine))
    upright = surface_mesh(graph.labels, graph.grid)
    assert np.allclose(mesh.bounds, upright.bounds, atol=0.2)
    assert mesh.volume == pytest.approx(upright.volume, rel=0.005)


def test_mask_reads_back_where_it_was(folder: Path, graph: AorticGraph) -> None:
    labels, grid = read_voxels(folder / "mask.nrrd")
    assert labels.dtype == np.uint8
    assert np.array_equal(labels, graph.labels)
    assert np.allclose(grid.affine, graph.grid.affine)
    assert b"2 brachiocephalic" in (folder / "mask.nrrd").read_bytes()[:400]


def test_csv_has_a_row_for_every_point(folder: Path, graph: AorticGraph) -> None:
    with (folder / "diameters.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(branch.points_mm) for branch in graph.branches)
    last = [row for row in rows if row["branch"] == "descending"][-1]
    assert float(last["arc_length_mm"]) == pytest.approx(65.0, abs=ROUNDING_MM)
    assert float(last["z_mm"]) == pytest.approx(-45.0)
    assert float(last["diameter_mm"]) == pytest.approx(22.5)
    assert float(last["inscribed_radius_mm"]) == pytest.approx(11.0)


def test_landmarks_open_in_slicer_as_lps_points(folder: Path, graph: AorticGraph) -> None:
    (markup,) = json.loads((folder / "landmarks.mrk.json").read_text(encoding="utf-8"))["markups"]
    assert markup["coordinateSystem"] == "LPS"
    assert [point["label"] for point in markup["controlPoints"]] == ["annulus", "mid-ascending"]
    assert markup["controlPoints"][0]["position"] == [0.0, -20.0, -20.0]


def test_refused_graph_writes_its_reasons_only(tmp_path: Path) -> None:
    assert export_graph(refused_graph(), tmp_path) == [tmp_path / "graph.json"]
    document = json.loads((tmp_path / "graph.json").read_text(encoding="utf-8"))
    assert document["verdict"] == "refused"
    assert document["warnings"][0]["text"] == "There is no contrast in the aorta."


def test_no_number_is_lost_to_nan(graph: AorticGraph, tmp_path: Path) -> None:
    first = graph.branches[0]
    broken = Branch(
        first.id,
        first.name,
        first.start,
        first.end,
        first.points_mm,
        first.inscribed_radius_mm,
        first.diameter_mm * np.nan,
        0.5,
    )
    with pytest.raises(ValueError, match="JSON compliant"):
        export_graph(replace(graph, branches=(broken,)), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_same_graph_gives_the_same_bytes(graph: AorticGraph, tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        export_graph(graph, tmp_path / name)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_numbers_are_rounded_to_hundredths(graph: AorticGraph) -> None:
    moved = replace(graph.landmarks[0], point_mm=np.array([-0.0001, 1.23456, 2.0]))
    document = graph_document(replace(graph, landmarks=(moved,)))
    assert str(document["landmarks"][0]["point_mm"]) == "[0.0, 1.23, 2.0]"
