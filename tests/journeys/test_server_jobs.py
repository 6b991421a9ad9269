"""A sector's way through the server to the graph, with the work that is really done."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from heartbox.geometry import Box
from heartbox.intake.door import open_series
from heartbox.jobs.executor import ProcessExecutor
from heartbox.jobs.queue import GRAPH_SECTOR
from heartbox.nrrd import read_nrrd
from heartbox.sector import Sector, cut_sector, write_sector
from heartbox.server.app import Settings
from journeys.conftest import Heartbox
from unit.server.sectors import Api, Sent, make_sector, running

SHARED = Path(__file__).parents[2] / "../shared/data/sectors"


def _sent(folder: Path) -> Sent:
    fields = json.loads((folder / "sector.json").read_text(encoding="utf-8"))
    return Sent((folder / "sector.nrrd").read_bytes(), fields["sha256"], fields)


def _graph_by_server(sent: Sent, data: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    executor = ProcessExecutor()
    with running(Settings(data, page=None), executor, GRAPH_SECTOR) as api:
        place = api.job(sent)
        job = api.ended(place)
        files = {
            result["name"]: api.client.get(f"{place}/results/{result['name']}").content
            for result in job["results"]
        }
        api.client.delete(place)
        assert not [path for path in (data / "uploads", data / "results") if list(path.iterdir())]
    return job, files


def _same_as_the_command_line(sector: Path, heartbox: Heartbox, data: Path) -> dict[str, Any]:
    """Have one sector drawn both ways; return the job."""
    said = heartbox("graph", sector, "-o", "graph", "--json")
    job, files = _graph_by_server(_sent(sector), data)
    assert json.loads(files["graph.json"]) == said.document
    assert set(files) == {path.name for path in Path("graph").iterdir()}
    for name in files:
        assert files[name] == (Path("graph") / name).read_bytes(), name
    assert job["verdict"] == said.document["verdict"]
    return job


def test_the_server_draws_what_the_command_line_draws(
    phantom: Path, heartbox: Heartbox, tmp_path: Path
) -> None:
    truth = json.loads((phantom / "truth.json").read_text(encoding="utf-8"))
    volume = open_series(phantom / "series").volume
    (tmp_path / "sector").mkdir()
    write_sector(cut_sector(volume, Box.of(truth["heart_box_lps_mm"])), tmp_path / "sector")
    _same_as_the_command_line(tmp_path / "sector", heartbox, tmp_path / "data")


@pytest.mark.shared
def test_a_real_sector_is_drawn_as_by_the_command_line(heartbox: Heartbox, tmp_path: Path) -> None:
    if not (SHARED / "ts_aorta_ct.nrrd").is_file():
        pytest.skip("the data beside the checkout is not there")
    volume = read_nrrd(SHARED / "ts_aorta_ct.nrrd")
    box = volume.grid.bounds_mm
    (tmp_path / "sector").mkdir()
    write_sector(Sector(volume, box, box, (0.0,) * 6, "drawn"), tmp_path / "sector")
    job = _same_as_the_command_line(tmp_path / "sector", heartbox, tmp_path / "data")
    assert job["state"] == "done"


def _begun(api: Api, place: str) -> None:
    deadline = time.monotonic() + 60
    while not api.client.get(place).json()["step"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_killed_worker_is_replaced_and_its_job_tried_once_more(tmp_path: Path) -> None:
    executor = ProcessExecutor()
    with running(Settings(tmp_path, page=None), executor, "unit.jobs.works:slow") as api:
        place = api.job(make_sector())
        _begun(api, place)
        (tmp_path / "go").touch()
        os.kill(executor.worker, signal.SIGKILL)
        job = api.ended(place)
    assert (job["state"], job["attempts"]) == ("done", 2)


def test_cancelling_ends_the_worker_at_once(tmp_path: Path) -> None:
    executor = ProcessExecutor()
    with running(Settings(tmp_path, page=None), executor, "unit.jobs.works:slow") as api:
        place = api.job(make_sector())
        _begun(api, place)
        worker = executor.worker
        assert api.client.post(f"{place}/cancel").json()["state"] == "cancelled"
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
        assert api.ended(place)["results"] == []
