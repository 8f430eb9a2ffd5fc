# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual machines from VMX files, and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import vmx_text
from ansible_collections.virt.esx.tests.esxsim.inventory import Inventory
from ansible_collections.virt.esx.tests.esxsim.scenario import ScenarioError, load_scenario
from ansible_collections.virt.esx.tests.esxsim.vmx_import import BadVmx, place, read
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, machine, world_of
from pyVmomi import vim

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "libvirt"
PATH = "[datastore1] a/a.vmx"


def corpus() -> list[Path]:
    manifest = CORPUS / "manifest.json"
    if not manifest.is_file():
        return []
    pairs = json.loads(manifest.read_text("utf-8"))["vmx2xml"]
    return [CORPUS / "vmx2xml" / one["input"] for one in pairs]


FILES = corpus()


@pytest.mark.skipif(not FILES, reason="the conformance corpus is not beside the project")
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_real_files_become_machines(file: Path) -> None:
    description = read(file.read_bytes(), PATH)
    world = world_of(networks=[{"name": "VM Network"}], datastores=[{"name": "datastore1"}, {"name": "datastore"}])
    vm = Inventory(world).add([description])[0]
    config = vm.get("config")
    entries = vmx_text.entries(vmx_text.decode(file.read_bytes()))

    assert config.hardware.memoryMB == int(entries.get("memsize", 32))
    assert (
        vmx_text.entries(vm.vmx()).items()
        >= {key: value for key, value in entries.items() if key not in ("displayname", "uuid.bios", "guestos")}.items()
    )
    keys = [one.key for one in config.hardware.device]
    assert len(keys) == len(set(keys))


@pytest.mark.skipif(not FILES, reason="the conformance corpus is not beside the project")
def test_a_folder_of_real_files_is_a_world() -> None:
    folder = CORPUS / "vmx2xml"
    world = load_scenario({"vmx_folder": str(folder), "clock": "manual"})
    client = Client(world)
    vms = world.of_type("VirtualMachine")
    vm: Any = vim.VirtualMachine(vms[0].moid, client.stub)
    task = vm.PowerOn()

    assert len(vms) == len(list(folder.glob("*.vmx")))
    assert client.after(0, task).state == "success"


def test_devices_are_read() -> None:
    text = """
        .encoding = "UTF-8"
        displayName = "a |22b|22"
        scsi0.present = "TRUE"
        scsi0.virtualDev = "lsisas1068"
        SCSI0:1.present = "true"
        scsi0:1.fileName = "a.vmdk"
        scsi0:1.mode = "independent-nonpersistent"
        ide1:0.present = "TRUE"
        ide1:0.fileName = "/vmfs/volumes/datastore1/iso/x.iso"
        ide1:0.deviceType = "cdrom-image"
        ethernet0.present = "TRUE"
        ethernet0.networkName = "lab"
        ethernet0.addressType = "static"
        ethernet0.address = "00:50:56:00:00:01"
        ethernet0.virtualDev = "e1000"
        serial1.present = "TRUE"
        serial1.fileType = "file"
        serial1.fileName = "out.log"
        something.else = "kept"
    """
    found = read(text.encode(), PATH)

    assert found.name == 'a "b"'
    assert [(one.file, one.mode, one.slot.unit) for one in found.disks] == [
        ("[datastore1] a/a.vmdk", "independent_nonpersistent", 1)
    ]
    assert [one.iso for one in found.cdroms] == ["[datastore1] iso/x.iso"]
    assert [(one.network, one.mac, one.model) for one in found.nics] == [("lab", "00:50:56:00:00:01", "e1000")]
    assert [(one.index, one.target) for one in found.serials] == [(1, "[datastore1] a/out.log")]
    assert found.extra_config == {"something.else": "kept"}
    assert found.scsi_models == {0: "lsisas1068"}


def test_what_is_written_is_read_again() -> None:
    vm = machine(
        world_of(
            {
                "name": "ä & <b>",
                "cpus": 4,
                "cores_per_socket": 2,
                "memory_mib": 2048,
                "annotation": 'line "one"\nline | two',
                "guest_id": "ubuntu64Guest",
                "firmware": "efi",
                "disks": [{}, {"mode": "independent_persistent"}],
                "nics": [{}, {"mac": "00:50:56:00:00:01", "model": "e1000"}],
                "serial_files": ["out.log"],
                "extra_config": {"guestinfo.a": "b"},
            }
        ),
        "ä & <b>",
    )
    again = read(vm.vmx().encode(), vm.vmx_path)
    config = vm.get("config")

    assert (again.name, again.annotation) == (config.name, config.annotation)
    assert (again.cpus, again.cores_per_socket, again.memory_mib, again.guest_id, again.firmware) == (
        *(4, 2, 2048),
        *("ubuntu64Guest", "efi"),
    )
    assert (again.uuid, again.instance_uuid) == (config.uuid, config.instanceUuid)
    assert [one.mode for one in again.disks] == ["persistent", "independent_persistent"]
    assert [one.mac_type for one in again.nics] == ["generated", "static"]
    assert again.extra_config["guestinfo.a"] == "b"


def test_an_imported_file_stays_as_it_was_and_follows_changes() -> None:
    text = '# mine\nmemsize = "512"\nmy.key="x"\ndisplayName = "a"\n'
    world = world_of()
    vm = Inventory(world).add([read(text.encode(), PATH)])[0]
    before = vm.vmx()
    vm.set("config.hardware.memoryMB", 1024)
    after = vm.vmx()

    assert before.startswith(text)
    assert after.startswith(text.replace("512", "1024"))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.vmdk", "[datastore1] a/a.vmdk"),
        ("/vmfs/volumes/nas/b/c.vmdk", "[nas] b/c.vmdk"),
        ("/usr/lib/vmware/isoimages/linux.iso", "/usr/lib/vmware/isoimages/linux.iso"),
    ],
)
def test_file_names_become_datastore_paths(name: str, path: str) -> None:
    assert place(name, PATH) == path


@pytest.mark.parametrize(
    ("encoding", "data"), [("windows-1252", b"\x80\xe4"), ("UTF-8", "€ä".encode()), ("nonsense", "€ä".encode())]
)
def test_encodings_are_read(encoding: str, data: bytes) -> None:
    text = f'.encoding = "{encoding}"\ndisplayName = "'.encode() + data + b'"\n'

    assert read(text, PATH).name == "€ä"


@pytest.mark.parametrize("text", ["", "no entry at all", 'memsize = "a lot"'])
def test_what_is_no_vmx_file_is_refused(text: str) -> None:
    with pytest.raises(BadVmx):
        read(text.encode(), PATH)


def test_a_folder_without_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="there is no VMX file"):
        load_scenario({"vmx_folder": str(tmp_path)})


def test_shown_values_are_plain() -> None:
    found: Any = vmx_text.entries('a = "1" # c\nB=\'2\'\nbad line\na = "3"\n')

    assert found == {"a": "1", "b": "2"}
