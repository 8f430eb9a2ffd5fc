# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files where the module runs: whole or not at all, and with the permissions that were foreseen."""

from __future__ import annotations

import os
import pathlib
import stat

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._vi import local_file


@pytest.mark.parametrize("mode", [None, 0o600, 0o644])
def test_what_is_foreseen_is_what_comes(tmp_path: pathlib.Path, mode: int | None) -> None:
    file = str(tmp_path / "one")
    for content in (b"first", b"second"):
        foreseen = local_file.foresee(file, None, mode)
        local_file.write(file, content, mode)

        assert local_file.look_at(file).mode == foreseen.mode
        assert pathlib.Path(file).read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == ["one"]


def test_a_file_keeps_its_permissions(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "one"
    file.write_bytes(b"old")
    file.chmod(0o640)
    local_file.write(str(file), b"new", None)

    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_link_stays_a_link(tmp_path: pathlib.Path) -> None:
    (tmp_path / "link").symlink_to("one")
    local_file.write(str(tmp_path / "link"), b"new", None)

    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "one").read_bytes() == b"new"


def test_what_cannot_be_written_is_refused_and_leaves_nothing(tmp_path: pathlib.Path) -> None:
    (tmp_path / "folder").mkdir()
    for path in (str(tmp_path / "folder"), str(tmp_path / "nowhere" / "x")):
        with pytest.raises(OptionError):
            local_file.write(path, b"new", None)
        with pytest.raises(OptionError):
            local_file.check_writable(path)
    with pytest.raises(OptionError):
        local_file.look_at(str(tmp_path / "folder"))
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_a_folder_is_one_that_is_there(tmp_path: pathlib.Path) -> None:
    assert local_file.is_folder(str(tmp_path))
    assert local_file.is_folder(f"{tmp_path}/")
    assert not local_file.is_folder(str(tmp_path / "file"))
    for path in (f"{tmp_path}/nowhere/", str(tmp_path / "nowhere" / "file")):
        with pytest.raises(OptionError, match="is not there"):
            local_file.is_folder(path)


def test_permissions_are_octal_digits() -> None:
    assert (local_file.mode_of(None), local_file.mode_of("0640"), local_file.mode_of("600")) == (None, 0o640, 0o600)
    # Without quotes, 0600 is 384 to YAML, and 0644 would be 0420.
    for text in ("", "rw", "0o", "888", "77777", 384, 0o644, True):
        with pytest.raises(OptionError, match="octal"):
            local_file.mode_of(text)


@pytest.mark.parametrize("path", ["", "x" * 300, "x\0y", "x" * 300 + "/", "\ud800"])
def test_what_is_no_path_is_an_option_that_is_wrong(tmp_path: pathlib.Path, path: str) -> None:
    inside = f"{tmp_path}/{path}"

    def take(one: str) -> None:
        # Which of them tells it first depends on the release of Python.
        local_file.is_folder(one)
        local_file.check_writable(one)

    with pytest.raises(OptionError, match="'dest'"):
        take(path)
    for refuse in (local_file.check_writable, local_file.look_at, lambda one: local_file.write(one, b"new", None)):
        with pytest.raises(OptionError, match="'dest'"):
            refuse(inside)


def test_what_is_there_and_no_file_is_neither_read_nor_replaced(tmp_path: pathlib.Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "loop").symlink_to("loop")
    for path in ("/dev/null", str(pipe), str(tmp_path / "loop")):
        with pytest.raises(OptionError, match="'dest'"):
            local_file.check_writable(path)
    (tmp_path / "link").symlink_to("new")
    local_file.check_writable(str(tmp_path / "link"))
