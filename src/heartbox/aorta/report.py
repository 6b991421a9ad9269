"""The report: one HTML file with its pictures inside, for a person to read and to print."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

import numpy as np

from heartbox.aorta.model import AORTA_BRANCHES, AorticGraph, Branch, Landmark
from heartbox.aorta.plot import profile_svg
from heartbox.picture import verdict_in_words

DISCLAIMER = "Not a medical device: for research use."

_GRAPH_SENTENCES = {
    "complete": "The aortic graph is complete.",
    "degraded": "The aortic graph is degraded: something is missing or doubtful, see the notes.",
    "refused": "No aortic graph was drawn: the notes say why.",
}
_TIMES = " \N{MULTIPLICATION SIGN} "
_AXES = ("x, right to left", "y, front to back", "z, feet to head")


@dataclass(frozen=True)
class Account:
    """What a report tells.

    Parameters
    ----------
    located : the document of ``locate --json`` (schema ``locate``)
    sector : the sector's fields (schema ``sector``)
    sector_bytes : size of the sector's files
    graph : what ``build_graph`` gave
    box_png : the preview of the heart box
    graph_png : the picture of the graph; empty when it was refused
    """

    located: Mapping[str, Any]
    sector: Mapping[str, Any]
    sector_bytes: int
    graph: AorticGraph
    box_png: bytes
    graph_png: bytes = b""


def graph_verdict_in_words(graph: AorticGraph) -> str:
    """Say in one sentence what came of the aorta."""
    return _GRAPH_SENTENCES[graph.verdict]


def write_report(account: Account, path: Path) -> Path:
    """Write the report as one self-contained HTML file: no script, nothing loaded from elsewhere.

    Parameters
    ----------
    account : what to tell
    path : the file; an existing one is replaced

    Returns
    -------
    ``path``

    Raises
    ------
    OSError
        When the file cannot be written.
    """
    path.write_text(report_html(account), encoding="utf-8")
    return path


def report_html(account: Account) -> str:
    """Return the report's HTML; every text from outside is escaped."""
    located, graph = account.located, account.graph
    heart = verdict_in_words(located["verdict"], located["cut_faces"], located["confidence"])
    template = files("heartbox.aorta").joinpath("report.html").read_text(encoding="utf-8")
    return Template(template).substitute(
        disclaimer=DISCLAIMER,
        heart_sentence=html.escape(heart),
        graph_sentence=html.escape(graph_verdict_in_words(graph)),
        key=_key_figures(account),
        warnings=_warnings(account),
        box_picture=_data_uri(account.box_png),
        box_table=_box_table(account),
        size_table=_size_table(account),
        graph_section=_graph_section(account),
        provenance=_provenance(account),
    )


def _key_figures(account: Account) -> str:
    box = np.array(account.located["heart_box_lps_mm"]).reshape(3, 2)
    size = box[:, 1] - box[:, 0]
    scan_bytes = account.located["series"]["bytes"]
    figures = [
        ("Heart box", f"{_TIMES.join(f'{mm:.0f}' for mm in size)} mm"),
        ("Sector beside the scan", _share(account.sector_bytes, scan_bytes)),
    ]
    aorta = [branch for branch in account.graph.branches if branch.name in AORTA_BRANCHES]
    if aorta:
        widest = max(aorta, key=lambda branch: float(branch.diameter_mm.max()))
        figures += [
            ("Aorta measured", f"{sum(branch.length_mm for branch in aorta):.0f} mm"),
            ("Largest diameter", f"{widest.diameter_mm.max():.1f} mm ({_words(widest.name)})"),
        ]
    return "".join(f"<div><dt>{html.escape(n)}</dt><dd>{html.escape(v)}</dd></div>" for n, v in figures)


def _warnings(account: Account) -> str:
    texts = [warning["text"] for warning in account.located["warnings"]]
    texts += [warning.text for warning in account.graph.warnings]
    if not texts:
        return ""
    items = "".join(f"<li>{html.escape(text)}</li>" for text in dict.fromkeys(texts))
    return f'<ul class="warnings" aria-label="Notes">{items}</ul>'


def _box_table(account: Account) -> str:
    heart, sector = account.located["heart_box_lps_mm"], account.sector["sector_box_lps_mm"]
    margin = account.sector["margin_mm"]
    rows = [
        (
            axis,
            *(f"{number:.1f}" for number in (heart[a], heart[a + 1], heart[a + 1] - heart[a])),
            *(f"{number:.1f}" for number in (sector[a], sector[a + 1])),
            f"{margin[a]:.0f} / {margin[a + 1]:.0f}",
        )
        for a, axis in zip((0, 2, 4), _AXES, strict=True)
    ]
    heads = ("LPS, mm", "heart from", "to", "size", "sector from", "to", "margin")
    return _table(heads, rows)


def _size_table(account: Account) -> str:
    series, shape = account.located["series"], account.sector["shape_zyx"]
    spacing = np.linalg.norm(np.array(account.sector["affine_lps"])[:3, :3], axis=0)
    rows = [
        ("scan", *_grid_words(series["shape_zyx"], series["spacing_xyz_mm"]), _megabytes(series["bytes"])),
        ("sector", *_grid_words(shape, spacing), _share(account.sector_bytes, series["bytes"])),
    ]
    return _table(("", f"voxels (x{_TIMES}y{_TIMES}z)", "spacing, mm", "size"), rows)


def _grid_words(shape_zyx: Sequence[int], spacing_mm: Iterable[float]) -> tuple[str, str]:
    return (
        _TIMES.join(str(count) for count in shape_zyx[::-1]),
        _TIMES.join(f"{mm:.2f}" for mm in spacing_mm),
    )


def _graph_section(account: Account) -> str:
    graph = account.graph
    if not graph.branches:
        return ""
    parts = ["<section><h2>Aortic graph</h2>"]
    if account.graph_png:
        caption = "Centrelines over projections of the sector at the aorta, from the front and from the side."
        picture = _data_uri(account.graph_png)
        parts.append(
            f'<figure><img alt="The aortic graph over the sector" src="{picture}">'
            f"<figcaption>{caption}</figcaption></figure>"
        )
    branches = [_branch_row(branch) for branch in graph.branches]
    heads = ("branch", "length, mm", "mean diameter, mm", "least", "largest", "confidence")
    parts.append(f'<div class="wide">{_table(heads, branches)}</div></section>')
    svg = profile_svg(graph)
    if svg:
        parts.append(f"<section><h2>Diameter along the aorta</h2><figure>{svg}</figure></section>")
    if graph.landmarks:
        marks = [_landmark_row(landmark) for landmark in graph.landmarks]
        columns = ("landmark", "diameter, mm", "least to largest", "place is sure to, mm", "definition used")
        table = _table(columns, marks, words=True)
        parts.append(f'<section><h2>Landmarks</h2><div class="wide">{table}</div></section>')
    return "".join(parts)


def _branch_row(branch: Branch) -> tuple[str, ...]:
    width = branch.diameter_mm
    numbers = (branch.length_mm, float(width.mean()), float(width.min()), float(width.max()))
    return (_words(branch.name), *(f"{number:.1f}" for number in numbers), f"{branch.confidence:.2f}")


def _landmark_row(landmark: Landmark) -> tuple[str, ...]:
    width, sure = landmark.diameter, f"± {landmark.uncertainty_mm:.1f}"
    name = _words(landmark.name)
    if width is None:
        return (name, "-", "-", sure, landmark.definition)
    return (name, f"{width.equivalent:.1f}", f"{width.min:.1f} to {width.max:.1f}", sure, landmark.definition)


def _provenance(account: Account) -> str:
    model, series = account.located["model"], account.located["series"]
    rows = [
        ("scan", f"{series['modality']}, {series['kind']}, {series['orientation']}"),
        ("net", f"{model['name']} {model['version']}, SHA-256 {model['sha256']}"),
        ("sector", f"SHA-256 {account.sector['sha256']}"),
    ]
    rows += [(_words(str(name)), str(value)) for name, value in account.graph.provenance.items()]
    rows += [
        (f"time for {_words(step)}", f"{ms / 1000:.1f} s")
        for step, ms in account.located["timings_ms"].items()
    ]
    body = "".join(
        f"<tr><td>{html.escape(name)}</td><td><code>{html.escape(value)}</code></td></tr>"
        for name, value in rows
    )
    return f"<table><tbody>{body}</tbody></table>"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], words: bool = False) -> str:
    """Build a table: the first column is text, the others numbers; with ``words`` the last is text too."""
    kinds = ["", *("n" for _ in heads[1:])]
    if words:
        kinds[-1] = "words"
    marks = [f' class="{kind}"' if kind else "" for kind in kinds]
    head = "".join(f"<th{m}>{html.escape(text)}</th>" for m, text in zip(marks, heads, strict=True))
    lines = [
        "".join(f"<td{m}>{html.escape(text)}</td>" for m, text in zip(marks, row, strict=True))
        for row in rows
    ]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _megabytes(n_bytes: int) -> str:
    return f"{n_bytes / 1e6:.1f} MB"


def _share(part_bytes: int, whole_bytes: int) -> str:
    share = f" of {_megabytes(whole_bytes)} ({100 * part_bytes / whole_bytes:.0f} %)" if whole_bytes else ""
    return f"{_megabytes(part_bytes)}{share}"


def _data_uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"
