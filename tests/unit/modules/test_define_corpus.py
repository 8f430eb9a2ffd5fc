# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Real VMX files on a simulated host: defined, read back, equal as entries, and nothing left to do; or refused untouched.

The host has what a file names, except for what no host of its kind has: see :func:`lacking`.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx import vmx
from ansible_collections.virt.esx.plugins.module_utils._vmx.convert import without_secrets
from ansible_collections.virt.esx.plugins.module_utils._vmx.definition import VmDefinition
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import DatastorePath, FileNames
from ansible_collections.virt.esx.plugins.module_utils._vmx.text import VmxText
from ansible_collections.virt.esx.plugins.modules import esx_vm_define, esx_vm_info
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.worlds import run, world_of
from ansible_collections.virt.esx.tests.unit.vmx.corpus import CORPUS, MISSING, entries, manifest, text_of

OWN = pathlib.Path(__file__).parents[1] / "vmx" / "data"
FOLDERS: Mapping[str, pathlib.Path] = {"own": OWN, "vmx2xml": CORPUS / "vmx2xml", "xml2vmx": CORPUS / "xml2vmx"}
# Folder -> how many files there are, and how many of them name what the host lacks.
COUNTS: Mapping[str, tuple[int, int]] = {"own": (10, 3), "vmx2xml": (64, 5), "xml2vmx": (53, 1)}
HOME: Mapping[str, Any] = {"datastore": "datastore1", "directory": "home"}
FILES = [(folder, path) for folder, place in FOLDERS.items() for path in sorted(place.glob("*.vmx"))]
KIB = 1024


def _definition(path: pathlib.Path) -> VmDefinition:
    return vmx.parse(text_of(path), FileNames(**HOME))


def _files(machine: VmDefinition) -> Iterator[tuple[DatastorePath, bool, bool]]:
    """Yield the files on datastores that a machine names: the path, whether it is a disk, whether it must be there."""
    drives: tuple[Any, ...] = (*machine.disks, *machine.cdroms, *machine.floppies)
    ports: tuple[Any, ...] = (*machine.serial_ports, *machine.parallel_ports)
    named = [(one.file, one in machine.disks, True) for one in drives] + [(one.path, False, False) for one in ports]
    for file, is_disk, is_needed in named:
        if file is not None and file.startswith("["):
            yield DatastorePath.parse(file), is_disk, is_needed


def _is_missing(path: DatastorePath) -> bool:
    """As the corpus has it: a datastore of this name, or a file whose path begins so, is not there."""
    return path.datastore == "missing" or path.path.startswith("missing")


def lacking(machine: VmDefinition) -> list[tuple[str, str]]:
    """Return what the host of a machine lacks: what is wanted, and what of its kind the host has."""
    switches = [nic.distributed_port.switch_uuid for nic in machine.nics if nic.distributed_port is not None]
    found = [(switch, "'VM Network'") for switch in switches]
    found += [(pci.address, "'0000:02:00.0'") for pci in machine.pci_devices if pci.address is not None]
    for path, _is_disk, is_needed in _files(machine):
        if path.datastore == "missing":
            found.append(("'missing'", "'datastore1'"))
        elif is_needed and _is_missing(path):
            found.append((str(path), ""))
    return found


def host_for(machine: VmDefinition) -> World:
    """Make a host that has what a machine names, as far as a host can."""
    named = [one for one in _files(machine) if one[0].datastore != "missing"]
    networks = {"VM Network", *(nic.network for nic in machine.nics if nic.network)}
    stores = {"datastore1", *(path.datastore for path, _is_disk, _is_needed in named)}
    world = world_of(
        networks=[{"name": name} for name in sorted(networks)], datastores=[{"name": name} for name in sorted(stores)]
    )
    by_name: dict[str, Any] = {store.get("name"): store for store in world.of_type("Datastore")}
    for path, is_disk, is_needed in named:
        if is_needed and not _is_missing(path):
            content = File(KIB**2, None, KIB**2) if is_disk else File(KIB, b"an image")
            by_name[path.datastore].files.put(path.path, content)
    return world


def tasks(world: World) -> int:
    return sum(call.method.endswith("_Task") for call in world.calls)


def files(world: World) -> set[tuple[str, str]]:
    return {(store.get("name"), path) for store in world.of_type("Datastore") for path, _file in store.files}


def _ids(meant: list[tuple[str, pathlib.Path]]) -> list[str]:
    return [f"{folder}-{path.stem}" for folder, path in meant]


LACKING = [one for one in FILES if lacking(_definition(one[1]))]
WHOLE = [one for one in FILES if one not in LACKING]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_left_out(folder: str) -> None:
    if not FOLDERS[folder].is_dir():
        pytest.skip(MISSING)
    found = [one for one in FILES if one[0] == folder]
    refused = [one for one in LACKING if one[0] == folder]

    if folder == "own" or "ESX_CORPUS" not in os.environ:
        assert (len(found), len(refused)) == COUNTS[folder]
    else:
        # Another corpus has other numbers, and says them itself.
        assert len(found) >= len(manifest(folder)) > 0


@pytest.mark.parametrize(("folder", "path"), WHOLE, ids=_ids(WHOLE))
def test_a_vmx_is_defined_read_back_equal_and_left_alone_then(folder: str, path: pathlib.Path) -> None:
    del folder
    text = text_of(path)
    world = host_for(_definition(path))
    named: dict[str, Any] = {} if text.get("displayName") else {"name": "unnamed"}

    done = run(esx_vm_define, world, vmx=str(text), **named, **HOME)
    assert done.error is None
    assert tasks(world) <= 2
    told = run(esx_vm_info, world, name=done.vm["name"], with_vmx=True).vm["vmx"]

    expected = entries(without_secrets(text)) | ({"displayname": "unnamed"} if named else {})
    assert entries(VmxText.parse(told)) == expected
    before = tasks(world)
    for again in ({"vmx": str(text), **named}, {"vmx": told}):
        for check_mode in (True, False):
            second = run(esx_vm_define, world, check_mode=check_mode, **again, **HOME)
            assert (second.error, second.result["diff"]) == (None, {"before": {}, "after": {}})
            assert not second.result["changed"]
    assert tasks(world) == before


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(("folder", "path"), LACKING, ids=_ids(LACKING))
def test_what_the_host_lacks_is_said_before_anything_is_touched(
    folder: str, path: pathlib.Path, check_mode: bool
) -> None:
    del folder
    machine = _definition(path)
    world = host_for(machine)
    before = files(world)

    done = run(esx_vm_define, world, check_mode=check_mode, vmx=str(text_of(path)), name="refused", **HOME)

    assert done.kind in ("not_found", "plan")
    wanted, has = lacking(machine)[0]
    assert wanted in str(done.error)
    assert has in str(done.error)
    assert (tasks(world), files(world)) == (0, before)
