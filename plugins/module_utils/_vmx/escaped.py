# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Texts as VMX values.

Laws: as of ``codec``. Hosts escape whatever cannot stand between quotation marks; a pipe that begins no escape is
itself, except in the two texts that people write, where it is an error.
"""

from __future__ import annotations

from .codec import Codec
from .definition import BootDevice
from .escapes import escape_name, escape_pipe, unescape_name, unescape_pipe


def _read(text: str) -> str:
    if "|" not in text:
        return text
    try:
        return unescape_pipe(text)
    except ValueError:
        return text


def _read_boot_order(text: str) -> tuple[BootDevice, ...]:
    words = [word.strip().lower() for word in text.split(",")]
    known = {device.value: device for device in BootDevice}
    if not known.keys() >= set(words) or len(words) > len(set(words)):
        raise ValueError("words of {}, with commas between them".format(", ".join(known)))
    return tuple(known[word] for word in words)


def _write_boot_order(devices: tuple[BootDevice, ...]) -> str:
    return ",".join(device.value for device in devices)


TEXT = Codec("text", _read, escape_pipe)
ESCAPED = Codec("text with pipe escapes", unescape_pipe, escape_pipe, most=2**16)
NAME = Codec("text with percent and pipe escapes", unescape_name, escape_name)
# What file is meant is the affair of FileNames.
FILE = Codec("file name", _read, escape_pipe)
BOOT_ORDER = Codec("words with commas", _read_boot_order, _write_boot_order)
