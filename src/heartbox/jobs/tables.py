"""The tables of the database, as `migrations` build them."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Float, ForeignKey, Integer, MetaData, String, Table

metadata = MetaData()

#: One row a sector; ``attempt`` names the run that may write to it, and its results' folder.
jobs = Table(
    "jobs",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("id", String(32), nullable=False, unique=True),
    Column("sector_sha256", String(64), nullable=False, unique=True),
    Column("upload", String(32), nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("attempt", String(32), nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("deaths", Integer, nullable=False),
    Column("progress", Float, nullable=False),
    Column("step", String(80), nullable=False),
    Column("verdict", String(16), nullable=True),
    Column("warnings", JSON, nullable=False),
    Column("problem", JSON, nullable=True),
    Column("created", String(32), nullable=False),
    sqlite_autoincrement=True,
)

#: The files of a finished job; each lies on the disk under its digest.
results = Table(
    "results",
    metadata,
    Column("job", String(32), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("bytes", Integer, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("media_type", String(80), nullable=False),
)
