"""From a series to the report, and the same in steps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from vtkmodules.vtkIOXML import vtkXMLPolyDataReader

from heartbox import contract
from heartbox.geometry import Box
from heartbox.picture import MOST_BYTES
from journeys.conftest import Heartbox, Said, run_heartbox

RESULTS = {
    "box.json",
    "centreline.vtp",
    "diameters.csv",
    "graph.graphml",
    "graph.json",
    "graph.png",
    "heart.png",
    "landmarks.mrk.json",
    "mask.nrrd",
    "report.html",
    "sector.json",
    "sector.nrrd",
    "surface.stl",
}
LEAST_IOU = 0.75


@pytest.fixture(scope="module")
def walked(phantom: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    folder = tmp_path_factory.mktemp("run") / "out"
    said = run_heartbox("run", phantom / "series", "-o", folder, "--json")
    return folder, said


def test_run_writes_everything_and_nothing_else(walked: tuple[Path, Said]) -> None:
    folder, said = walked
    assert said.code == 0, said.err
    assert {path.name for path in folder.iterdir()} == RESULTS == set(said.document["files"])
    assert [path.name for path in folder.parent.iterdir()] == ["out"]


def test_documents_fit_their_schemas(walked: tuple[Path, Said]) -> None:
    folder, said = walked
    for name, schema in (("box", "locate"), ("sector", "sector"), ("graph", "graph")):
        document = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        contract.check(schema, document)
        assert document == said.document[schema]


def test_heart_box_is_the_phantoms(walked: tuple[Path, Said], phantom: Path) -> None:
    truth = json.loads((phantom / "truth.json").read_text(encoding="utf-8"))
    found = Box.of(walked[1].document["locate"]["heart_box_lps_mm"])
    assert found.iou(Box.of(truth["heart_box_lps_mm"])) >= LEAST_IOU


def test_centreline_opens_in_vtk_where_the_graph_says(walked: tuple[Path, Said]) -> None:
    folder, said = walked
    reader = vtkXMLPolyDataReader()
    reader.SetFileName(str(folder / "centreline.vtp"))
    reader.Update()
    lines = reader.GetOutput()
    branches = said.document["graph"]["branches"]
    assert lines.GetNumberOfLines() == len(branches)
    assert lines.GetPoint(0) == pytest.approx(branches[0]["points_mm"][0], abs=0.01)


def test_report_tells_the_numbers_of_the_documents(walked: tuple[Path, Said]) -> None:
    folder, said = walked
    page = (folder / "report.html").read_text(encoding="utf-8")
    for branch in said.document["graph"]["branches"]:
        assert f"{branch['length_mm']:.1f}" in page
    assert "Not a medical device" in page
    assert (folder / "heart.png").stat().st_size < MOST_BYTES


def test_nothing_of_the_patient_is_in_any_result(walked: tuple[Path, Said], phantom: Path) -> None:
    import pydicom

    folder, said = walked
    first = pydicom.dcmread(min((phantom / "series").iterdir()))
    secrets = [str(first.get(name, "")) for name in ("PatientName", "PatientID", "StudyInstanceUID")]
    secrets += [first.SeriesInstanceUID, first.SOPInstanceUID]
    assert all(len(secret) > 3 for secret in secrets)
    told = said.out + said.err + "".join(path.read_bytes().decode("latin-1") for path in folder.iterdir())
    for secret in secrets:
        assert secret not in told


def test_steps_one_by_one_give_the_same(walked: tuple[Path, Said], phantom: Path, heartbox: Heartbox) -> None:
    folder, said = walked
    cut = heartbox("sector", "-i", phantom / "series", "-o", "cut", "--json")
    assert cut.code == 0, cut.err
    assert cut.document == said.document["sector"]
    assert Path("cut/sector.nrrd").read_bytes() == (folder / "sector.nrrd").read_bytes()
    drawn = heartbox("graph", "cut", "-o", "drawn", "--json")
    assert drawn.code == 0, drawn.err
    assert drawn.document == said.document["graph"]
    for name in ("graph.json", "mask.nrrd", "centreline.vtp", "graph.png"):
        assert Path("drawn", name).read_bytes() == (folder / name).read_bytes(), name
    assert sorted(path.name for path in Path().iterdir()) == ["cut", "drawn"]


def test_words_name_branches_pictures_and_report(phantom: Path, heartbox: Heartbox) -> None:
    said = heartbox("run", phantom / "series")
    assert said.code == 0, said.err
    for words in (
        "heart",
        "descending",
        "Sector" if "Sector" in said.out else "sector",
        "heartbox-run/report.html",
    ):
        assert words in said.out
    assert "Not a medical device: for research use." in said.out
    assert "finding the heart" in said.err
