# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Look for a domain XML, or for a VMX that a domain carries, that breaks a law, guided by coverage.

::

    pip install atheris
    python tests/fuzz/fuzz_domain_xml.py -dict=tests/fuzz/domain_xml.dict -max_total_time=600 found/ examples/

Options are libFuzzer's; new inputs go to the first folder, and examples are domains and VMX files alike. Whatever is
found becomes a test beside the others in tests/unit/vmx, and then it is repaired.
"""

from __future__ import annotations

import importlib
import pathlib
import sys
from dataclasses import dataclass
from typing import Any

PLUGINS = pathlib.Path(__file__).resolve().parents[2] / "plugins"


@dataclass(frozen=True)
class Laws:
    """What must hold of any text; the modules are those that are watched."""

    domain_xml: Any
    convert: Any
    text: Any
    paths: Any
    errors: Any

    def check(self, data: bytes) -> None:
        """Read a text as a domain, or as a VMX; a law that does not hold ends in an AssertionError."""
        if data.lstrip()[:1] == b"<":
            self.check_domain(data)
        else:
            self.check_vmx(data)

    def check_domain(self, data: bytes) -> None:
        """A domain that is read is written and read again; one that is not is refused with its path."""
        path = ""
        try:
            found = self.domain_xml.parse(data)
        except self.errors.DomainXmlError as error:
            path = error.details["path"]
        if path:
            assert path.startswith("/")
            return
        restricted = self.domain_xml.restrict(found)
        assert self.domain_xml.restrict(restricted) == restricted
        assert self.domain_xml.parse(self.domain_xml.format(restricted, secrets=True)) == restricted
        try:
            text = self.convert.to_vmx(data, self.paths.FileNames())
        except (self.errors.DomainXmlError, self.errors.NotRepresentable):
            return
        self.check_text(text)

    def check_vmx(self, data: bytes) -> None:
        """A VMX that is read goes through XML and comes back as it was."""
        try:
            self.check_text(self.text.VmxText.from_bytes(data))
        except self.errors.VmxError:
            return

    def check_text(self, text: Any) -> None:
        """As for bytes."""
        names = self.paths.FileNames(datastore="ds", directory="vm")
        xml = self.convert.to_domain_xml(text, names, secrets=True)
        assert str(self.convert.to_vmx(xml, names)) == str(text)


def main() -> None:
    """Run until libFuzzer has had enough."""
    atheris = importlib.import_module("atheris")
    sys.path.insert(0, str(PLUGINS))
    with atheris.instrument_imports():
        domain_xml = importlib.import_module("module_utils._vmx.domain_xml")
        convert = importlib.import_module("module_utils._vmx.convert")
        text = importlib.import_module("module_utils._vmx.text")
        paths = importlib.import_module("module_utils._vmx.paths")
        errors = importlib.import_module("module_utils._errors")
    laws = Laws(domain_xml, convert, text, paths, errors)
    atheris.Setup(sys.argv, laws.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
