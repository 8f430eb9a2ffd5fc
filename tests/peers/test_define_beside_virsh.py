# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
``virsh define`` and ``esx_vm_define`` on two equal worlds: what each says, and what it leaves behind.

The table of the guide is made of these cases, so what it says is what was seen.
"""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import esx_vm_define
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.filestore import File
from ansible_collections.virt.esx.tests.support.clients import Virsh, serving, until_idle
from ansible_collections.virt.esx.tests.support.worlds import run, world_of

Record = Callable[[str, object], None]
GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "docsite" / "rst" / "defining.rst"
SECTION = "If you come from ``virsh define``"
UUID, OFF = "564d0000-0000-0000-0000-0000000000aa", "564d0000-0000-0000-0000-0000000000bb"
SCENARIO: Mapping[str, Any] = {
    "datastores": [{"name": "datastore1"}],
    "networks": [{"name": "VM Network"}, {"name": "lab"}],
    "vms": [
        {"name": "off01", "uuid": OFF},
        {"name": "on01", "power_state": "powered-on"},
        {"name": "lab01", "folder": "lab"},
    ],
}
DISK = """\
    <disk type='file' device='disk'>
      <source file='[datastore1] made/one.vmdk'/><target dev='sda' bus='scsi'/>
    </disk>
"""
DOMAIN = f"""\
<domain type='vmware'>
  <name>made01</name>
  <uuid>{UUID}</uuid>
  <memory unit='MiB'>512</memory>
  <vcpu>2</vcpu>
  <os><type arch='x86_64'>hvm</type></os>
  <devices>
{DISK}    <controller type='scsi' index='0' model='lsilogic'/>
    <interface type='bridge'>
      <mac address='00:50:56:25:48:c7'/><source bridge='VM Network'/><model type='e1000'/>
    </interface>
  </devices>
</domain>
"""
CARRIED = "<metadata><vmx xmlns='urn:virt-esx:vmx:1'>guestOS = \"rhel9-64\"</vmx></metadata>"
OWN_VMX, MADE_VMX = "made01/made01.vmx", "made/made01.vmx"
EXISTS = "editing existing domains is not supported"
# An upload that is answered with a text is more than version 9.0 can take: it is gone without a word.
CRASH = r"\A\Z|HTTP response code"


def domain(*changes: tuple[str, str]) -> str:
    """Return the domain with parts of it replaced."""
    text = DOMAIN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@dataclass(frozen=True, kw_only=True)
class End:
    """
    What came of a case: what was said last (a pattern; None: it succeeded), which files are new or others, which
    machines there are more or less, and entries of the VMX, the folder and the memory of ``made01``.
    """

    says: str | None = None
    files: frozenset[str] = frozenset()
    come: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict)


MADE = End(files=frozenset({MADE_VMX}), come=frozenset({"made01"}))
MADE_IN_OWN = End(files=frozenset({OWN_VMX}), come=frozenset({"made01"}))


def made(**facts: Any) -> End:
    return End(files=MADE.files, come=MADE.come, facts=facts)


def refused(says: str) -> End:
    return End(says=says)


@dataclass(frozen=True, kw_only=True)
class Case:
    """
    A row of the table, and how it is seen: domains that are defined one after the other, or a command and wishes.

    ``options`` are ours beside the domain; ``files`` are on the datastore before, beside the disk.
    """

    what: str
    theirs: str
    ours: str
    virsh: End
    module: End
    domains: Sequence[str] = (DOMAIN,)
    command: str = ""
    wishes: Sequence[Mapping[str, Any]] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    disks: Sequence[str] = ("made/one.vmdk",)
    files: Mapping[str, bytes] = field(default_factory=dict)
    fault: str = ""


CASES: Sequence[Case] = [
    Case(
        what="The machine is there",
        theirs="an error: editing is not supported",
        ours="it is compared, and reconfigured",
        domains=[DOMAIN, domain(("512", "1024"))],
        virsh=End(says=EXISTS, files=MADE.files, come=MADE.come, facts={"memory": 512}),
        module=made(memory=1024),
    ),
    Case(
        what="The same again",
        theirs="an error, too",
        ours="no change",
        domains=[DOMAIN, DOMAIN],
        virsh=End(says=EXISTS, files=MADE.files, come=MADE.come),
        module=MADE,
    ),
    Case(
        what="The UUID is that of a machine with another name",
        theirs="an error: editing is not supported",
        ours="it is that machine, and gets the name",
        domains=[domain((UUID, OFF), ("made/one", "off01/off01"))],
        virsh=refused(EXISTS),
        module=End(files=frozenset({"off01/off01.vmx"}), come=frozenset({"made01"}), gone=frozenset({"off01"})),
    ),
    Case(
        what="A VMX of that name is there",
        theirs="it is overwritten",
        ours="an error; the file stays",
        files={MADE_VMX: b'displayName = "precious"\n'},
        virsh=MADE,
        module=refused("never overwritten"),
    ),
    Case(
        what="The host refuses the registration",
        theirs="an error; the VMX that was uploaded stays behind",
        ours="an error; it is taken away again",
        fault="RegisterVM_Task",
        virsh=End(says="RegisterVM_Task", files=MADE.files),
        module=refused("RegisterVM_Task"),
    ),
    Case(
        what="A domain without a disk",
        theirs="an error: the datastore is derived from the disk",
        ours="``datastore`` says where it goes, if there are several",
        domains=[domain((DISK, ""))],
        virsh=refused("doesn't contain any disks"),
        module=MADE_IN_OWN,
    ),
    Case(
        what="A domain with no drive but a CD-ROM",
        theirs="an error",
        ours="the same as without a disk",
        domains=[domain(("device='disk'", "device='cdrom'"), ("made/one.vmdk", "iso/one.iso"))],
        files={"iso/one.iso": b"an image"},
        virsh=refused("doesn't contain any file-based harddisks"),
        module=MADE_IN_OWN,
    ),
    Case(
        what="A disk at the top of its datastore",
        theirs="it fails: the VMX would go into a directory with the name of the disk. Version 9.0 crashes",
        ours="the VMX goes into a directory with the name of the machine",
        domains=[domain(("made/one", "one"))],
        disks=["one.vmdk"],
        virsh=refused(CRASH),
        module=MADE_IN_OWN,
    ),
    Case(
        what="A disk that is not there",
        theirs="the machine is defined, and does not start",
        ours="an error, before anything is touched",
        disks=["made/other.vmdk"],
        virsh=MADE,
        module=refused(r"there is no file \[datastore1\] made/one\.vmdk"),
    ),
    Case(
        what="Nor is its directory",
        theirs="it fails: the VMX cannot be uploaded. Version 9.0 crashes",
        ours="the same error",
        disks=[],
        virsh=refused(CRASH),
        module=refused(r"there is no file \[datastore1\] made/one\.vmdk"),
    ),
    Case(
        what="A datastore that the host does not have",
        theirs="an error",
        ours="an error that lists those that are there",
        domains=[domain(("[datastore1]", "[nowhere]"))],
        virsh=refused("Could not find datastore with name 'nowhere'"),
        module=refused("no datastore 'nowhere'; there are 'datastore1'"),
    ),
    Case(
        what="A network that the host does not have",
        theirs="the machine is defined, and is connected to nothing",
        ours="an error that lists those that are there",
        domains=[domain(("VM Network", "nowhere"))],
        virsh=MADE,
        module=refused("no network 'nowhere'; there are 'VM Network', 'lab'"),
    ),
    Case(
        what="A disk without its datastore, ``one.vmdk``",
        theirs="an error",
        ours="it lies beside the VMX",
        domains=[domain(("[datastore1] made/one", "one"))],
        options={"datastore": "datastore1", "directory": "made"},
        virsh=refused("Could not handle file name 'one.vmdk'"),
        module=MADE,
    ),
    Case(
        what="A disk that is no ``.vmdk``",
        theirs="an error",
        ours="an error",
        domains=[domain(("one.vmdk", "one.img"))],
        virsh=refused("expecting '.vmdk'"),
        module=refused(r"wanted the name of a \.vmdk file"),
    ),
    Case(
        what="A path that leaves its datastore, ``[datastore1] ../made/one.vmdk``",
        theirs="the host is asked to write there, and refuses. Version 9.0 crashes",
        ours="an error, before the host hears of it",
        domains=[domain(("made/one", "../made/one"))],
        virsh=refused(CRASH),
        module=refused(r"'\[datastore1\] \.\./made/one\.vmdk'; wanted"),
    ),
    Case(
        what="A name with a line break",
        theirs="an error",
        ours="an error",
        domains=[domain(("made01", "ma&#10;de01"))],
        virsh=refused("invalid char in name"),
        module=refused("line break"),
    ),
    Case(
        what="A SCSI controller of model ``auto``",
        theirs="what the disk says; an error where it says nothing",
        ours="``lsilogic``",
        domains=[domain(("model='lsilogic'", "model='auto'"))],
        virsh=refused("Could not lookup controller model"),
        module=made(**{"scsi0.virtualDev": "lsilogic"}),
    ),
    Case(
        what="The virtual hardware, on ESXi 7 and later",
        theirs="version 8",
        ours="what the host gives by itself",
        virsh=made(**{"virtualHW.version": "8"}),
        module=made(**{"virtualHW.version": "21"}),
    ),
    Case(
        what="What XML cannot say (guest id, hardware version, mode of a disk)",
        theirs="cannot be said",
        ours="``<metadata>`` carries it, see :ref:`the guide to definitions "
        "<ansible_collections.virt.esx.docsite.definitions>`",
        domains=[domain(("  <memory", f"  {CARRIED}\n  <memory"))],
        virsh=made(guestOS="other-64"),
        module=made(guestOS="rhel9-64"),
    ),
    Case(
        what="Folder, resource pool",
        theirs="always the topmost",
        ours="options",
        options={"folder": "lab"},
        virsh=made(folder="vm"),
        module=made(folder="lab"),
    ),
    Case(
        what="``virsh undefine`` of a running domain",
        theirs="an error",
        ours="an error, or with ``force: true`` it is powered off first",
        command="undefine on01",
        wishes=[{"name": "on01", "state": "absent"}, {"name": "on01", "state": "absent", "force": True}],
        virsh=refused("not suspended or powered off"),
        module=End(gone=frozenset({"on01"})),
    ),
    Case(
        what="``virsh undefine`` of a domain that is not there",
        theirs="an error",
        ours="no change",
        command="undefine nobody",
        wishes=[{"name": "nobody", "state": "absent"}],
        virsh=refused("failed to get domain"),
        module=End(),
    ),
]


def store_of(world: World) -> Any:
    """Return the files of the one datastore."""
    store: Any = world.of_type("Datastore")[0]
    return store.files


def prepare(world: World, case: Case) -> None:
    """Put on a world what a case begins with."""
    files = store_of(world)
    for path in case.disks:
        files.put(path, File(1024**2, None, 1024**2))
    for path, content in case.files.items():
        files.put(path, File(len(content), content))
    if case.fault:
        world.faults.add(FaultRule(method=case.fault, action="fault NoPermission"))


def names_of(world: World) -> set[str]:
    return {vm.get("name") for vm in world.of_type("VirtualMachine")}


def files_of(world: World) -> dict[str, str | int]:
    """Return the files of a world, those of a host's own writing left aside: logs and what a start makes."""
    files = store_of(world)
    return {
        path: file.read().decode() if path.endswith(".vmx") else file.size
        for path, file in files
        if path.endswith((".vmx", ".vmdk", ".iso", ".upload"))
    }


def seen(world: World, before: tuple[set[str], Mapping[str, str | int]], expected: End, says: str | None) -> End:
    """Return what came of it, with those facts that are expected."""
    names, files = before
    now = files_of(world)
    facts: dict[str, Any] = {}
    for name in expected.facts:
        (vm,) = [one for one in world.of_type("VirtualMachine") if one.get("name") == "made01"]
        if name == "memory":
            facts[name] = vm.get("config.hardware.memoryMB")
        elif name == "folder":
            facts[name] = world.find("Folder", vm.get("parent")._moId).get("name")
        else:
            found = re.search(rf'^{re.escape(name)} = "(.*)"$', str(now[MADE_VMX]), re.MULTILINE)
            facts[name] = found and found.group(1)
    assert world.errors == []
    return End(
        says=expected.says if says is not None and re.search(expected.says or r"\b\B", says) else says,
        files=frozenset(path for path in now if now[path] != files.get(path)),
        come=frozenset(names_of(world) - names),
        gone=frozenset(names - names_of(world)),
        facts=facts,
    )


def by_virsh(case: Case, program: str, folder: pathlib.Path) -> End:
    with serving(SCENARIO, folder) as server:
        world = server.world
        prepare(world, case)
        before = names_of(world), files_of(world)
        virsh = Virsh(program, server, folder)
        says: str | None = None
        for number, xml in enumerate(() if case.command else case.domains):
            (folder / f"{number}.xml").write_text(xml, "utf-8")
        for command in [case.command] if case.command else [f"define {at}.xml" for at in range(len(case.domains))]:
            done = virsh(*command.split())
            says = None if done.returncode == 0 else done.stderr
        until_idle(world)
        return seen(world, before, case.virsh, says)


def by_module(case: Case) -> End:
    world = world_of(*SCENARIO["vms"], **{name: value for name, value in SCENARIO.items() if name != "vms"})
    prepare(world, case)
    before = names_of(world), files_of(world)
    says: str | None = None
    for wish in case.wishes or [{"domain_xml": xml, **case.options} for xml in case.domains]:
        done = run(esx_vm_define, world, **wish)
        says = None if done.error is None else str(done.error)
    return seen(world, before, case.module, says)


@pytest.mark.parametrize("case", CASES, ids=[case.what for case in CASES])
def test_define_beside_virsh(virsh_program: str, tmp_path: pathlib.Path, record_property: Record, case: Case) -> None:
    record_property("peer", "virsh")
    record_property("command", f"{case.command.partition(' ')[0] or 'define'}: {case.what}")

    assert by_virsh(case, virsh_program, tmp_path) == case.virsh
    assert by_module(case) == case.module


def test_the_table_of_the_guide_is_what_was_seen() -> None:
    _before, _title, rest = GUIDE.read_text("utf-8").partition(f"{SECTION}\n")
    table = rest.partition(".. list-table::")[2].split("\n\n")[1]
    rows = [
        tuple(" ".join(cell.split()) for cell in re.split(r"^    - ", row, flags=re.MULTILINE))
        for row in re.split(r"^  \* - ", table, flags=re.MULTILINE)[2:]
    ]

    assert rows == [(case.what, case.theirs, case.ours) for case in CASES]
