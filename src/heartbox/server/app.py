"""The server: its rooms put together, and how it is run."""

from __future__ import annotations

import errno
import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from heartbox.jobs.executor import Executor, ProcessExecutor
from heartbox.jobs.folders import Folders
from heartbox.jobs.queue import GRAPH_SECTOR, Queue
from heartbox.jobs.store import Store
from heartbox.problems import Problem
from heartbox.server import uploads
from heartbox.server.documents import REFUSALS, HealthDocument, NewJob
from heartbox.server.events import event_routes
from heartbox.server.example import example_routes
from heartbox.server.incoming import Incoming
from heartbox.server.jobs import job_routes
from heartbox.server.page import add_page, page_folder
from heartbox.server.security import Guard, check_loopback, problem_response

_LOG = logging.getLogger(__name__)

#: Requests that still run when the server is told to stop have this long, seconds.
_GRACE_SECONDS = 3
_DESCRIPTION = "Draws the aortic graph of a heart's sector. Not a medical device: for research use."


@dataclass(frozen=True)
class Settings:
    """What a server is started with.

    Parameters
    ----------
    data : its folder; made when it is missing
    example : a folder with one study, or None
    page : the built page, or None
    """

    data: Path
    example: Path | None = None
    page: Path | None = field(default_factory=page_folder)


@dataclass(frozen=True)
class Keeping:
    """The open data folder: rows, disk, uploads and the queue that works."""

    folders: Folders
    store: Store
    incoming: Incoming
    queue: Queue


@contextmanager
def keeping(data: Path, executor: Executor, work: str = GRAPH_SECTOR) -> Iterator[Keeping]:
    """Open the data folder, resume what was unfinished, and close it in the end.

    Parameters
    ----------
    data : the folder; made when it is missing
    executor : where the work runs
    work : ``module:function``, what is done with a sector

    Raises
    ------
    Problem
        ``storage-unwritable``, ``data-in-use``.
    """
    folders = Folders(data)
    store = Store(folders.database)
    try:
        store.migrate()
        incoming = Incoming(folders)
        incoming.forget_old(time.time(), {job.upload for job in store.all()})
        queue = Queue(store, folders, [executor], work)
        queue.start()
        try:
            yield Keeping(folders, store, incoming, queue)
        finally:
            queue.close()
    finally:
        store.close()
        folders.close()


def create_app(kept: Keeping, settings: Settings) -> FastAPI:
    """Put the routes together over an open data folder; `Guard` belongs around them."""
    app = FastAPI(
        title="heartbox",
        version=_version(),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
    )
    app.add_exception_handler(Problem, _answer)
    app.add_exception_handler(RequestValidationError, _answer)
    app.add_exception_handler(HTTPException, _answer)
    app.add_exception_handler(Exception, _answer)
    app.include_router(uploads.upload_routes(kept.incoming, kept.store))
    app.include_router(job_routes(kept.incoming, kept.store, kept.queue, kept.folders))
    app.include_router(event_routes(kept.store))
    app.include_router(example_routes(settings.example))

    @app.get("/api/health", tags=["health"], summary="Whether the server is up", responses=REFUSALS)
    def health() -> HealthDocument:
        return HealthDocument(status="ok", version=_version())

    add_page(app, settings.page)
    return app


def serve(settings: Settings, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve until the process is told to stop.

    Parameters
    ----------
    host : an address of this computer
    port : 0 lets the system choose
    say : is told the address when the server answers there

    Raises
    ------
    Problem
        ``address-not-loopback``, ``port-taken``, ``data-in-use``, ``storage-unwritable``.
    """
    check_loopback(host)
    with _listening(host, port) as listener, keeping(settings.data, ProcessExecutor()) as kept:
        config = uvicorn.Config(
            Guard(create_app(kept, settings)),
            access_log=False,
            log_level="critical",  # a trace may quote what was sent; faults are named by `_LOG`
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        name = f"[{host}]" if ":" in host else host
        say(f"http://{name}:{listener.getsockname()[1]}/")
        uvicorn.Server(config).run(sockets=[listener])


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(128)
        except OSError as error:
            taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
            reason = "it is in use" if taken else (error.strerror or "no reason given")
            raise Problem("port-taken", host=host, port=port, reason=reason) from error
        yield listener


def _answer(request: Request, error: Exception) -> Response:
    headers = []
    if request.url.path.startswith(uploads.PREFIX):
        headers = [("Tus-Resumable", uploads.VERSION), ("Tus-Version", uploads.VERSION)]
    return problem_response(_problem(request, error), headers)


def _problem(request: Request, error: Exception) -> Problem:
    """Give every way a request can fail its code; nothing that was sent is repeated."""
    for fault in (error, error.__cause__):
        if isinstance(fault, Problem):
            return fault
    if isinstance(error, RequestValidationError):
        named = {
            str(part) for fault in error.errors() for part in fault["loc"] if part in NewJob.model_fields
        }
        return Problem("request-unfit", reason=f"it does not fit at {', '.join(sorted(named)) or 'its body'}")
    if isinstance(error, HTTPException):
        return _http_problem(request.method, error.status_code)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{Path(frame.filename).name}:{frame.lineno}"
    _LOG.error("%s at %s", type(error).__name__, where)
    return Problem("program-fault", kind=type(error).__name__, where=where)


def _http_problem(method: str, status: int) -> Problem:
    if status == 404:
        return Problem("route-unknown")
    if status == 405:
        return Problem("method-unfit", method=method)
    return Problem("request-unfit", reason=f"it ends in HTTP status {status}")


def _version() -> str:
    try:
        return version("heartbox")
    except PackageNotFoundError:
        return "0"
