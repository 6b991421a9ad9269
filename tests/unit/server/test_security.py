from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heartbox import contract
from heartbox.problems import Problem
from heartbox.server.app import Settings
from heartbox.server.documents import PROBLEM_TYPE
from heartbox.server.security import HEADERS, POLICY, check_loopback
from unit.server.sectors import Api, make_sector, running

ID = "0" * 32


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    folder = tmp_path_factory.mktemp("secure")
    (folder / "page").mkdir()
    (folder / "page" / "index.html").write_text("<!doctype html>", encoding="utf-8")
    with running(Settings(folder / "data", page=folder / "page")) as api:
        yield api


def _routes(api: Api) -> list[tuple[str, str]]:
    schema: dict[str, Any] = api.client.get("/openapi.json").json()
    return [
        (method.upper(), path.replace("{name}", "graph.json").replace("{upload}", ID).replace("{job}", ID))
        for path, methods in schema["paths"].items()
        for method in methods
    ]


def test_openapi_lists_each_route_of_the_contract(api: Api) -> None:
    schema = api.client.get("/openapi.json").json()
    listed = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}
    assert listed == {
        ("OPTIONS", "/api/uploads"),
        ("POST", "/api/uploads"),
        ("HEAD", "/api/uploads/{upload}"),
        ("PATCH", "/api/uploads/{upload}"),
        ("DELETE", "/api/uploads/{upload}"),
        ("POST", "/api/jobs"),
        ("GET", "/api/jobs"),
        ("GET", "/api/jobs/{job}"),
        ("DELETE", "/api/jobs/{job}"),
        ("POST", "/api/jobs/{job}/cancel"),
        ("GET", "/api/jobs/{job}/events"),
        ("GET", "/api/jobs/{job}/results/{name}"),
        ("GET", "/api/example"),
        ("GET", "/api/example/{name}"),
        ("GET", "/api/health"),
    }


def test_openapi_tells_what_each_route_answers(api: Api) -> None:
    paths = api.client.get("/openapi.json").json()["paths"]
    for methods in paths.values():
        for route in methods.values():
            assert set(route["responses"]["default"]["content"]) == {PROBLEM_TYPE}
    assert "content" not in paths["/api/uploads"]["post"]["responses"]["201"]
    events = paths["/api/jobs/{job}/events"]["get"]["responses"]["200"]["content"]
    assert set(events) == {"text/event-stream"}


def test_every_answer_carries_the_headers(api: Api) -> None:
    extra = [
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/nothing"),
        ("PUT", "/api/jobs"),
    ]
    for method, path in _routes(api) + extra:
        answer = api.client.request(method, path)
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, (method, path)
        if path.startswith("/api/"):
            assert answer.headers["Cache-Control"] == "no-store", (method, path)
        assert "server" not in answer.headers


def test_the_policy_lets_nothing_inline_run() -> None:
    assert "default-src 'none'" in POLICY
    assert "unsafe-inline" not in POLICY
    assert "'unsafe-eval'" not in POLICY
    assert "http" not in POLICY


def test_every_refusal_has_the_one_shape(api: Api) -> None:
    refused = 0
    for method, path in [*_routes(api), ("GET", "/nothing"), ("PUT", "/api/jobs"), ("GET", "/api")]:
        answer = api.client.request(method, path)
        if answer.status_code < 400:
            continue
        refused += 1
        assert answer.headers["Content-Type"] == PROBLEM_TYPE, (method, path)
        if method != "HEAD":
            contract.check("problem", answer.json())
            assert answer.json()["status"] == answer.status_code
            assert (
                contract.load_json("problems.json")[answer.json()["code"]]["http_status"]
                == answer.status_code
            )
    assert refused >= 14


def test_refusals_of_the_router_have_codes(api: Api) -> None:
    assert api.client.get("/api/nothing").json()["code"] == "route-unknown"
    assert api.client.put("/api/jobs").json()["code"] == "method-unfit"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"upload": 3, "fields": {}}',
        b'{"upload": "x"}',
        b'{"upload": "x", "fields": {}, "DOE": 1}',
        b"[" * 60_000,
        b'{"upload": "\xff", "fields": {}}',
    ],
)
def test_a_body_that_does_not_fit_is_refused_and_not_repeated(api: Api, body: bytes) -> None:
    answer = api.client.post("/api/jobs", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request-unfit")
    assert "DOE" not in answer.text


@pytest.mark.parametrize("announced", [True, False])
def test_a_long_body_is_refused_before_it_is_read(api: Api, announced: bool) -> None:
    body = b'{"upload": "' + b"x" * 70_000 + b'"}'
    content: Any = body if announced else iter([body[:40_000], body[40_000:]])
    answer = api.client.post("/api/jobs", content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_a_length_beyond_reason_is_refused(api: Api) -> None:
    answer = api.client.post("/api/jobs", headers={"Content-Length": str(2**62)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8000", 200),
        ("localhost:9000", 200),
        ("LOCALHOST", 200),
        ("[::1]:8000", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost@evil.example", 421),
        ("192.168.0.7:8000", 421),
        ("[::1", 421),
        ("", 421),
    ],
)
def test_only_this_computers_names_are_answered(api: Api, host: str, status: int) -> None:
    for path in ("/api/health", "/", "/openapi.json"):
        answer = api.client.get(path, headers={"Host": host, "X-Forwarded-Host": "localhost"})
        assert answer.status_code == status
        if status == 421:
            assert answer.json()["code"] == "host-unknown"


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9999", "http://localhost:8000"]
)
def test_another_page_changes_nothing_here(api: Api, origin: str) -> None:
    for method in ("POST", "PATCH", "DELETE"):
        answer = api.client.request(method, f"/api/jobs/{ID}", headers={"Origin": origin})
        assert (answer.status_code, answer.json()["code"]) == (403, "origin-unfit")


def test_this_servers_page_may(api: Api) -> None:
    answer = api.client.delete(f"/api/jobs/{ID}", headers={"Origin": "http://127.0.0.1:8000"})
    assert answer.json()["code"] == "job-unknown"


def test_a_fault_of_ours_says_where_and_nothing_else(
    api: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> None:
        raise ZeroDivisionError("DOE^JANE")

    monkeypatch.setattr(api.kept.store, "all", broken)
    answer = api.client.get("/api/jobs")
    assert (answer.status_code, answer.json()["code"]) == (500, "program-fault")
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "ZeroDivisionError at test_security.py" in caplog.text
    assert "DOE" not in answer.text + " ".join(record.getMessage() for record in caplog.records)


SEGMENTS = st.one_of(
    st.sampled_from(
        ["api", "uploads", "jobs", "results", "events", "cancel", "example", ID, "..", "%00", "%2e%2e"]
    ),
    st.text(max_size=12).map(quote),
)
TOKENS = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=20)
NAMES = st.sampled_from(
    [
        "Upload-Offset",
        "Upload-Length",
        "Upload-Metadata",
        "Tus-Resumable",
        "Last-Event-ID",
        "If-None-Match",
        "Range",
    ]
)


@settings(max_examples=150, deadline=None)
@given(
    method=st.sampled_from(["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT", "TRACE"]),
    path=st.lists(SEGMENTS, max_size=6).map("/".join),
    headers=st.dictionaries(NAMES, TOKENS, max_size=4),
    body=st.binary(max_size=60),
)
def test_no_request_is_a_fault_of_ours(
    api: Api, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    url = f"http://127.0.0.1:8000/{path}"
    answer = api.client.request(method, url, headers=headers, content=body)
    assert answer.status_code < 500
    assert answer.headers["Content-Security-Policy"] == POLICY


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.9", "localhost", "::1"])
def test_addresses_of_this_computer_are_taken(host: str) -> None:
    check_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.0.7", "example.org", "", "localhost.evil.example"]
)
def test_other_addresses_wait_for_a_login(host: str) -> None:
    with pytest.raises(Problem) as caught:
        check_loopback(host)
    assert caught.value.code == "address-not-loopback"
    assert "login" in caught.value.sentence


def test_nothing_of_a_request_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with running(Settings(tmp_path, page=None)) as api:
        caplog.set_level("INFO")
        api.ended(api.job(make_sector()))
        api.client.get("/api/example/DOE%5EJANE.dcm")
        ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
        assert "DOE" not in " ".join(record.getMessage() for record in ours)
