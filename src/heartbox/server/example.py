"""The example study: the files of one folder, read when they are asked for."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

from heartbox.contract import limit
from heartbox.problems import Problem
from heartbox.server.documents import REFUSALS, ExampleDocument, ExampleFile

#: Beside the images: ``{"name": ..., "attribution": ...}``.
ABOUT_NAME = ".example.json"
_NAME = "Example study"


def example_routes(folder: Path | None) -> APIRouter:
    """Return the routes of the example; without a folder there is none."""
    routes = APIRouter(prefix="/api/example", tags=["example"], responses=REFUSALS)

    @routes.get("", summary="What the example is, whom to thank, and its files")
    def tell() -> ExampleDocument:
        files = [ExampleFile(name=path.name, bytes=path.stat().st_size) for path in _files(folder)]
        if not files:
            raise Problem("example-missing")
        about = _about(folder)
        return ExampleDocument(
            name=about.get("name", _NAME), attribution=about.get("attribution", ""), files=files
        )

    @routes.get("/{name}", summary="One file of the example", response_class=FileResponse)
    def read(name: str) -> FileResponse:
        path = next((path for path in _files(folder) if path.name == name), None)
        if path is None:
            raise Problem("example-missing")
        return FileResponse(path, media_type="application/octet-stream")

    return routes


def _files(folder: Path | None) -> list[Path]:
    if folder is None or not folder.is_dir():
        return []
    files = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file()
        and not path.is_symlink()
        and not path.name.startswith(".")
        and path.name != ABOUT_NAME
    ]
    return files[: int(limit("files"))]


def _about(folder: Path | None) -> dict[str, str]:
    path = None if folder is None else folder / ABOUT_NAME
    if path is None or not path.is_file():
        return {}
    about = json.loads(path.read_text(encoding="utf-8"))
    return {name: str(about[name]) for name in ("name", "attribution") if name in about}
