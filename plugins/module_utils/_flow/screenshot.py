# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Screenshots: which file is whose, what is a picture, and the script that lets a host take one as a task.

Source: vim.VirtualMachine.CreateScreenshot_Task; the first chunk of a PNG file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import quote

from .._errors import EsxError, FaultError, OptionError, PlanError
from .outcome import BatchResult
from .power import UNCERTAIN, is_off
from .script import Done, Interrupted, Run, Script, settle
from .state import PowerState, Vm, VmState

TAKE = Run(method="CreateScreenshot_Task", operation="VirtualMachine.createScreenshot")
ATTEMPTS = 3
SUFFIX = ".png"
# How long the name of a file may be.
MOST_BYTES = 255
_SAFE = " !#$&'()+,;=@[]{}~^"
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Signature, length and name of the first chunk, width and height.
_HEAD_BYTES = 24


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A PNG; ``width`` and ``height`` are pixels."""

    content: bytes
    width: int
    height: int

    @classmethod
    def parse(cls, vm: Vm, content: bytes) -> Picture:
        """
        Take what a host sent for the screen of a VM.

        Raises:
            FaultError: it is no picture.
        """
        if not content.startswith(_SIGNATURE) or len(content) < _HEAD_BYTES or content[12:16] != b"IHDR":
            raise FaultError(f"{vm}: what the host sent is no PNG ({len(content)} bytes)", moid=vm.moid)
        width, height = (int.from_bytes(content[start : start + 4], "big") for start in (16, 20))
        return cls(content=content, width=width, height=height)

    def to_json(self) -> dict[str, Any]:
        """Return what a result says of it: ``sha256``, ``size`` in bytes, ``width`` and ``height`` in pixels."""
        return {
            "sha256": sha256(self.content).hexdigest(),
            "size": len(self.content),
            "width": self.width,
            "height": self.height,
        }


UNKNOWN: Mapping[str, Any] = dict.fromkeys(("sha256", "size", "width", "height"))
"""What is said of a picture that was not taken."""


def check_on(vm: Vm, state: VmState) -> None:
    """
    Make sure that there is a screen.

    Raises:
        PlanError: the VM does not run.
    """
    if state.power_state is not PowerState.ON:
        now = state.power_state.value if state.power_state else "in an unknown power state"
        hint = "power it on" if is_off(state) else "resume it with 'powered-on'"
        raise PlanError(f"{vm} is {now}, so it has no screen: {hint} first", moid=vm.moid)


def take(vm: Vm, state: VmState) -> Script:
    """Let the host write a picture of the screen to its datastore."""
    for attempt in range(1, ATTEMPTS + 1):
        given_up: EsxError | None = None
        state = yield from settle(state)
        check_on(vm, state)
        try:
            yield TAKE
        except Interrupted as interruption:
            state = interruption.state
            # Where a picture may have been begun, a second one would be left on the datastore beside it.
            if attempt == ATTEMPTS or interruption.error.kind in UNCERTAIN:
                given_up = interruption.error
        else:
            return Done()
        if given_up is not None:
            raise given_up
    raise AssertionError("the last attempt returns or raises")


def places(vms: Sequence[Vm], dest: str, *, is_folder: bool, single: bool) -> dict[str, str]:
    """
    Return the file of each VM, by moid.

    In a folder a file bears the name of its VM, and where two VMs would have one file, or the name is too long for a
    file, the id too.

    Raises:
        OptionError: ``dest`` is one file for several VMs.
    """
    if not is_folder:
        if not single:
            raise OptionError(
                "'dest' must be a folder that is there, for several virtual machines may be meant", option="dest"
            )
        return {vm.moid: dest for vm in vms}
    names = _file_names(vms)
    folder = dest.rstrip("/")
    return {moid: f"{folder}/{name}" for moid, name in names.items()}


def _file_names(vms: Sequence[Vm]) -> dict[str, str]:
    with_id: set[str] = set()
    while True:
        names = {vm.moid: _file_name(vm, with_id=vm.moid in with_id) for vm in vms}
        bearers = Counter(names.values())
        # What an id makes of one name may be the name of another VM.
        doubtful = {moid for moid, name in names.items() if bearers[name] > 1} - with_id
        if not doubtful:
            return names
        with_id |= doubtful


def _file_name(vm: Vm, *, with_id: bool) -> str:
    name = "".join(one if one.isprintable() and not one.isascii() else quote(one, safe=_SAFE) for one in vm.name)
    # A name that begins with a dot would be hidden, or lead elsewhere.
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    ending = f"-{vm.moid}{SUFFIX}"
    room = MOST_BYTES - len(ending)
    if len(name.encode()) > room:
        return name.encode()[:room].decode(errors="ignore") + ending
    return name + ending if with_id else name + SUFFIX


@dataclass(frozen=True, kw_only=True)
class ScreenshotResult(BatchResult):
    """What came of all VMs, with the file of each and what is in it, by moid."""

    files: Mapping[str, Mapping[str, Any]]

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        shown = super().to_json()
        for entry in shown["vms"]:
            entry.update(self.files[entry["moid"]])
        return shown
