"""Jobs as rows: what was accepted is on the disk before anybody is told so.

SQLite in WAL mode with ``synchronous=FULL``: a commit survives the loss of power. Every change of a
row raises its ``version``, so a listener who knows the last one he saw has missed nothing. A run of
a job holds an attempt id; what comes from an earlier attempt is ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

from alembic import command
from alembic.config import Config
from sqlalchemy import URL, Connection, Engine, create_engine, delete, event, insert, select, update
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError

from heartbox.jobs.folders import new_id
from heartbox.jobs.tables import jobs, results
from heartbox.problems import Problem

State: TypeAlias = Literal["waiting", "running", "done", "refused", "failed", "cancelled"]

#: States that a job does not leave by itself.
FINAL: frozenset[State] = frozenset({"done", "refused", "failed", "cancelled"})
#: States out of which the same sector, sent again, begins anew.
AGAIN: frozenset[State] = frozenset({"failed", "cancelled"})

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA busy_timeout=20000",
)
_FRESH: Mapping[str, Any] = {
    "state": "waiting",
    "attempt": None,
    "attempts": 0,
    "deaths": 0,
    "progress": 0.0,
    "step": "",
    "verdict": None,
    "warnings": [],
    "problem": None,
}


@dataclass(frozen=True)
class Result:
    """One file of a finished job; ``sha256`` is also its name on the disk."""

    name: str
    bytes: int
    sha256: str
    media_type: str


@dataclass(frozen=True)
class Job:
    """One row, with its results; ``progress`` is 0..1, ``created`` UTC."""

    id: str
    sector_sha256: str
    upload: str
    state: State
    version: int
    attempt: str | None
    attempts: int
    deaths: int
    progress: float
    step: str
    verdict: str | None
    warnings: list[dict[str, str]]
    problem: dict[str, Any] | None
    created: str
    results: tuple[Result, ...]


@dataclass(frozen=True)
class Outcome:
    """How an attempt ended: with a graph's verdict and files, or with a refusal."""

    verdict: str | None
    warnings: Sequence[dict[str, str]] = ()
    problem: dict[str, Any] | None = None
    results: Sequence[Result] = ()

    @property
    def state(self) -> State:
        """``done``, or ``refused`` when no aorta was measured."""
        return "refused" if self.verdict in (None, "refused") else "done"


class Store:
    """The jobs of one data folder; safe from several threads and processes at once.

    Parameters
    ----------
    database : the SQLite file; made when it is missing

    Raises
    ------
    Problem
        ``storage-unwritable`` on any call, when the database or its disk refuses.
    """

    def __init__(self, database: Path) -> None:
        self._engine = _engine(database)
        self._reader = self._engine.execution_options(reading=True)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def migrate(self) -> None:
        """Bring the tables to what this version needs."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        config.set_main_option("path_separator", "newline")
        with self._writing() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def all(self) -> list[Job]:
        """List all jobs, the newest first."""
        with self._reading() as connection:
            return _jobs(connection, jobs.c.id.is_not(None))

    def get(self, job: str) -> Job | None:
        """Return one job by its id."""
        with self._reading() as connection:
            return next(iter(_jobs(connection, jobs.c.id == job)), None)

    def of_sector(self, sha256: str) -> Job | None:
        """Return the job of a sector by the digest of its voxels' file."""
        with self._reading() as connection:
            return next(iter(_jobs(connection, jobs.c.sector_sha256 == sha256)), None)

    def of_upload(self, upload: str) -> Job | None:
        """Return the job whose sector is this upload."""
        with self._reading() as connection:
            return next(iter(_jobs(connection, jobs.c.upload == upload)), None)

    def add(self, sha256: str, upload: str) -> Job:
        """Accept a sector: a new row, or the row that it has already.

        A job that failed or was cancelled begins anew; its own upload stays the one in use.
        """
        with self._writing() as connection:
            known = _jobs(connection, jobs.c.sector_sha256 == sha256)
            if not known:
                created = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
                row = {"id": new_id(), "sector_sha256": sha256, "upload": upload, "version": 1}
                connection.execute(insert(jobs).values(created=created, **row, **_FRESH))
            elif known[0].state in AGAIN:
                connection.execute(delete(results).where(results.c.job == known[0].id))
                _change(connection, jobs.c.id == known[0].id, **_FRESH)
            return _jobs(connection, jobs.c.sector_sha256 == sha256)[0]

    def claim(self) -> Job | None:
        """Take the job that has waited longest, under a new attempt id."""
        waiting = select(jobs.c.id).where(jobs.c.state == "waiting").order_by(jobs.c.number).limit(1)
        with self._writing() as connection:
            job = connection.scalar(waiting)
            if job is None:
                return None
            attempts = jobs.c.attempts + 1
            begun = {
                "state": "running",
                "attempt": new_id(),
                "attempts": attempts,
                "progress": 0.0,
                "step": "",
            }
            _change(connection, jobs.c.id == job, **begun)
            return _jobs(connection, jobs.c.id == job)[0]

    def report(self, attempt: str, share: float, step: str) -> bool:
        """Write how far an attempt is (0..1); False when it is no longer wanted."""
        now = {"progress": round(min(max(share, 0.0), 1.0), 3), "step": step[:80]}
        with self._writing() as connection:
            return _change(connection, _runs(attempt), **now)

    def finish(self, attempt: str, outcome: Outcome) -> bool:
        """Write an attempt's outcome; False, and nothing is written, when it is no longer wanted."""
        end = {
            "state": outcome.state,
            "progress": 1.0,
            "step": "",
            "verdict": outcome.verdict,
            "warnings": list(outcome.warnings),
            "problem": outcome.problem,
        }
        with self._writing() as connection:
            job = connection.scalar(select(jobs.c.id).where(_runs(attempt)))
            if job is None:
                return False
            connection.execute(delete(results).where(results.c.job == job))
            if outcome.results:
                rows = [{"job": job, **vars(result)} for result in outcome.results]
                connection.execute(insert(results), rows)
            return _change(connection, _runs(attempt), **end)

    def fail(self, attempt: str, problem: dict[str, Any]) -> bool:
        """Write that an attempt failed by a fault of ours; False when it is no longer wanted."""
        with self._writing() as connection:
            return _change(connection, _runs(attempt), state="failed", step="", problem=problem)

    def put_back(self, attempt: str, deaths: int = 0) -> bool:
        """Let the job of an attempt wait again, with this many dead workers more on its account."""
        back = {"state": "waiting", "attempt": None, "progress": 0.0, "step": ""}
        with self._writing() as connection:
            return _change(connection, _runs(attempt), deaths=jobs.c.deaths + deaths, **back)

    def cancel(self, job: str) -> bool:
        """Cancel a job that waits or runs; False when it is over or unknown."""
        alive = (jobs.c.id == job) & jobs.c.state.in_(("waiting", "running"))
        with self._writing() as connection:
            return _change(connection, alive, state="cancelled", attempt=None, step="")

    def delete(self, job: str) -> Job | None:
        """Delete a job's rows and return what they said."""
        with self._writing() as connection:
            known = _jobs(connection, jobs.c.id == job)
            connection.execute(delete(jobs).where(jobs.c.id == job))
        self._empty_log()
        return known[0] if known else None

    def resume(self) -> list[Job]:
        """Let the jobs that a stopped server left running wait again; return those that do."""
        with self._writing() as connection:
            back = {"state": "waiting", "attempt": None, "progress": 0.0, "step": ""}
            _change(connection, jobs.c.state == "running", **back)
            return _jobs(connection, jobs.c.state == "waiting")

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with _disk_problems(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with _disk_problems(), self._engine.begin() as connection:
            yield connection

    def _empty_log(self) -> None:
        """Overwrite what the write-ahead log still holds of deleted rows."""
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()


@contextmanager
def _disk_problems() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        raise Problem("storage-unwritable", reason=str(error.orig)) from error


def _engine(database: Path) -> Engine:
    engine = create_engine(URL.create("sqlite", database=str(database)))

    @event.listens_for(engine, "connect")
    def _prepare(connection: DBAPIConnection, record: object) -> None:
        connection.isolation_level = None  # sqlite3 begins nothing: `_begin` does
        for pragma in _PRAGMAS:
            connection.cursor().execute(pragma).close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A write lock from the start: two writers wait for each other instead of failing half way.
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine


def _runs(attempt: str) -> Any:
    return (jobs.c.attempt == attempt) & (jobs.c.state == "running")


def _change(connection: Connection, where: Any, **values: Any) -> bool:
    changed = connection.execute(update(jobs).where(where).values(version=jobs.c.version + 1, **values))
    return changed.rowcount > 0


def _jobs(connection: Connection, where: Any) -> list[Job]:
    rows = connection.execute(select(jobs).where(where).order_by(jobs.c.number.desc())).mappings().all()
    files: dict[str, list[Result]] = {row["id"]: [] for row in rows}
    found = select(results).join(jobs, results.c.job == jobs.c.id).where(where).order_by(results.c.name)
    for file in connection.execute(found).mappings():
        fields = {key: value for key, value in file.items() if key != "job"}
        files[file["job"]].append(Result(**fields))
    return [
        Job(results=tuple(files[row["id"]]), **{key: row[key] for key in row if key != "number"})
        for row in rows
    ]
