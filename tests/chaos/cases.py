# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The tasks of the fault matrix, as data: for every module one or more that it is used for, and the world that each needs.

``{here}`` in an option is a folder of this machine, in which the files of ``local`` lie.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.moving import make_vcenter

DISK_KIB = 1024 * 1024
UUID = "564d0000-0000-0000-0000-00000000000a"
VMX = """\
.encoding = "UTF-8"
config.version = "8"
virtualHW.version = "19"
displayName = "new01"
guestOS = "debian12-64"
memSize = "512"
uuid.bios = "56 4d 00 00 00 00 00 00-00 00 00 00 00 00 00 0a"
"""
IQN = "iqn.2026-01.com.example:array1"
ON: dict[str, Any] = {"name": "web01", "power_state": "powered-on", "disks": [{"size_gib": 1}], "task_seconds": 2}
OFF: dict[str, Any] = {**ON, "power_state": "powered-off"}
OTHER: dict[str, Any] = {"name": "web02", "disks": [{"size_gib": 1}], "snapshots": ["before"]}
QUESTION = {"question": "msg.serial.file.open", "during": "power-on"}
FILES = {"iso/a.iso": "image " * 1000, "iso/b.txt": "text"}
SCENARIO: dict[str, Any] = {
    "vms": [OFF, OTHER],
    "datastores": [{"name": "datastore1", "free_gib": 50, "files": FILES}, {"name": "ssd", "free_gib": 20}],
    "networks": [{"name": "VM Network"}, {"name": "Other"}],
}
STORAGE: dict[str, Any] = {
    "datastores": [
        {"name": "datastore1", "free_gib": 50},
        {"name": "nas01", "kind": "nfs", "remote_host": "nas", "remote_path": "/vm", "capacity_gib": 10},
    ],
    "disks": [{"name": "naa.one", "capacity_gib": 100}],
    "nfs_servers": [{"name": "nas", "exports": ["/vm", "/iso"], "capacity_gib": 10, "free_gib": 4}],
}
NETWORK: dict[str, Any] = {
    "pnics": [{}, {"vswitch": None}],
    "networks": [{"name": "VM Network"}, {"name": "lab", "vlan_id": 7}, {"name": "far", "vswitch": "vSwitch7"}],
}
ISCSI: dict[str, Any] = {
    "datastores": [{"name": "datastore1"}, {"name": "iscsi01"}],
    "iscsi": {"targets": [{"name": IQN, "portals": ["192.0.2.20"], "luns": [{"datastore": "iscsi01"}]}]},
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """
    One task: the module's name, what the task is, its options, and the world it finds.

    ``local`` are files of this machine, ``prepare`` does to the world what no scenario can say; ``keeps_session``: a
    session of an earlier task is kept; ``is_of_others``: what it works on is a task of somebody else, which ends for
    good when the host restarts. ``unseen``: faults of a method, of which a client cannot know.
    """

    module: str
    task: str
    given: Mapping[str, Any] = field(default_factory=dict)
    scenario: Mapping[str, Any] = field(default_factory=lambda: SCENARIO)
    local: Mapping[str, bytes] = field(default_factory=dict)
    prepare: Callable[[World], None] | None = None
    keeps_session: bool = False
    is_of_others: bool = False
    unseen: frozenset[tuple[str, str]] = frozenset()
    check_mode: bool = False

    @property
    def name(self) -> str:
        """How the case is called on the command line."""
        return f"{self.module}: {self.task}"


def _case(module: str, task: str, given: Mapping[str, Any], **more: Any) -> Case:
    return Case(module=module, task=task, given=given, **more)


def _world_with(*vms: Mapping[str, Any]) -> dict[str, Any]:
    return {**SCENARIO, "vms": list(vms)}


def _be_vcenter(world: World) -> None:
    make_vcenter(world, "esx2")


DISK = {"slot": "scsi0:0", "capacity_kib": DISK_KIB, "provisioning": "thick"}
NEW_VM = {"uuid": UUID, "memory_mib": 512, "disks": [DISK]}
LARGER = {"memory_mib": 2048, "annotation": "changed", "disks": [{"slot": "scsi0:0", "capacity_kib": 2 * DISK_KIB}]}
MACHINES = [
    _case("esx_vm_define", "create", {"name": "new01", "datastore": "datastore1", "definition": NEW_VM}),
    _case("esx_vm_define", "register a VMX", {"vmx": VMX, "datastore": "datastore1"}),
    _case(
        "esx_vm_define",
        "modify with a power cycle",
        {"name": "web01", "definition": LARGER, "power_cycle": True},
        scenario=_world_with({**ON, "guest_shutdown_seconds": 5}, OTHER),
    ),
    _case("esx_vm_define", "delete", {"name": "web01", "state": "absent", "delete_from_disk": True}),
    _case("esx_vm_clone", "clone", {"source": "web01", "names": ["copy01", "copy02"]}),
    _case(
        "esx_vm_power",
        "power on with a question",
        {"name": "web01", "state": "powered-on", "auto_answer": "safe"},
        scenario=_world_with({**OFF, "questions": [QUESTION]}, OTHER),
    ),
    _case(
        "esx_vm_power",
        "shut down the guests of two",
        {"names": ["web01", "web02"], "state": "guest-shutdown"},
        scenario=_world_with({**ON, "guest_shutdown_seconds": 20}, {**ON, "name": "web02"}),
    ),
    _case("esx_vm_snapshot", "take", {"name": "web01", "snapshot": "base"}, scenario=_world_with(ON, OTHER)),
    _case("esx_vm_snapshot", "remove", {"name": "web02", "snapshot": "before", "state": "absent"}),
    _case(
        "esx_vm_migrate",
        "to another host",
        {"name": "web01", "target_host": "esx2"},
        scenario=_world_with(ON, OTHER),
        prepare=_be_vcenter,
    ),
    _case(
        "esx_vm_autostart",
        "an order",
        {"names": ["web02", "web01"], "start_order": 1, "defaults": {"enabled": True}, "manage_defaults": True},
    ),
    _case("esx_vm_screenshot", "keep one", {"name": "web01", "dest": "{here}/web01.png"}, scenario=_world_with(ON)),
    _case(
        "esx_question",
        "answer",
        {"auto_answer": "safe"},
        scenario=_world_with({**OFF, "questions": [{**QUESTION, "during": "now", "task": "power-on"}]}, OTHER),
        is_of_others=True,
    ),
    _case("esx_question_info", "read", {}, scenario=_world_with({**OFF, "questions": [{**QUESTION, "during": "now"}]})),
    _case("esx_vm_info", "read", {}),
    _case("esx_vm_snapshot_info", "read", {"with_snapshot_xml": True}),
]
PATH = "[datastore1] disks/data.vmdk"
GROUPS = [{"name": "web", "vlan_id": 20}, {"name": "db", "vlan_id": 40}]
HOSTS = [
    _case(
        "esx_datastore",
        "mount",
        {"name": "iso", "type": "nfs", "remote_hosts": ["nas"], "remote_path": "/iso"},
        scenario=STORAGE,
    ),
    _case("esx_datastore", "make", {"name": "fast", "type": "vmfs", "disks": ["naa.one"]}, scenario=STORAGE),
    _case("esx_datastore", "unmount", {"name": "nas01", "state": "absent"}, scenario=STORAGE),
    _case("esx_datastore_info", "read", {}, scenario=STORAGE),
    _case(
        "esx_firewall",
        "open and shut",
        {
            "rulesets": [
                {"name": "sshClient", "enabled": True},
                {"name": "sshServer", "allowed": {"addresses": ["192.0.2.1"], "networks": ["10.0.0.0/8"]}},
            ],
            "default_policy": {"outgoing_blocked": False},
        },
    ),
    _case("esx_host_info", "read", {"with_devices": True, "with_services": True, "with_capabilities": True}),
    _case("esx_interface_info", "read", {}),
    _case(
        "esx_iscsi",
        "reach a target",
        {
            "alias": "first",
            # A run that is killed before it looks for disks leaves that to whoever looks next.
            "rescan": "always",
            "send_targets": [{"address": "192.0.2.20", "port": 3260}],
            "static_targets": [{"name": IQN, "address": "192.0.2.20", "port": 3260}],
        },
        scenario=ISCSI,
    ),
    _case(
        "esx_network",
        "make a switch",
        {"name": "vSwitch1", "uplinks": ["vmnic1"], "port_groups": GROUPS},
        scenario=NETWORK,
    ),
    _case("esx_network", "remove a switch", {"name": "vSwitch7", "state": "absent"}, scenario=NETWORK),
    _case("esx_network_info", "read", {"with_users": True, "with_network_xml": True}, scenario=NETWORK),
    _case("esx_session", "end", {}, keeps_session=True),
    _case("esx_volume", "create", {"path": PATH, "capacity_kib": DISK_KIB, "provisioning": "thick"}),
    _case("esx_volume", "delete", {"path": "[datastore1] iso/a.iso", "state": "absent"}),
    _case("esx_volume_info", "read", {}),
    _case(
        "esx_volume_download",
        "a folder",
        {"src": "[datastore1] iso", "dest": "{here}/iso", "replace": "differing", "compare": "content"},
        # A whole file that is another one: whoever must be certain gives its checksum.
        unseen=frozenset({("garbage", "GET")}),
    ),
    _case(
        "esx_volume_upload",
        "a folder",
        {"src": "{here}/tree", "dest": "[datastore1] iso", "compare": "content"},
        local={"tree/a.iso": b"new image " * 1000, "tree/new/c.txt": b"text"},
    ),
]
WRITING = [case for case in (*MACHINES, *HOSTS) if not case.task.startswith("read")]
FIRST = {case.module: case for case in reversed(WRITING)}
CASES: tuple[Case, ...] = (
    *MACHINES,
    *HOSTS,
    *(
        replace(case, task=f"{case.task}, foreseen", check_mode=True)
        for case in FIRST.values()
        if not case.keeps_session
    ),
)
