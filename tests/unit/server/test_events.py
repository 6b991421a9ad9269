from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from heartbox.server.app import Settings
from unit.server.sectors import Api, make_sector, running

SENT = make_sector()


def _events(api: Api, place: str, last: str | None = None) -> list[tuple[int, dict[str, Any]]]:
    headers = {} if last is None else {"Last-Event-ID": last}
    answer = api.client.get(f"{place}/events", headers=headers)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert answer.headers["Cache-Control"] == "no-store"
    events = []
    for block in answer.text.replace("\r\n", "\n").split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if lines:
            assert lines["event"] == "state"
            events.append((int(lines["id"]), json.loads(lines["data"])))
    return events


def test_events_tell_the_job_until_it_has_ended(tmp_path: Path) -> None:
    with running(Settings(tmp_path, page=None), work="unit.jobs.works:slow") as api:
        place = api.job(SENT)
        threading.Timer(1.0, (tmp_path / "go").touch).start()
        events = _events(api, place)
        ids = [number for number, _ in events]
        assert ids == sorted(set(ids))
        assert events[-1][1] == api.client.get(place).json()
        assert events[-1][1]["state"] == "done"
        assert [job["step"] for _, job in events if job["state"] == "running" and job["step"]]
        shares = [job["progress"] for _, job in events]
        assert shares == sorted(shares)


def test_who_was_cut_off_goes_on_after_the_last_event_he_saw(api: Api) -> None:
    place = api.job(SENT)
    job = api.ended(place)
    ((last, told),) = _events(api, place)
    assert told == job
    assert _events(api, place, last=str(last - 1)) == [(last, job)]
    assert _events(api, place, last="nonsense") == [(last, job)]
    over = api.client.get(f"{place}/events", headers={"Last-Event-ID": str(last)})
    assert (over.status_code, over.content) == (204, b"")


def test_a_deleted_job_ends_its_events(tmp_path: Path) -> None:
    with running(Settings(tmp_path, page=None), work="unit.jobs.works:slow") as api:
        place = api.job(SENT)
        threading.Timer(0.5, lambda: api.kept.queue.delete(place.rsplit("/", 1)[1])).start()
        assert all(job["state"] in ("waiting", "running") for _, job in _events(api, place))
