# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The conformance corpus, where it lies beside the project: pairs of VMX and domain XML, and how they are compared."""

from __future__ import annotations

import json
import os
import pathlib
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import Any

from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import DatastorePath, FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText

ROOT = pathlib.Path(__file__).resolve().parents[3]
FOLDER = pathlib.Path(os.environ.get("ESX_CORPUS", "../shared/corpus/libvirt"))
CORPUS = FOLDER if FOLDER.is_absolute() else ROOT / FOLDER
MISSING = f"no corpus in {CORPUS}; ESX_CORPUS names another folder"


@dataclass(frozen=True)
class Pair:
    """One entry of the manifest; ``expected`` is None where reading must fail."""

    name: str
    given: pathlib.Path
    expected: pathlib.Path | None
    names: FileNames
    datacenter_path: str | None = None
    hardware_version: int | None = None


def manifest(part: str) -> list[Pair]:
    """Return the pairs of one part of the manifest, ``vmx2xml`` or ``xml2vmx``; none where there is no corpus."""
    path = CORPUS / "manifest.json"
    if not path.is_file():
        return []
    found: list[dict[str, Any]] = json.loads(path.read_text("utf-8"))[part]
    return [_pair(part, entry) for entry in found]


def _pair(part: str, entry: dict[str, Any]) -> Pair:
    folder = CORPUS / part
    must_fail = entry.get("must_fail", False)
    return Pair(
        name=entry["name"],
        given=folder / entry["input"],
        expected=None if must_fail else folder / entry["expected"],
        names=FileNames(
            datastore=entry.get("datastore", "datastore"),
            directory=entry.get("directory", "directory"),
            is_missing=_is_missing,
        ),
        datacenter_path=entry.get("datacenter_path"),
        hardware_version=entry.get("virtual_hw_version"),
    )


def _is_missing(path: DatastorePath) -> bool:
    return path.datastore == "missing" or path.path.startswith("missing")


def text_of(path: pathlib.Path) -> VmxText:
    """Read a VMX of the corpus."""
    return VmxText.from_bytes(path.read_bytes())


def canonical(xml: str | bytes) -> str:
    """Return XML so that what means the same is the same: C14N, without white space between elements."""
    root = ET.fromstring(xml)
    for element in root.iter():
        element.text = element.text if (element.text or "").strip() else None
        element.tail = None
    return ET.canonicalize(ET.tostring(root, encoding="unicode"))


def entries(text: VmxText) -> dict[str, str]:
    """Return a VMX as the entries that count: keys in lower case, values as they stand."""
    return {key.lower(): value for key, value in text.items()}
