"""The aortic graph as files that other programs open: JSON, GraphML, VTP, STL, NRRD, CSV, Markups."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import numpy.typing as npt
import trimesh
from skimage.measure import marching_cubes
from trimesh.smoothing import filter_taubin

from heartbox import contract
from heartbox.aorta.model import LABELS, AorticGraph, Branch, Landmark
from heartbox.geometry import Grid, apply_affine
from heartbox.nrrd import write_nrrd

GRAPH_NAME = "graph.json"

#: Positions and lengths are written to this many decimals of a millimetre.
_DECIMALS = 2
#: Taubin passes over the marching-cubes surface: steps of voxels go, the volume stays.
_SMOOTHING_PASSES = 10
#: Slicer reads the frame of an STL from its 80-byte header.
_STL_HEADER = b"heartbox, mm, SPACE=LPS".ljust(80)
_CSV_COLUMNS = (
    "branch_id",
    "branch",
    "arc_length_mm",
    "x_mm",
    "y_mm",
    "z_mm",
    "inscribed_radius_mm",
    "diameter_mm",
)
_MARKUPS_SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)


def export_graph(graph: AorticGraph, folder: Path) -> list[Path]:
    """Write everything there is to say about a graph into an existing folder.

    A refused graph has nothing but its reasons: only ``graph.json`` is written.

    Parameters
    ----------
    graph : what ``build_graph`` gave
    folder : where ``graph.json``, ``graph.graphml``, ``centreline.vtp``, ``surface.stl``,
        ``mask.nrrd``, ``diameters.csv`` and ``landmarks.mrk.json`` go; all in LPS mm; what would be
        empty is left out

    Returns
    -------
    the files written, ``graph.json`` first

    Raises
    ------
    jsonschema.ValidationError
        When the graph does not fit its schema (a fault of this program, not of the input).
    OSError
        When the folder cannot be written.
    """
    document = graph_document(graph)
    contract.check("graph", document)
    files = {GRAPH_NAME: _json(document)}
    if graph.verdict != "refused":
        files |= _measured_files(graph)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    written = [folder / name for name in files]
    if graph.verdict != "refused":
        written.append(folder / "mask.nrrd")
        names = ", ".join(f"{number} {name}" for name, number in LABELS.items())
        write_nrrd(written[-1], graph.labels, graph.grid, content=f"labels: {names}")
    return written


def _measured_files(graph: AorticGraph) -> dict[str, bytes]:
    files = {"graph.graphml": _graphml(graph)}
    if graph.branches:
        files["centreline.vtp"] = _centreline_vtp(graph)
        files["diameters.csv"] = _diameters_csv(graph)
    if graph.labels.any():
        files["surface.stl"] = _surface_stl(graph.labels, graph.grid)
    if graph.landmarks:
        files["landmarks.mrk.json"] = _json(_markups(graph.landmarks))
    return files


def graph_document(graph: AorticGraph) -> dict[str, Any]:
    """Return the graph as the JSON document of the schema ``graph``; LPS mm to 0.01 mm."""
    nodes = [
        {
            "id": node.id,
            "kind": node.kind,
            "name": node.name,
            "point_mm": _rounded(node.point_mm),
            "confidence": round(float(node.confidence), 3),
        }
        for node in graph.nodes
    ]
    return {
        "schema": "heartbox.graph/1",
        "frame": "LPS",
        "unit": "mm",
        "verdict": graph.verdict,
        "warnings": [warning.as_json() for warning in graph.warnings],
        "nodes": nodes,
        "branches": [_branch_document(branch) for branch in graph.branches],
        "landmarks": [_landmark_document(landmark) for landmark in graph.landmarks],
        "provenance": dict(graph.provenance),
    }


def _branch_document(branch: Branch) -> dict[str, Any]:
    return {
        "id": branch.id,
        "name": branch.name,
        "from": branch.start,
        "to": branch.end,
        "length_mm": _rounded(branch.length_mm),
        "points_mm": _rounded(branch.points_mm),
        "inscribed_radius_mm": _rounded(branch.inscribed_radius_mm),
        "diameter_mm": _rounded(branch.diameter_mm),
        "confidence": round(float(branch.confidence), 3),
    }


def _landmark_document(landmark: Landmark) -> dict[str, Any]:
    width = landmark.diameter
    return {
        "name": landmark.name,
        "point_mm": _rounded(landmark.point_mm),
        "diameter_mm": width
        and {
            "equivalent": _rounded(width.equivalent),
            "min": _rounded(width.min),
            "max": _rounded(width.max),
        },
        "uncertainty_mm": _rounded(landmark.uncertainty_mm),
        "definition": landmark.definition,
    }


def _rounded(numbers: npt.ArrayLike) -> Any:
    """Round to the file's decimals; adding 0.0 turns -0.0 into 0.0."""
    return (np.round(np.asarray(numbers, dtype=np.float64), _DECIMALS) + 0.0).tolist()


def _json(document: Any) -> bytes:
    return (json.dumps(document, indent=1, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _graphml(graph: AorticGraph) -> bytes:
    """Nodes and branches for any graph program; a multigraph, since two branches may share both ends."""
    net = nx.MultiDiGraph(frame="LPS", unit="mm", verdict=graph.verdict)
    for node in graph.nodes:
        x, y, z = _rounded(node.point_mm)
        place = {"x_mm": x, "y_mm": y, "z_mm": z}
        net.add_node(node.id, name=node.name, kind=node.kind, confidence=float(node.confidence), **place)
    for branch in graph.branches:
        net.add_edge(
            branch.start,
            branch.end,
            key=branch.id,
            name=branch.name,
            length_mm=_rounded(branch.length_mm),
            mean_diameter_mm=_rounded(branch.diameter_mm.mean()),
            max_diameter_mm=_rounded(branch.diameter_mm.max()),
            confidence=float(branch.confidence),
        )
    return ("\n".join(nx.generate_graphml(net)) + "\n").encode()


def _centreline_vtp(graph: AorticGraph) -> bytes:
    """Write one polyline a branch as VTK XML PolyData (VTK file formats, 'XML file formats').

    The arrays are named as VMTK names them: the inscribed sphere's radius at each point.
    """
    points_mm = np.vstack([branch.points_mm for branch in graph.branches])
    ends = np.cumsum([len(branch.points_mm) for branch in graph.branches])
    radii = np.concatenate([branch.inscribed_radius_mm for branch in graph.branches])
    widths = np.concatenate([branch.diameter_mm for branch in graph.branches])
    names = [f"{byte}" for branch in graph.branches for byte in (*branch.name.encode(), 0)]
    frame = [f"{byte}" for byte in (*b"LPS", 0)]
    return "\n".join(
        [
            '<?xml version="1.0"?>',
            '<VTKFile type="PolyData" version="1.0" byte_order="LittleEndian" header_type="UInt64">',
            "<PolyData>",
            "<FieldData>" + _data_array("SPACE", frame, "String", 'NumberOfTuples="1"') + "</FieldData>",
            f'<Piece NumberOfPoints="{len(points_mm)}" NumberOfVerts="0" NumberOfLines="{len(ends)}" '
            'NumberOfStrips="0" NumberOfPolys="0">',
            "<PointData>",
            _data_array("MaximumInscribedSphereRadius", _rounded(radii), "Float32"),
            _data_array("Diameter", _rounded(widths), "Float32"),
            "</PointData>",
            "<CellData>" + _data_array("name", names, "String") + "</CellData>",
            "<Points>",
            _data_array("Points", _rounded(points_mm.ravel()), "Float32", 'NumberOfComponents="3"'),
            "</Points>",
            "<Lines>",
            _data_array("connectivity", range(len(points_mm)), "Int64"),
            _data_array("offsets", ends.tolist(), "Int64"),
            "</Lines>",
            "</Piece>",
            "</PolyData>",
            "</VTKFile>",
            "",
        ]
    ).encode()


def _data_array(name: str, values: Iterable[object], kind: str, extra: str = "") -> str:
    body = " ".join(str(value) for value in values)
    return f'<DataArray type="{kind}" Name="{name}" format="ascii" {extra}>{body}</DataArray>'


def surface_mesh(labels: npt.NDArray[np.uint8], grid: Grid) -> trimesh.Trimesh:
    """Wrap the labelled lumen in triangles.

    Marching cubes (Lewiner 2003) on the mask, one empty voxel around it so that the surface
    closes, then Taubin's smoothing (1995), which does not shrink it.

    Parameters
    ----------
    labels : (z, y, x) uint8 on ``grid``, not all 0

    Returns
    -------
    closed triangle mesh, LPS mm, normals outwards
    """
    filled = np.argwhere(labels > 0)
    low, high = filled.min(axis=0), filled.max(axis=0) + 1
    block = labels[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] > 0
    corners_zyx, faces, _, _ = marching_cubes(np.pad(block, 1).astype(np.float32), 0.5)
    points_mm = apply_affine(grid.affine, (corners_zyx + low - 1)[:, ::-1])
    mesh = trimesh.Trimesh(points_mm, faces, process=False)
    filter_taubin(mesh, iterations=_SMOOTHING_PASSES)
    if mesh.volume < 0:
        mesh.invert()
    return mesh


def _surface_stl(labels: npt.NDArray[np.uint8], grid: Grid) -> bytes:
    content = surface_mesh(labels, grid).export(file_type="stl")
    return _STL_HEADER + bytes(content)[len(_STL_HEADER) :]


def _diameters_csv(graph: AorticGraph) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(_CSV_COLUMNS)
    for branch in graph.branches:
        steps_mm = np.linalg.norm(np.diff(branch.points_mm, axis=0), axis=1)
        arc_length_mm = np.concatenate([[0.0], np.cumsum(steps_mm)])
        numbers = np.column_stack(
            [arc_length_mm, branch.points_mm, branch.inscribed_radius_mm, branch.diameter_mm]
        )
        table.writerows([branch.id, branch.name, *row] for row in _rounded(numbers))
    return text.getvalue().encode()


def _markups(landmarks: tuple[Landmark, ...]) -> dict[str, Any]:
    """Landmarks as a point list of 3D Slicer (Markups JSON 1.0.3)."""
    points = [
        {
            "id": str(number),
            "label": landmark.name,
            "description": landmark.definition,
            "position": _rounded(landmark.point_mm),
        }
        for number, landmark in enumerate(landmarks, start=1)
    ]
    markup = {"type": "Fiducial", "coordinateSystem": "LPS", "coordinateUnits": "mm", "controlPoints": points}
    return {"@schema": _MARKUPS_SCHEMA, "markups": [markup]}
