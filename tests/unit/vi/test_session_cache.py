# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file of a kept session: this user's alone, whole or not there, and never a reason to fail."""

from __future__ import annotations

import json
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vi.session_cache import (
    MOST_BYTES,
    Kept,
    SessionCache,
    own_folder,
    owner_of,
)
from ansible_collections.virt.esx.plugins.module_utils._vi.transport import Address, Trust

COOKIE = 'vmware_soap_session="0123456789abcdef0123456789abcdef01234567"'
KEPT = Kept(
    cookie=COOKIE,
    about={"apiType": "HostAgent", "apiVersion": "8.0.3.0"},
    managers={
        "propertyCollector": "ha-property-collector",
        "rootFolder": "ha-folder-root",
        "sessionManager": "ha-sessionmgr",
    },
)
OWNER = owner_of(Address(host="esx1.example.com"), "root", Trust())


class Place:
    """A cache in a folder of its own, with the warnings that it gave."""

    def __init__(self, folder: Path, owner: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.warnings: list[str] = []
        self.cache = SessionCache(owner or OWNER, self.warnings.append, folder=folder)
        self.file = folder / self.cache.name
        self.lock = folder / f"{self.cache.name}.lock"

    def again(self) -> Place:
        """The same place, as another process sees it."""
        return Place(self.folder)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Return an empty place, in a folder that is not there yet."""
    return Place(tmp_path / "cache" / "virt.esx")


@pytest.fixture
def kept(place: Place) -> Place:
    """Return a place in which a session is kept."""
    assert place.cache.write(KEPT)
    return place


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_read_by_another(kept: Place) -> None:
    assert kept.again().cache.read() == KEPT
    assert kept.warnings == []


def test_nothing_kept_is_no_reason_to_warn(place: Place) -> None:
    assert place.cache.read() is None
    assert not place.cache.exists()
    assert not place.cache.remove()
    assert place.warnings == []
    assert not place.folder.exists()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_file_and_folder_are_closed_to_others(place: Place, umask: int) -> None:
    before = os.umask(umask)
    try:
        with place.cache.locked():
            place.cache.write(KEPT)
    finally:
        os.umask(before)

    assert (mode(place.folder), mode(place.file), mode(place.lock)) == (0o700, 0o600, 0o600)


def test_nothing_of_the_secret_is_in_a_representation() -> None:
    assert "0123456789abcdef" not in repr(KEPT)


def spoil_mode(place: Place) -> None:
    place.file.chmod(0o644)


def spoil_folder(place: Place) -> None:
    place.folder.chmod(0o755)


def spoil_with_link(place: Place) -> None:
    real = place.folder.parent / "elsewhere"
    place.file.rename(real)
    place.file.symlink_to(real)


def spoil_with_folder_link(place: Place) -> None:
    real = place.folder.parent / "elsewhere"
    place.folder.rename(real)
    place.folder.symlink_to(real, target_is_directory=True)


def spoil_with_fifo(place: Place) -> None:
    place.file.unlink()
    os.mkfifo(place.file, 0o600)


def spoil_with_garbage(place: Place) -> None:
    place.file.write_bytes(b"\x00\xff" + COOKIE.encode())


def spoil_with_depth(place: Place) -> None:
    place.file.write_bytes(b"[" * (MOST_BYTES - 1))


def spoil_with_size(place: Place) -> None:
    place.file.write_bytes(place.file.read_bytes() + b" " * MOST_BYTES)


def spoil_with_truncation(place: Place) -> None:
    place.file.write_bytes(place.file.read_bytes()[:-2])


def spoil_with_nothing(place: Place) -> None:
    place.file.write_bytes(b"")


def spoil_with_another_s(place: Place) -> None:
    other = Place(place.folder, owner_of(Address(host="esx2.example.com"), "root", Trust()))
    other.cache.write(KEPT)
    other.file.rename(place.file)


SPOILT: list[tuple[Callable[[Place], None], str]] = [
    (spoil_mode, "it is open to others (mode 0644)"),
    (spoil_folder, "its folder is open to others (mode 0755)"),
    (spoil_with_link, "something else is in its place"),
    (spoil_with_folder_link, "something else is in its place"),
    (spoil_with_fifo, "it is no regular file"),
    (spoil_with_garbage, "it is damaged"),
    (spoil_with_depth, "it is damaged"),
    (spoil_with_size, f"it is larger than {MOST_BYTES} bytes"),
    (spoil_with_truncation, "it is damaged"),
    (spoil_with_nothing, "it is damaged"),
    (spoil_with_another_s, "it belongs to another host, user or trust"),
]


@pytest.mark.parametrize(("spoil", "words"), SPOILT)
def test_what_is_odd_is_not_believed_and_said_once(kept: Place, spoil: Callable[[Place], None], words: str) -> None:
    spoil(kept)

    assert [kept.cache.read(), kept.cache.read()] == [None, None]
    assert [warning.rpartition(": ")[2] for warning in kept.warnings] == [words]
    assert "0123456789abcdef" not in "".join(kept.warnings)


@pytest.mark.parametrize("spoil", [spoil for spoil, _words in SPOILT if "folder" not in spoil.__name__])
def test_a_file_that_is_odd_is_replaced(kept: Place, spoil: Callable[[Place], None]) -> None:
    spoil(kept)

    assert kept.cache.write(KEPT)
    assert kept.again().cache.read() == KEPT


@pytest.mark.parametrize("spoil", [spoil for spoil, _words in SPOILT if "folder" not in spoil.__name__])
def test_a_file_that_is_odd_can_be_removed(kept: Place, spoil: Callable[[Place], None]) -> None:
    spoil(kept)

    assert kept.cache.exists()
    assert kept.cache.remove()
    assert not kept.cache.exists()


def test_a_link_is_replaced_and_what_it_leads_to_stays(kept: Place) -> None:
    spoil_with_link(kept)
    target = kept.file.resolve()
    content = target.read_bytes()

    kept.cache.write(Kept(cookie="name=another-cookie", about=KEPT.about, managers=KEPT.managers))

    assert not kept.file.is_symlink()
    assert target.read_bytes() == content


def test_what_belongs_to_another_user_is_not_believed(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)

    assert kept.cache.read() is None
    assert not kept.cache.write(KEPT)
    assert {warning.rpartition(": ")[2] for warning in kept.warnings} == {"its folder belongs to another user"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_in_our_folder_is_not_believed(kept: Place) -> None:
    os.chown(kept.file, 4711, 4711)

    assert kept.cache.read() is None
    assert kept.warnings[0].endswith("it belongs to another user")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("cookie", None),
        ("cookie", "name=with\r\nX-Header: injected"),
        ("cookie", "name=value; Path=/"),
        ("cookie", "x" * 5000),
        ("about", []),
        ("about", {"apiType": "Gadget", "apiVersion": "1"}),
        ("about", {"apiType": ["HostAgent"], "apiVersion": "1"}),
        ("managers", {"rootFolder": "ha-folder-root"}),
        ("managers", {"rootFolder": 1, "propertyCollector": {}, "sessionManager": []}),
        ("owner", None),
    ],
)
def test_a_record_with_something_wrong_is_not_believed(kept: Place, field: str, value: Any) -> None:
    record = json.loads(kept.file.read_bytes())
    kept.file.write_text(json.dumps({**record, field: value}), "utf-8")

    assert kept.cache.read() is None
    assert len(kept.warnings) == 1
    assert "injected" not in kept.warnings[0]


def test_a_cookie_that_could_not_be_sent_is_not_kept(place: Place) -> None:
    assert not place.cache.write(Kept(cookie="a\r\nb=c", about=KEPT.about, managers=KEPT.managers))
    assert place.warnings[0].endswith("the host's cookie cannot be kept")


def test_a_folder_that_cannot_be_made_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    place = Place(tmp_path / "file" / "virt.esx")

    assert not place.cache.write(KEPT)
    with place.cache.locked() as is_locked:
        assert not is_locked
    assert len(place.warnings) == 1


def test_a_disk_that_is_full_is_a_warning_and_the_old_file_stays(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_rest: Any, **_more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)

    assert not kept.cache.write(KEPT)
    assert kept.warnings[0].endswith(": No space left on device")
    assert sorted(path.name for path in kept.folder.iterdir()) == [kept.file.name]
    assert kept.again().cache.read() == KEPT


def test_what_a_killed_writer_left_behind_is_never_read_and_is_in_nobody_s_way(kept: Place) -> None:
    half = kept.folder / f"{kept.file.name}.new"
    half.write_bytes(kept.file.read_bytes()[:40])

    assert kept.cache.read() == KEPT
    assert kept.cache.write(KEPT)
    assert not half.exists()


def test_one_holds_the_lock_and_another_waits_for_it(place: Place) -> None:
    order: list[str] = []

    def second() -> None:
        with place.again().cache.locked() as is_locked:
            order.append(f"second {is_locked}")

    with place.cache.locked() as is_locked:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)
        order.append(f"first {is_locked}")
    thread.join(5)

    assert order == ["first True", "second True"]


def test_nobody_waits_for_the_lock_for_ever(place: Place) -> None:
    other = place.again()
    began = time.monotonic()
    with place.cache.locked(), other.cache.locked(seconds=0.1) as is_locked:
        assert not is_locked

    assert time.monotonic() - began < 5
    assert other.warnings[0].endswith("another process has held its lock for 0.1 s")


def test_a_lock_whose_file_was_removed_is_worth_nothing_to_who_waits_for_it(place: Place) -> None:
    with place.cache.locked():
        place.cache.remove(tidy=True)
        with place.again().cache.locked() as is_locked:
            assert is_locked
            with place.again().cache.locked(seconds=0.1) as is_locked_twice:
                assert not is_locked_twice


@pytest.mark.parametrize("kind", ["link", "folder", "open"])
def test_a_lock_that_is_odd_is_no_lock_and_no_failure(place: Place, kind: str) -> None:
    place.cache.write(KEPT)
    if kind == "link":
        place.lock.symlink_to(place.folder.parent / "elsewhere")
    elif kind == "folder":
        place.lock.mkdir()
    else:
        place.lock.write_bytes(b"")
        place.lock.chmod(0o666)

    with place.cache.locked() as is_locked:
        assert not is_locked
    assert len(place.warnings) == 1
    assert not (place.folder.parent / "elsewhere").exists()


OWNERS = [
    owner_of(Address(host="esx1"), "root", Trust()),
    owner_of(Address(host="esx2"), "root", Trust()),
    owner_of(Address(host="esx1", port=8443), "root", Trust()),
    owner_of(Address(host="esx1", scheme="http", port=443), "root", Trust()),
    owner_of(Address(host="esx1", proxy=("proxy", 3128)), "root", Trust()),
    owner_of(Address(host="esx1"), "operator", Trust()),
    owner_of(Address(host="esx1"), "root", Trust(verify=False)),
    owner_of(Address(host="esx1"), "root", Trust(thumbprint="ab" * 32)),
    owner_of(Address(host="esx1"), "root", Trust(ca_path="/etc/ca.pem")),
    owner_of(Address(host="esx1"), "root", Trust(ca_path="ca.pem")),
]


def test_every_host_user_and_trust_has_a_file_of_its_own() -> None:
    names = [SessionCache(owner, lambda _text: None).name for owner in OWNERS]

    assert len(set(names)) == len(OWNERS)


def test_a_thumbprint_is_the_same_trust_whatever_else_is_said() -> None:
    pinned = [
        Trust(thumbprint="ab" * 32),
        Trust(thumbprint="ab" * 32, verify=False),
        Trust(thumbprint="ab" * 32, ca_path="/x"),
    ]

    assert len({json.dumps(owner_of(Address(host="ESX1"), "root", trust)) for trust in pinned}) == 1


def test_the_folder_is_below_the_runtime_directory_where_that_is_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))

    assert own_folder({"XDG_RUNTIME_DIR": str(tmp_path)}) == tmp_path / "virt.esx"
    for useless in ({}, {"XDG_RUNTIME_DIR": ""}, {"XDG_RUNTIME_DIR": "run"}, {"XDG_RUNTIME_DIR": "/nowhere/at/all"}):
        assert own_folder(useless) == tmp_path / "home" / ".cache" / "virt.esx"
