"""Rules of the house that no other tool keeps."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from heartbox.contract import load_json

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers", "tools"}
#: A file of more lines is two files.
MOST_LINES = 500
#: Paths of somebody's machine, and hosts of package registries.
PRIVATE = re.compile(
    r"(?<![A-Za-z0-9_.~-])/(work|root|home|farm|opt)/[A-Za-z0-9_.]"
    r"|files\.pythonhosted|pypi\.org|registry\.npmjs|deb\.debian"
)


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this is no git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _public(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
        if isinstance(node, ast.ClassDef):
            yield from (
                inner
                for inner in node.body
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_")
            )


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_no_drawer_and_fits_a_head(path: Path) -> None:
    assert path.stem not in DRAWERS
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_public_things_say_what_they_are_for(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    silent = [node.name for node in _public(tree) if not ast.get_docstring(node)]
    assert not silent


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_arrays_say_their_shape_or_unit(path: Path) -> None:
    """A public function that takes or gives arrays names a shape, a unit or a frame."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    spoken = re.compile(r"\(.*\bn\b.*\)|\([zyxn0-9.,= ]+\)|\[z, ?y, ?x\]|\bmm\b|\bHU\b|\bLPS\b|voxel|shape")
    for node in _public(tree):
        if isinstance(node, ast.FunctionDef) and re.search(
            r"NDArray|ndarray|Points|Affine\b|HuVolume|HuSlice",
            ast.unparse(node.args) + str(node.returns and ast.unparse(node.returns)),
        ):
            assert spoken.search(ast.get_docstring(node) or ""), (
                f"{node.name} does not say what its arrays are"
            )


@pytest.mark.parametrize("code", sorted(load_json("problems.json")))
def test_every_problem_code_is_raised_and_tested(code: str) -> None:
    quoted = f'"{code}"'
    assert any(quoted in path.read_text(encoding="utf-8") for path in SOURCES), "no room raises it"
    tests = [path for path in (ROOT / "tests").rglob("*.py") if path.name != Path(__file__).name]
    assert any(quoted in path.read_text(encoding="utf-8") for path in tests), "no test raises it"


@pytest.mark.parametrize("code", sorted(load_json("notices.json")))
def test_every_notice_code_is_given_by_a_room(code: str) -> None:
    assert any(f'"{code}"' in path.read_text(encoding="utf-8") for path in SOURCES)


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    for path in _tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if path.name != Path(__file__).name:
            found = PRIVATE.search(text)
            assert not found, f"{path.name}: {found and found.group()}"


def test_nothing_generated_or_heavy_is_tracked() -> None:
    for path in _tracked():
        assert path.suffix not in {".wasm", ".pyc", ".npz", ".dcm", ".so", ".whl"}, path.name
        assert path.stat().st_size < 1_500_000, path.name


def test_decisions_are_short_and_dated() -> None:
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    entries = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    assert entries
    for entry in entries:
        assert re.match(r"\d{4}-\d{2}-\d{2}: ", entry), entry.splitlines()[0]
        assert len(entry.split()) < 260, entry.splitlines()[0]
