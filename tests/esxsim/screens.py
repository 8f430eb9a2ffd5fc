# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The screens of virtual machines: pictures of one colour, which is another for every machine and after every boot."""

from __future__ import annotations

import struct
import zlib
from typing import Any

from pyVmomi import vim

from .filestore import OutOfSpace
from .machinefiles import place
from .managed import Call, method
from .snapshots import WithSnapshots
from .vmbase import VmBase

WIDTH, HEIGHT = 64, 48
SUFFIX = ".png"


class WithScreen(WithSnapshots):
    """A virtual machine whose screen can be looked at."""

    @method("CreateScreenshot_Task")
    def create_screenshot(self, call: Call) -> Any:
        return self.run("screenshot", self._take, self.in_state(None, "poweredOn"), "CreateScreenshot_Task")

    def _take(self) -> str:
        """Write the picture beside the VMX, under the next free number; return its path."""
        store, path = place(self, self.vmx_path)
        assert store is not None
        base = path.removesuffix(".vmx")
        number = next(count for count in range(1 << 16) if store.files.get(f"{base}-{count}{SUFFIX}") is None)
        try:
            store.files.upload(f"{base}-{number}{SUFFIX}", picture(self))
        except OutOfSpace as error:
            raise vim.fault.NoDiskSpace(
                file=f"{base}-{number}{SUFFIX}",
                datastore=store.get("name"),
                msg="Insufficient disk space on datastore.",
            ) from error
        store.touch("summary", "info")
        return f"[{store.get('name')}] {base}-{number}{SUFFIX}"


def picture(vm: VmBase) -> bytes:
    """What is on the screen of a running machine."""
    colour = zlib.crc32(f"{vm.get('name')} {vm.get('runtime.bootTime')}".encode())
    return png(WIDTH, HEIGHT, colour & 0xFFFFFF)


def png(width: int, height: int, colour: int = 0) -> bytes:
    """Make a picture of one colour, 0xRRGGBB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\x00" + colour.to_bytes(3, "big") * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
