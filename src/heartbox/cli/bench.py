"""``heartbox bench``: how long, how much memory, how many slices; measured in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from heartbox.cli import status
from heartbox.cli.options import AsJson, Quiet, SeriesArgument, SeriesOption, Verbose, one_source
from heartbox.cli.show import Show, answering

app = typer.Typer(help="Measure a step's time and memory.", no_args_is_help=True)

_Repeat = Annotated[int, typer.Option("--repeat", min=1, max=100, help="Fresh processes to measure.")]


@app.callback()
def _bench() -> None:
    """Measure a step's time and memory."""


@app.command("locate")
def bench_locate(
    series: SeriesArgument = None,
    source: SeriesOption = None,
    repeat: _Repeat = 3,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Measure locate on one scan.

    Each run is a fresh process. Seconds: whole process (start of Python included), headers,
    finding the heart. Memory: the process's own peak (resident). Slices read: calls of the decoder.
    """
    scan = one_source(series, source)
    with answering(as_json, quiet, verbose) as show:
        with show.progress() as progress:
            runs = []
            for number in range(repeat):
                progress("measuring", number / repeat)
                runs.append(_measured(scan))
            progress("measuring", 1.0)
        _show_runs(show, runs)


@app.command("journey")
def bench_journey(
    series: SeriesArgument = None,
    source: SeriesOption = None,
    repeat: Annotated[int, typer.Option("--repeat", min=1, max=20, help="Journeys to walk.")] = 3,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Walk the doctor's way in a real browser, from drop to graph.

    Seconds from drop to box and from "Send" to graph, the page's longest task and heap, clicks, and
    the bytes to the first view and the first box. Needs a checkout with Node.js and a Chromium.
    """
    scan = one_source(series, source)
    with answering(as_json, quiet, verbose) as show:
        from heartbox.bench import journey

        runs = []
        with show.progress() as progress:
            progress("walking", 0.0)
            for run in journey.bench_journey(scan, repeat):
                runs.append(run)
                progress("walking", len(runs) / repeat)
        show.document({"step": "journey", "runs": runs, "cpus": os.cpu_count()})
        keys = [key for key in runs[0] if isinstance(runs[0][key], int | float)]
        spread = {key: [float(run[key]) for run in runs] for key in keys}
        rows = [
            (key, *(f"{f(all_):.2f}" for f in (statistics.median, min, max))) for key, all_ in spread.items()
        ]
        show.table(f"heartbox bench journey, {len(runs)} runs", ("", "median", "least", "most"), rows)
        for moment, size in runs[0]["bytes"].items():
            raw, packed = size["raw"] / 1e6, size["gzip"] / 1e6
            show.line(f"{moment.replace('_', ' ')}: {raw:.2f} MB raw, {packed:.2f} MB gzip")


@app.command("agree")
def bench_agree(
    series: Annotated[list[Path], typer.Argument(metavar="SERIES...", help="Scans to try.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Hold the page's answers against this program's, scan by scan.

    The page's corridor runs in Node.js. The exit code is 3 when a verdict differs, or a box by more
    than a voxel of the net's closer look.
    """
    with answering(as_json, quiet, verbose) as show:
        from heartbox.bench import agree
        from heartbox.network import manifest

        pairs = agree.compare(series)
        voxel_mm = manifest()["looks"]["fine"]["spacing_mm"]
        off = [pair for pair in pairs if pair.page != pair.heartbox or (pair.worst_face_mm or 0) > voxel_mm]
        show.document({"step": "agree", "pairs": [asdict(pair) for pair in pairs], "differing": len(off)})
        rows = [
            (pair.case, pair.page, pair.heartbox, _number(pair.worst_face_mm), _number(pair.confidence))
            for pair in pairs
        ]
        columns = ("scan", "page", "heartbox", "worst face mm", "confidence apart")
        show.table("page and heartbox locate", columns, rows)
        show.line(f"{len(pairs) - len(off)} of {len(pairs)} agree")
        if off:
            show.exit_code = status.VERDICT_NO


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


@app.command("uploads")
def bench_uploads(
    kills: Annotated[int, typer.Option("--kills", min=1, max=200, help="How often the server dies.")] = 20,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the moments at which it dies.")] = 0,
    as_json: AsJson = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Kill a real server at random moments of uploads and count what it lost.

    Everything that was acknowledged must be there after the restart, and every sector must arrive
    byte for byte. The exit code is 3 when one is not.
    """
    with answering(as_json, quiet, verbose) as show:
        from heartbox.bench import uploads

        with show.progress() as progress:
            tally = uploads.bench_uploads(kills, seed, progress=progress)
        met = ", ".join(f"{count} {what}" for what, count in sorted(tally.met.items()))
        show.document({"step": "uploads", **asdict(tally), "met": dict(tally.met), "passed": tally.passed})
        show.line(f"{tally.kills} kills in {tally.seconds:.0f} s ({met})")
        show.line(f"accepted {tally.accepted}, listed {tally.listed}")
        show.line(f"resumed {tally.resumed}, identical {tally.identical}")
        show.line(f"bytes sent over bytes of the sectors: {tally.sent_share:.2f}")
        if not tally.passed:
            show.exit_code = status.VERDICT_NO


def _show_runs(show: Show, runs: list[dict[str, Any]]) -> None:
    keys = ("process_s", "headers_s", "locate_s", "peak_mb")
    median = {key: round(statistics.median(run[key] for run in runs), 3) for key in keys}
    facts = {key: runs[0][key] for key in ("verdict", "slices", "slices_read")}
    show.document({"step": "locate", **facts, "median": median, "runs": runs, "cpus": os.cpu_count()})
    show.line(f"{facts['verdict']}: {facts['slices_read']} of {facts['slices']} slices read")
    rows = [
        (key, f"{median[key]:.2f}", *(f"{f(run[key] for run in runs):.2f}" for f in (min, max)))
        for key in keys
    ]
    show.table(f"heartbox bench locate, {len(runs)} runs", ("", "median", "least", "most"), rows)


def _measured(source: Path) -> dict[str, Any]:
    """Run one fresh process on the scan and return what it says about itself.

    Raises
    ------
    Problem
        The refusal that the process met.
    """
    from heartbox.problems import Problem

    begun = perf_counter()
    command = [sys.executable, "-m", "heartbox.cli.bench", str(source)]
    child = subprocess.run(command, stdout=subprocess.PIPE, check=False)
    spent = perf_counter() - begun
    if child.returncode != 0:
        raise RuntimeError(f"the measured process ended with {child.returncode}")
    said: dict[str, Any] = json.loads(child.stdout)
    if "problem" in said:
        raise Problem(said["problem"]["code"], **said["problem"]["details"])
    return {"process_s": round(spent, 3), **said}


def _measure_locate(source: Path) -> dict[str, Any]:
    from heartbox.intake.door import open_series
    from heartbox.locate import find_heart
    from heartbox.problems import Problem
    from heartbox.volume import HuSlice, LazyVolume

    begun = perf_counter()
    try:
        series = open_series(source)
        opened = perf_counter()
        read: list[int] = []

        def counted(k: int) -> HuSlice:
            read.append(k)
            return series.volume.read_slice(k)

        finding = find_heart(LazyVolume(series.volume.grid, counted))
    except Problem as problem:
        return {"problem": {"code": problem.code, "details": problem.details}}
    return {
        "verdict": finding.verdict,
        "slices": series.volume.grid.shape[0],
        "slices_read": len(read),
        "headers_s": round(opened - begun, 3),
        "locate_s": round(perf_counter() - opened, 3),
        "peak_mb": round(_peak_bytes() / 1e6, 1),
    }


def _peak_bytes() -> int:
    """Return the most memory this process ever held.

    Linux says it for this program alone (VmHWM); getrusage's number may stem from the process
    that started it.
    """
    kept = Path("/proc/self/status")
    if kept.exists():
        lines = dict(line.split(":", 1) for line in kept.read_text().splitlines() if ":" in line)
        return int(lines["VmHWM"].split()[0]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measure_locate(Path(sys.argv[1]))))
