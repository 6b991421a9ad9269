"""What was handed over: the files of a folder or a single file, counted and capped, none opened yet."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from heartbox.contract import limit
from heartbox.problems import Problem

_LONGEST_NAME = 60


@dataclass(frozen=True)
class Member:
    """One file that was handed over, on disk or inside a zip.

    Parameters
    ----------
    name : its base name, cut and printable: the only name that a message may say
    n_bytes : its size as the folder or the zip says
    open : gives a new stream that reads the file from its first byte
    path : where it lies; None inside a zip
    """

    name: str
    n_bytes: int
    open: Callable[[], BinaryIO]
    path: Path | None = None


def list_files(source: Path) -> list[Member]:
    """List the regular files of a folder, sub-folders included, or the one file itself.

    Hidden files (names with a leading dot, ``__MACOSX``) are not looked at; links to folders are not
    followed; the order is that of the paths and carries no meaning.

    Raises
    ------
    Problem
        ``path-missing``, ``file-unreadable`` for a folder that may not be listed,
        ``too-many-files``, ``too-large``.
    """
    if not _exists(source):
        raise Problem("path-missing", path=str(source))
    if source.is_file():
        return _checked([_member(source)], source.name)
    if not source.is_dir():
        raise Problem("not-an-image", name=source.name, reason="it is neither a file nor a folder")
    return _checked([_member(path) for path in _walk(source)], source.name)


def printable(name: str) -> str:
    """Return the base name of a path of any system, short and without control characters."""
    base = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    clean = "".join(c if c.isprintable() else "_" for c in base)
    return clean if len(clean) <= _LONGEST_NAME else clean[: _LONGEST_NAME - 3] + "..."


def is_hidden(path: str) -> bool:
    """Tell whether a relative path is one that systems write beside the user's files."""
    parts = path.replace("\\", "/").split("/")
    return any(part.startswith(".") and part not in (".", "..") for part in parts) or "__MACOSX" in parts


def _walk(folder: Path) -> list[Path]:
    most = int(limit("files"))
    found: list[Path] = []
    for root, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = sorted(f for f in folders if not is_hidden(f))
        for name in sorted(names):
            path = Path(root, name)
            if not is_hidden(name) and _is_regular(path):
                found.append(path)
        if len(found) > most:
            raise Problem("too-many-files", name=folder.name, limit=most)
    return found


def _refuse(error: OSError) -> None:
    raise Problem("file-unreadable", name=printable(str(error.filename))) from error


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name too long for the system, a folder that may not be entered
        return False


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _member(path: Path) -> Member:
    name = printable(path.name)

    def opened() -> BinaryIO:
        try:
            return path.open("rb")
        except OSError as error:
            raise Problem("file-unreadable", name=name) from error

    return Member(name, path.stat().st_size, opened, path)


def _checked(members: list[Member], name: str) -> list[Member]:
    for member in members:
        if member.n_bytes > limit("file_bytes"):
            raise Problem("too-large", name=member.name, limit=int(limit("file_bytes")))
    if sum(member.n_bytes for member in members) > limit("study_bytes"):
        raise Problem("too-large", name=name, limit=int(limit("study_bytes")))
    return members
