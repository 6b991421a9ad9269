"""The sector arrives: tus 1.0.0, core protocol with creation and termination.

https://tus.io/protocols/resumable-upload/1.0.x. Metadata is the sector's SHA-256 and nothing else;
``Location`` is a path, so no header of a proxy has a say in it.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated

import anyio
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Request, Response
from starlette.requests import ClientDisconnect

from heartbox.contract import limit
from heartbox.jobs.store import Store
from heartbox.problems import Problem
from heartbox.server.documents import REFUSALS
from heartbox.server.incoming import Incoming, Upload, Writer, too_long

PREFIX = "/api/uploads"
VERSION = "1.0.0"
#: Bytes gathered before they are written; what a killed server had not written is sent again.
_PIECE_BYTES = 1 << 20
_CONTENT_TYPE = "application/offset+octet-stream"
_EXTENSIONS = "creation,termination"
_DIGITS = re.compile(r"[0-9]{1,15}")
_SHA256 = re.compile(rb"[0-9a-f]{64}")

_Number = Annotated[str, Header(description="bytes, a whole number")]
_Metadata = Annotated[str, Header(description="`sha256 ` and the base64 of the 64 hexadecimal digits")]
_Version = Annotated[str, Header(description=f"{VERSION}")]
_OffsetType = Annotated[str, Header(alias="Content-Type", description=_CONTENT_TYPE)]


def upload_routes(incoming: Incoming, store: Store) -> APIRouter:
    """Return the five routes of an upload."""
    routes = APIRouter(prefix=PREFIX, tags=["uploads"], responses=REFUSALS, default_response_class=Response)

    @routes.options("", status_code=204, summary="What this server takes")
    def describe() -> Response:
        most = str(int(limit("upload_bytes")))
        return _answer(204, {"Tus-Version": VERSION, "Tus-Extension": _EXTENSIONS, "Tus-Max-Size": most})

    @routes.post("", status_code=201, summary="Announce a sector: its length and its SHA-256")
    def create(
        tus_resumable: _Version = "", upload_length: _Number = "", upload_metadata: _Metadata = ""
    ) -> Response:
        _check_version(tus_resumable)
        upload = incoming.create(_length(upload_length), _announced_sha256(upload_metadata))
        return _answer(201, {"Location": f"{PREFIX}/{upload.id}", **_state(upload)})

    @routes.head("/{upload}", summary="How many bytes have arrived")
    def ask(upload: str, tus_resumable: _Version = "") -> Response:
        _check_version(tus_resumable)
        return _answer(200, _state(incoming.get(upload)))

    @routes.patch("/{upload}", status_code=204, summary="Append bytes at the offset that HEAD tells")
    async def append(
        request: Request,
        upload: str,
        tus_resumable: _Version = "",
        upload_offset: _Number = "",
        content_type: _OffsetType = "",
    ) -> Response:
        _check_version(tus_resumable)
        if content_type != _CONTENT_TYPE:
            raise Problem("upload-media-type-unfit")
        with incoming.holding(upload) as known:
            now = await _append(incoming, known, _number("Upload-Offset", upload_offset), request)
        return _answer(204, _state(now))

    @routes.delete("/{upload}", status_code=204, summary="Give up an upload and delete what arrived")
    def delete(upload: str, tus_resumable: _Version = "") -> Response:
        _check_version(tus_resumable)
        with incoming.holding(upload):
            if store.of_upload(upload) is not None:
                raise Problem("upload-in-use")
            incoming.delete(upload)
        return _answer(204, {})

    return routes


async def _append(incoming: Incoming, upload: Upload, offset: int, request: Request) -> Upload:
    if offset != upload.offset_bytes:
        raise Problem("upload-offset-wrong", announced=offset, offset=upload.offset_bytes)
    announced = _number("Content-Length", request.headers.get("content-length", "0"))
    if offset + announced > upload.length_bytes:
        raise too_long(upload)
    writer = await run_sync(incoming.append, upload)
    return await _receive(request, writer)


async def _receive(request: Request, writer: Writer) -> Upload:
    """Write a body as it comes; a sender that goes away or falls silent leaves what arrived."""
    seconds = int(limit("upload_idle_seconds"))
    silent = False
    try:
        pieces = request.stream()
        gathered = bytearray()
        while True:
            try:
                with anyio.fail_after(seconds):
                    piece = await anext(pieces, None)
            except (TimeoutError, ClientDisconnect) as error:
                silent = isinstance(error, TimeoutError)
                break
            gathered += piece or b""
            if piece is None or len(gathered) >= _PIECE_BYTES:
                await run_sync(writer.write, bytes(gathered))
                gathered.clear()
            if piece is None:
                break
        if gathered:
            await run_sync(writer.write, bytes(gathered))
    finally:
        with anyio.CancelScope(shield=True):
            now = await run_sync(writer.close)
    if silent:
        raise Problem("upload-too-slow", seconds=seconds)
    return now


def _answer(status: int, headers: dict[str, str]) -> Response:
    return Response(status_code=status, headers={"Tus-Resumable": VERSION, **headers})


def _state(upload: Upload) -> dict[str, str]:
    digest = base64.b64encode(upload.sha256.encode()).decode()
    return {
        "Upload-Offset": str(upload.offset_bytes),
        "Upload-Length": str(upload.length_bytes),
        "Upload-Metadata": f"sha256 {digest}",
    }


def _check_version(version: str) -> None:
    if version != VERSION:
        raise Problem("upload-version-unfit")


def _number(name: str, text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise Problem("upload-unfit", reason=f"{name} is missing or no number of bytes")
    return int(text)


def _length(text: str) -> int:
    length = _number("Upload-Length", text)
    if length == 0:
        raise Problem("upload-unfit", reason="Upload-Length is 0")
    return length


def _announced_sha256(metadata: str) -> str:
    name, _, value = metadata.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if name != "sha256" or not _SHA256.fullmatch(digest):
        raise Problem("upload-unfit", reason="Upload-Metadata must hold a sha256 and nothing else")
    return digest.decode()
