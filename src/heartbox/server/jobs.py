"""A sector becomes a job; the job is asked for, cancelled, read and deleted."""

from __future__ import annotations

import hashlib
from typing import Any

import jsonschema
import numpy as np
from fastapi import APIRouter, Request, Response
from fastapi.responses import FileResponse

from heartbox import contract
from heartbox.jobs.folders import Folders
from heartbox.jobs.queue import Queue
from heartbox.jobs.store import AGAIN, Job, Store
from heartbox.problems import Problem
from heartbox.sector import FIELDS_NAME
from heartbox.server.documents import REFUSALS, JobDocument, NewJob
from heartbox.server.incoming import Incoming, Upload

PREFIX = "/api/jobs"
#: The fields' affine and the header's may differ by this much, mm.
_SAME_PLACE_MM = 1e-4


def job_routes(incoming: Incoming, store: Store, queue: Queue, folders: Folders) -> APIRouter:
    """Return the routes of a job, but for its events."""
    routes = APIRouter(prefix=PREFIX, tags=["jobs"], responses=REFUSALS)

    @routes.post("", status_code=202, summary="Have the aortic graph of a sector drawn")
    def create(wanted: NewJob, response: Response) -> JobDocument:
        fields = _checked(wanted.fields)
        job = store.of_sector(fields["sha256"])
        if job is None or job.state in AGAIN:
            job = _accept(incoming, queue, wanted.upload, fields, job)
        if job.upload != wanted.upload:
            _drop(incoming, wanted.upload, fields["sha256"])
        response.headers["Location"] = f"{PREFIX}/{job.id}"
        return JobDocument.of(job)

    @routes.get("", summary="All jobs, the newest first")
    def list_all() -> list[JobDocument]:
        return [JobDocument.of(job) for job in store.all()]

    @routes.get("/{job}", summary="One job")
    def get(job: str) -> JobDocument:
        return JobDocument.of(known_job(store, job))

    @routes.post("/{job}/cancel", summary="Cancel a job that waits or runs")
    def cancel(job: str) -> JobDocument:
        return JobDocument.of(queue.cancel(job))

    @routes.delete("/{job}", status_code=204, summary="Delete a job, its sector and its results")
    def delete(job: str) -> Response:
        queue.delete(job)
        return Response(status_code=204)

    @routes.get("/{job}/results/{name}", summary="One result", response_class=FileResponse)
    def read(request: Request, job: str, name: str) -> Response:
        return _result(folders, known_job(store, job), name, request.headers.get("if-none-match", ""))

    return routes


def known_job(store: Store, job: str) -> Job:
    """Return a job by its id; Problem ``job-unknown``."""
    known = store.get(job)
    if known is None:
        raise Problem("job-unknown")
    return known


def _checked(fields: dict[str, Any]) -> dict[str, Any]:
    try:
        contract.check("sector", fields)
    except jsonschema.ValidationError as error:
        # The validator's own words would repeat what was sent.
        place = ".".join(str(part) for part in error.absolute_path if part in _NAMES) or "their list"
        raise Problem("sector-unfit", name=FIELDS_NAME, reason=f"the fields do not fit: {place}") from error
    return fields


_NAMES = frozenset(contract.load_json("schemas/sector.schema.json")["properties"])


def _accept(incoming: Incoming, queue: Queue, upload: str, fields: dict[str, Any], job: Job | None) -> Job:
    """Check that voxels and fields belong together; a job that begins anew has them already."""
    if job is not None:
        return queue.accept(job.sector_sha256, job.upload)
    with incoming.holding(upload) as arrived:
        _check_match(incoming, arrived, fields)
        incoming.settle(upload, fields)
        return queue.accept(arrived.sha256, upload)


def _check_match(incoming: Incoming, arrived: Upload, fields: dict[str, Any]) -> None:
    grid = incoming.sound(arrived)
    same_place = np.allclose(grid.affine, fields["affine_lps"], rtol=0, atol=_SAME_PLACE_MM)
    if arrived.sha256 != fields["sha256"]:
        reason = "their digest is not the upload's"
    elif list(grid.shape) != fields["shape_zyx"] or not same_place:
        reason = "they describe another grid than the voxels' file"
    else:
        return
    raise Problem("sector-unfit", name=FIELDS_NAME, reason=reason)


def _drop(incoming: Incoming, upload: str, sha256: str) -> None:
    """Delete the second copy of a sector that is a job already."""
    try:
        with incoming.holding(upload) as again:
            if again.sha256 == sha256:
                incoming.delete(upload)
    except Problem as problem:
        if problem.code not in ("upload-unknown", "upload-busy"):
            raise


def _result(folders: Folders, job: Job, name: str, known_tags: str) -> Response:
    result = next((result for result in job.results if result.name == name), None)
    if result is None or job.attempt is None:
        raise Problem("result-unknown")
    headers = {"ETag": f'"{result.sha256}"', "Cache-Control": "private, no-cache"}
    if headers["ETag"] in known_tags:
        return Response(status_code=304, headers=headers)
    path = folders.results(job.attempt) / result.sha256
    try:
        with path.open("rb") as file:
            sound = hashlib.file_digest(file, "sha256").hexdigest() == result.sha256
    except FileNotFoundError:
        sound = False
    if not sound:
        raise Problem("result-damaged")
    return FileResponse(path, media_type=result.media_type, headers=headers)
