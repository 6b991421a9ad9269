"""Results land whole or not at all: written aside, renamed at the end."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from heartbox.problems import Problem

#: What the operating system says when the disk, the quota or the rights end the writing.
_DISK_ERRORS = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.ENOTDIR,
    errno.EEXIST,
}


@contextmanager
def landing(folder: Path, overwrite: bool = False) -> Iterator[Path]:
    """Give an empty folder beside ``folder``; it takes that name when the block ends well.

    When the block ends in any exception (Ctrl-C included) or has written nothing, the aside folder
    goes, and whatever had the name before is as it was. An earlier result is replaced only when
    everything in it is of the kinds that the new result holds; it is moved aside first and comes
    back when the swap fails.

    Parameters
    ----------
    folder : where the results shall lie
    overwrite : replace an earlier result of this name

    Yields
    ------
    Path of the empty folder to write into, on the same disk

    Raises
    ------
    Problem
        ``output-exists`` without ``overwrite``, ``output-foreign`` when the folder holds other
        things than results, ``output-unwritable`` when the disk or its rights refuse.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - resolve() would follow a link and swap its target
    refuse_taken(folder, overwrite)
    missing = [parent for parent in folder.parents if not parent.exists()]
    try:
        with _disk_problems(folder):
            folder.parent.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".partial", dir=folder.parent))
            try:
                aside.chmod(0o777 & ~_umask())
                yield aside
                if any(aside.iterdir()):
                    _swap(aside, folder)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
    finally:
        for parent in missing:
            with suppress(OSError):
                parent.rmdir()


def land_file(path: Path, content: bytes) -> None:
    """Write one file whole or not at all; an earlier file of this name is replaced.

    Raises
    ------
    Problem
        ``output-unwritable`` when the disk or its rights refuse, or the name is a folder's.
    """
    if path.is_dir():
        raise Problem("output-unwritable", path=path.name, reason="it is a folder")
    with _disk_problems(path):
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        aside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            aside.chmod(0o666 & ~_umask())
            aside.replace(path)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise


def refuse_taken(folder: Path, overwrite: bool) -> None:
    """Refuse a name that is taken, before any work is done; problems as `landing`."""
    if not os.path.lexists(folder):
        return
    name = folder.name or folder.resolve().name
    if not overwrite:
        raise Problem("output-exists", path=name)
    if folder.is_symlink() or not folder.is_dir():
        raise Problem("output-unwritable", path=name, reason="it is not a folder")
    if Path.cwd().is_relative_to(folder.resolve()):
        raise Problem("output-foreign", path=name, name="the working directory")


def _swap(aside: Path, folder: Path) -> None:
    if not folder.exists():
        aside.rename(folder)
        return
    _refuse_foreign(aside, folder)
    earlier = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".old", dir=folder.parent))
    folder.replace(earlier)
    try:
        aside.rename(folder)
    except BaseException:
        earlier.rename(folder)
        raise
    shutil.rmtree(earlier, ignore_errors=True)


def _refuse_foreign(aside: Path, folder: Path) -> None:
    """Keep a folder that holds anything of another kind than the new results."""
    kinds = {_kind(new) for new in aside.iterdir()}
    for found in sorted(folder.iterdir()):
        if _kind(found) not in kinds:
            raise Problem("output-foreign", path=folder.name, name=found.name)


def _kind(entry: Path) -> tuple[bool, str]:
    """Files count by their ending, sub-folders by their whole name."""
    return (True, entry.name) if entry.is_dir() else (False, entry.suffix)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@contextmanager
def _disk_problems(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        elsewhere = error.filename and not Path(str(error.filename)).is_relative_to(path.parent)
        if error.errno not in _DISK_ERRORS or elsewhere:
            raise
        raise Problem("output-unwritable", path=path.name, reason=error.strerror or "no reason") from error
