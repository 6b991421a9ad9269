from __future__ import annotations

import socket
from pathlib import Path

import pytest

from heartbox.jobs.folders import Folders
from heartbox.problems import Problem
from heartbox.server.app import Settings, serve


def _refused(settings: Settings, host: str, port: int) -> Problem:
    said: list[str] = []
    with pytest.raises(Problem) as caught:
        serve(settings, host, port, said.append)
    assert not said
    return caught.value


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        problem = _refused(Settings(tmp_path), "127.0.0.1", other.getsockname()[1])
    assert problem.code == "port-taken"
    assert "--port" in problem.sentence


def test_an_address_beyond_this_computer_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    assert _refused(Settings(tmp_path / "data"), "0.0.0.0", 0).code == "address-not-loopback"
    assert not (tmp_path / "data").exists()


def test_a_data_folder_in_use_is_said(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    assert _refused(Settings(tmp_path), "127.0.0.1", 0).code == "data-in-use"
    folders.close()
