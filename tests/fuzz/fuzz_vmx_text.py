# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Look for a VMX that breaks a law of VmxText, guided by coverage.

::

    pip install atheris
    python tests/fuzz/fuzz_vmx_text.py -dict=tests/fuzz/vmx.dict -max_total_time=600 -max_len=4096 found/ examples/

Options are libFuzzer's; new inputs go to the first folder. Whatever is found becomes a test beside the others in
tests/unit/vmx, and then it is repaired.
"""

from __future__ import annotations

import importlib
import pathlib
import sys
from typing import Any

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"


def check(vmx: Any, errors: Any, data: bytes) -> None:
    """Read, write and edit a file; a law that does not hold ends in an AssertionError."""
    place = {}
    try:
        text = vmx.VmxText.from_bytes(data)
    except errors.VmxError as error:
        text = None
        place = error.details
    if text is None:
        assert min(place["line"], place["column"]) >= 1
        return
    assert text.to_bytes() == data
    before = str(text)
    assert str(vmx.VmxText.parse(before)) == before
    for key, value in list(text.items()):
        text.set(key.swapcase(), value)
    assert str(text) == before
    _edit(vmx, text, [key for key, _value in text.entries()], data)


def _edit(vmx: Any, text: Any, keys: list[str], data: bytes) -> None:
    """Add, change and remove what the first bytes of the file say."""
    keys = [*keys, "new", "scsi0:1.fileName", ".encoding2"]
    for number, turn in enumerate(data[:6]):
        key = keys[turn % len(keys)]
        others = [entry for entry in text.entries() if entry[0].lower() != key.lower()]
        if turn & 64:
            text.set(key, data[number:].decode("latin-1")[:8])
            assert key in text
        else:
            text.remove(key)
            assert key not in text
        again = vmx.VmxText.parse(str(text))
        assert str(again) == str(text)
        assert again.entries() == text.entries()
        assert [entry for entry in text.entries() if entry[0].lower() != key.lower()] == others


def main() -> None:
    """Run until libFuzzer has had enough."""
    atheris = importlib.import_module("atheris")
    sys.path.insert(0, str(PLUGINS))
    with atheris.instrument_imports():
        vmx = importlib.import_module("module_utils._vmx.text")
        errors = importlib.import_module("module_utils._errors")

    def one(data: bytes) -> None:
        check(vmx, errors, data)

    atheris.Setup(sys.argv, one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
