"""What every request must show and every answer carries: this computer only, this page only."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from heartbox.contract import limit
from heartbox.problems import Problem
from heartbox.server.documents import PROBLEM_TYPE

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "worker-src 'self' blob:",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_API = "/api/"


def check_loopback(host: str) -> None:
    """Refuse every address but this computer's own; Problem ``address-not-loopback``."""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise Problem("address-not-loopback", host=host)


class Guard:
    """ASGI middleware: refuses foreign names and pages and long requests, adds the headers.

    The name in ``Host`` is checked, or a foreign page could reach this server under a name of its
    own (DNS rebinding); ``Origin``, or it could send a form here. No header of a proxy is believed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if scope["path"].startswith(_API):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            _check(scope["method"], Headers(scope=scope))
        except Problem as problem:
            await problem_response(problem)(scope, receive, send_guarded)
            return
        # A PATCH is counted against what its upload announced.
        counted = receive if scope["method"] == "PATCH" else _counting(receive)
        await self._app(scope, counted, send_guarded)


def problem_response(problem: Problem, headers: Iterable[tuple[str, str]] = ()) -> JSONResponse:
    """Return the one error shape: RFC 9457, from ``contract/problems.json``."""
    return JSONResponse(problem.as_json(), problem.http_status, dict(headers), PROBLEM_TYPE)


def _check(method: str, headers: Headers) -> None:
    host = headers.get("host", "")
    if _name(host) not in _NAMES:
        raise Problem("host-unknown")
    origin = headers.get("origin")
    if method not in _READING and origin is not None and urlsplit(origin).netloc != host:
        raise Problem("origin-unfit")
    length = headers.get("content-length", "0")
    if method != "PATCH" and (not length.isdecimal() or int(length) > limit("request_bytes")):
        raise too_large()


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _counting(receive: Receive) -> Receive:
    got = 0

    async def counted() -> Message:
        nonlocal got
        message = await receive()
        got += len(message.get("body", b""))
        if got > limit("request_bytes"):
            raise too_large()
        return message

    return counted


def too_large() -> Problem:
    """Say that a request that is no upload is too long."""
    return Problem("too-large", name="The request", limit=int(limit("request_bytes")))
