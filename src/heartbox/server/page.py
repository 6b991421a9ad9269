"""The built page, and a page about the API; plain HTML without a script, nothing from elsewhere."""

from __future__ import annotations

import mimetypes
from html import escape
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

_IN_WHEEL = Path(__file__).parents[1] / "_page"
_IN_CHECKOUT = Path(__file__).parents[3] / "web" / "dist"
_NOT_BUILT = (
    "<h1>The page has not been built</h1>"
    "<p>In a checkout, 'npm ci' and 'npm run build' in the folder web make it; a wheel brings it along. "
    "The server itself works: see <a href='/docs'>its API</a>.</p>"
)

# Not every system's own table knows these.
for _media_type, _ending in (
    ("text/javascript", ".js"),
    ("text/javascript", ".mjs"),
    ("application/wasm", ".wasm"),
    ("application/octet-stream", ".onnx"),
):
    mimetypes.add_type(_media_type, _ending)


def page_folder() -> Path | None:
    """Return the folder of the built page, in a wheel or in a checkout; None when there is none."""
    built = (folder for folder in (_IN_WHEEL, _IN_CHECKOUT) if (folder / "index.html").is_file())
    return next(built, None)


def add_page(app: FastAPI, folder: Path | None) -> None:
    """Add ``/docs``, and ``/`` with all that belongs to the page."""

    @app.get("/docs", include_in_schema=False)
    def about_the_api() -> HTMLResponse:
        return HTMLResponse(_html("heartbox: the API", api_table(app.openapi())))

    if folder is not None:
        app.mount("/", StaticFiles(directory=folder, html=True))
        return

    @app.get("/", include_in_schema=False)
    def not_built() -> Response:
        return HTMLResponse(_html("heartbox", _NOT_BUILT), status_code=503)


def api_table(schema: dict[str, Any]) -> str:
    """Tell an OpenAPI document as an HTML table: one row a route."""
    rows = [
        f"<tr><td>{method.upper()}</td><td><code>{escape(path)}</code></td>"
        f"<td>{escape(route.get('summary', ''))}</td><td>{_inputs(route)}</td><td>{_answers(route)}</td></tr>"
        for path, methods in schema["paths"].items()
        for method, route in methods.items()
    ]
    head = "<tr><th>method</th><th>path</th><th>what it does</th><th>takes</th><th>answers</th></tr>"
    return (
        f"<h1>{escape(schema['info']['title'])} {escape(schema['info']['version'])}</h1>"
        f"<p>{escape(schema['info'].get('description', ''))} The whole description: "
        f"<a href='/openapi.json'>openapi.json</a>.</p><table>{head}{''.join(rows)}</table>"
    )


def _inputs(route: dict[str, Any]) -> str:
    named = [f"<code>{escape(given['name'])}</code> ({given['in']})" for given in route.get("parameters", ())]
    bodies = route.get("requestBody", {}).get("content", {})
    return ", ".join(named + [f"a body of {escape(kind)}" for kind in bodies])


def _answers(route: dict[str, Any]) -> str:
    return ", ".join(
        escape(f"{'error' if status == 'default' else status} {' '.join(answer.get('content', {}))}".strip())
        for status, answer in route["responses"].items()
    )


def _html(title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title></head>"
        f"<body><main>{body}</main></body></html>"
    )
