from __future__ import annotations

from pathlib import Path

from heartbox.server.app import Settings
from unit.server.sectors import Api, running


def test_a_page_that_was_not_built_says_how_to(api: Api) -> None:
    answer = api.client.get("/")
    assert answer.status_code == 503
    assert answer.headers["Content-Type"].startswith("text/html")
    assert "npm run build" in answer.text
    assert "<script" not in answer.text


def test_the_built_page_is_served_with_its_types(tmp_path: Path) -> None:
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    for name in ("index.html", "assets/main.js", "assets/kernel.wasm", "assets/heart.onnx"):
        (page / name).write_text(name, encoding="utf-8")
    with running(Settings(tmp_path / "data", page=page)) as api:
        kinds = {
            "/": "text/html; charset=utf-8",
            "/assets/main.js": "text/javascript; charset=utf-8",
            "/assets/kernel.wasm": "application/wasm",
            "/assets/heart.onnx": "application/octet-stream",
        }
        for path, kind in kinds.items():
            assert api.client.get(path).headers["Content-Type"] == kind
        assert api.client.get("/api/health").json()["status"] == "ok"
        assert api.client.get("/..%2Fdata%2Fheartbox.db").json()["code"] == "route-unknown"


def test_the_api_is_told_on_a_page_without_script_or_strangers(api: Api) -> None:
    answer = api.client.get("/docs")
    assert answer.status_code == 200
    schema = api.client.get("/openapi.json").json()
    for path, methods in schema["paths"].items():
        assert f"<code>{path}</code>" in answer.text
        for route in methods.values():
            assert route["summary"].replace("'", "&#x27;") in answer.text
    assert "<script" not in answer.text
    assert "style=" not in answer.text
    assert "http://" not in answer.text.replace("http://127.0.0.1", "")
    assert "https://" not in answer.text
