"""A job's changes as server-sent events; who was cut off goes on with Last-Event-ID.

https://html.spec.whatwg.org/multipage/server-sent-events.html. An event's id is the row's version:
who names the last one he saw gets the newest state at once when it is another, so no end is missed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from heartbox.jobs.store import FINAL, Store
from heartbox.server.documents import REFUSALS, JobDocument
from heartbox.server.jobs import PREFIX, known_job

#: A row is looked at this often, seconds.
_LOOK_SECONDS = 0.2
#: A comment keeps a silent line open, seconds.
_PING_SECONDS = 15

_LastSeen = Annotated[str, Header(description="the id of the last event that arrived")]


def event_routes(store: Store) -> APIRouter:
    """Return the route of a job's events."""
    routes = APIRouter(prefix=PREFIX, tags=["jobs"], responses=REFUSALS)

    @routes.get(
        "/{job}/events",
        summary="A job's changes (event `state`), until it has ended",
        response_class=EventSourceResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    async def listen(job: str, last_event_id: _LastSeen = "") -> Response:
        known = await run_sync(known_job, store, job)
        if known.state in FINAL and last_event_id == str(known.version):
            return Response(status_code=204)  # tells an EventSource not to come again
        return EventSourceResponse(_changes(store, job, last_event_id), ping=_PING_SECONDS)

    return routes


async def _changes(store: Store, job: str, seen: str) -> AsyncIterator[ServerSentEvent]:
    while True:
        known = await run_sync(store.get, job)
        if known is None:
            return
        if seen != str(known.version):
            seen = str(known.version)
            yield ServerSentEvent(JobDocument.of(known).model_dump_json(), event="state", id=seen)
        if known.state in FINAL:
            return
        await anyio.sleep(_LOOK_SECONDS)
