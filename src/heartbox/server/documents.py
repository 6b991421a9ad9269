"""The shapes of the API's requests and answers, as OpenAPI tells them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from heartbox.contract import load_json
from heartbox.jobs.store import Job

PROBLEM_TYPE = "application/problem+json"
REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A refusal (RFC 9457), its code from contract/problems.json",
        "content": {PROBLEM_TYPE: {"schema": load_json("schemas/problem.schema.json")}},
    }
}


class NewJob(BaseModel):
    """A sector that has arrived, and what travels beside it."""

    model_config = ConfigDict(extra="forbid")

    upload: str = Field(description="id of the upload")
    fields: dict[str, Any] = Field(description="the closed list of fields: heartbox.sector/1")


class WarningDocument(BaseModel):
    """Something odd that did not stop the work."""

    code: str
    text: str


class ResultDocument(BaseModel):
    """One file of a finished job."""

    name: str
    bytes: int
    sha256: str
    media_type: str


class JobDocument(BaseModel):
    """A job as it is now; ``verdict`` is the graph's, ``problem`` says why there is no graph."""

    id: str
    state: Literal["waiting", "running", "done", "refused", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1)
    step: str
    verdict: Literal["complete", "degraded", "refused"] | None
    warnings: list[WarningDocument]
    problem: dict[str, Any] | None
    results: list[ResultDocument]
    created: str = Field(description="UTC, ISO 8601")
    attempts: int
    sector_sha256: str

    @classmethod
    def of(cls, job: Job) -> JobDocument:
        """Tell of a row what is anybody's business."""
        told = {name: getattr(job, name) for name in cls.model_fields if name != "results"}
        return cls(results=[ResultDocument(**vars(result)) for result in job.results], **told)


class ExampleFile(BaseModel):
    """One file of the example study."""

    name: str
    bytes: int


class ExampleDocument(BaseModel):
    """The example study: what it is, whom to thank, and its files."""

    name: str
    attribution: str
    files: list[ExampleFile]


class HealthDocument(BaseModel):
    """The server is up."""

    status: Literal["ok"]
    version: str
