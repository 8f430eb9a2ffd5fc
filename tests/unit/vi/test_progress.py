# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Progress is told to whoever listens, and work goes on whether somebody does or not."""

from __future__ import annotations

import json
import os
import pathlib

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.course import VARIABLE
from ansible_collections.virt.esx.plugins.module_utils._vi.progress import Progress


@pytest.fixture
def pipe(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def test_a_listener_hears_whole_lines(pipe: pathlib.Path) -> None:
    listener = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    progress = Progress.from_environment()

    progress.tell("web01, disk 1 of 2", percent=40, total=2**40)
    progress.tell("x" * 1000, done=1, total=2)

    assert progress.is_heard
    first, second = os.read(listener, 65536).splitlines()
    assert json.loads(first) == {"what": "web01, disk 1 of 2", "percent": 40, "total": 2**40}
    assert json.loads(second) == {"what": "x" * 200, "done": 1, "total": 2}
    os.close(listener)
    # Nobody is there any more.
    progress.tell("more", percent=50)


def test_a_listener_who_does_not_read_holds_up_nothing(pipe: pathlib.Path) -> None:
    listener = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
    progress = Progress.from_environment()

    for percent in range(10_000):
        progress.tell("much", percent=percent)

    os.close(listener)


def test_without_a_listener_nobody_is_told(pipe: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Progress.from_environment().is_heard
    monkeypatch.setenv(VARIABLE, str(pipe.parent / "nowhere"))
    assert not Progress.from_environment().is_heard
    monkeypatch.delenv(VARIABLE)
    assert not Progress.from_environment().is_heard
    Progress.from_environment().tell("nobody", percent=1)


def test_a_file_is_no_listener(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("precious", "utf-8")
    monkeypatch.setenv(VARIABLE, str(file))

    Progress.from_environment().tell("something", percent=1)

    assert file.read_text("utf-8") == "precious"
