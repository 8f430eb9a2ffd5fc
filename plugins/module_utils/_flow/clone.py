# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What a copy of a virtual machine is: which files it gets, and what its VMX says.

Laws: a copy has nothing that identifies its source (UUIDs, MAC addresses, places of swap and suspend files), so its
first power-on has nothing to ask; everything else that the source's VMX says, it says too.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._errors import OptionError, PlanError
from .._vmx import vmx
from .._vmx.definition import VmDefinition
from .._vmx.devices import MacType, Nic, PortBacking
from .._vmx.drives import DiskSharing, Provisioning, ScsiModel
from .._vmx.escapes import escape_datastore_item
from .._vmx.paths import DatastorePath, FileNames
from .._vmx.slots import Slot
from .._vmx.text import VmxText

# Keys without a field of the hub that are about the source and its past, not about what it is.
_PAST = re.compile(
    r"""
    extendedConfigFile | workingDir | sched\.swap\.derivedName | vmxstats\.filename | migrate\..* | checkpoint\..*
    | snapshot\..* | uuid\..* | vc\.uuid | viv\.moid | vm\.genid.* | ethernet\d+\.generatedAddress.* | vmotion\..*
    | softPowerOff | cleanShutdown | vm\.createDate
    """,
    re.VERBOSE | re.IGNORECASE,
)
# What the name of a linked copy ends with until its disks are there.
UNFINISHED = ".unfinished-clone"
# vSphere's limit for names of virtual machines, and that of a file system for names of files.
LONGEST_NAME = 80
_LONGEST_FILE_NAME = 255
_LONGEST_ENDING = ".vmx.clone.virt-esx-upload"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_ENCRYPTED = re.compile(r"encryption\.(?:keySafe|data)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class DiskCopy:
    """
    One disk of a copy: ``[datastore] directory/name.vmdk`` here and there, and what the copy's blocks are.

    ``adapter`` is what it is noted to be made for (vim.VirtualDiskManager.VirtualDiskAdapterType).
    With ``is_linked``, ``source`` is a file that a snapshot keeps as it is, and the copy's lies on top of it.
    """

    slot: str
    source: str
    target: str
    provisioning: Provisioning
    adapter: str = "lsiLogic"
    is_linked: bool = False

    def __str__(self) -> str:
        how = "linked" if self.is_linked else self.provisioning.value
        return f"{self.source} -> {self.target} ({how})"


@dataclass(frozen=True, kw_only=True)
class Clone:
    """
    A copy as it is planned.

    ``definition`` is what it will be. ``home`` is its directory and ``vmx_path`` its VMX, whose text is ``text``; that
    of a linked copy has no disks yet and another name, for such disks only the host can make, for a machine that it
    knows. ``nvram`` is where the source's NVRAM is and where the copy's will be, None where there is none to copy.
    """

    name: str
    definition: VmDefinition
    home: DatastorePath
    vmx_path: DatastorePath
    text: VmxText
    disks: tuple[DiskCopy, ...]
    nvram: tuple[str, str] | None
    is_linked: bool = False

    @property
    def claim_path(self) -> DatastorePath:
        """Where it is noted, while the copy is made, which files are the copy's."""
        return self.home.join(f"{self.vmx_path.name}.clone")

    def files(self) -> Iterator[str]:
        """Yield the files that come into being, but for the disks."""
        yield str(self.vmx_path)
        if self.nvram is not None:
            yield self.nvram[1]

    def claim(self, run: str, *, owns_home: bool) -> Claim:
        """Return what is noted by a ``run``; ``owns_home`` tells that the directory was not there before."""
        return Claim(
            name=self.name,
            run=run,
            disks=tuple(disk.target for disk in self.disks),
            files=tuple(self.files()),
            owns_home=owns_home,
            vmx_digest=digest(self.text.to_bytes()),
        )


@dataclass(frozen=True, kw_only=True)
class Claim:
    """
    The files of a copy that is not yet finished, as noted beside them.

    A run that was killed leaves it behind. The next one reads what it may take away: these files and no others, and
    only as long as no machine was made of them, which is seen by the VMX: hosts write theirs anew.

    ``run`` is whose it is, and ``vmx_digest`` what :func:`digest` makes of the VMX.
    """

    name: str
    run: str
    disks: tuple[str, ...]
    files: tuple[str, ...]
    owns_home: bool
    vmx_digest: str

    def names(self) -> set[str]:
        """Return what the files are called, those included that a host makes for a disk."""
        own = {DatastorePath.parse(file).name for file in self.files}
        return own.union(*(disk_files(disk) for disk in self.disks))

    def to_bytes(self) -> bytes:
        """Return the content of the file."""
        shown = {
            "clone": self.name,
            "run": self.run,
            "disks": self.disks,
            "files": self.files,
            "owns_home": self.owns_home,
            "vmx_sha256": self.vmx_digest,
        }
        return json.dumps(shown, indent=1).encode()

    @classmethod
    def from_bytes(cls, data: bytes, home: DatastorePath) -> Claim:
        """
        Read the file; nothing that it names may lie outside ``home``.

        Raises:
            PlanError: it was not written by us.
        """
        try:
            said = json.loads(data)
            found = cls(
                name=str(said["clone"]),
                run=str(said["run"]),
                disks=tuple(map(str, said["disks"])),
                files=tuple(map(str, said["files"])),
                owns_home=said["owns_home"] is True,
                vmx_digest=str(said["vmx_sha256"]),
            )
            inside = all(DatastorePath.parse(file).parent == home for file in (*found.disks, *found.files))
        except (ValueError, KeyError, TypeError):
            inside = False
        if not inside:
            raise PlanError(f"{home}: a file there ends with .vmx.clone, and says nothing that this module would write")
        return found


def digest(vmx_bytes: bytes) -> str:
    """Return what tells one VMX from another: its SHA-256 in hex."""
    return hashlib.sha256(vmx_bytes).hexdigest()


def disk_files(path: str) -> set[str]:
    """Return what the files of a disk are called: its descriptor, and its extent."""
    name = DatastorePath.parse(path).name
    return {name, f"{name.removesuffix('.vmdk')}-flat.vmdk"}


def in_the_way(clone: Clone, names: Collection[str], left: Claim | None) -> list[str]:
    """
    Return the files among ``names``, those in its directory, that a copy would be and that no killed run has left.

    The VMX comes first, for it says most, and extents last.
    """
    ours = clone.claim("", owns_home=False).names() - (left.names() if left is not None else set())
    return sorted(ours.intersection(names), key=lambda name: (name != clone.vmx_path.name, "-flat." in name, name))


def check_name(name: str, option: str) -> None:
    """
    Refuse a name for a copy that no host takes, or that is no name for a directory and for files.

    Raises:
        OptionError: it is none.
    """
    wrong = None
    if not name.strip() or name in (".", "..") or _CONTROL.search(name):
        wrong = "it is blank, dots alone, or holds control characters"
    elif len(name) > LONGEST_NAME or len(f"{escape_datastore_item(name)}{_LONGEST_ENDING}") > _LONGEST_FILE_NAME:
        wrong = f"it is too long: {LONGEST_NAME} characters at most, and fewer where not all are letters and digits"
    if wrong is not None:
        raise OptionError(f"'{option}' cannot be {name[:LONGEST_NAME]!r}: {wrong}", option=option)


def plan(
    source: VmxText,
    where: FileNames,
    *,
    name: str,
    home: DatastorePath,
    provisioning: Mapping[str, Provisioning | None],
    wanted: Provisioning | None,
    frozen: Mapping[str, str] | None = None,
) -> Clone:
    """
    Plan a copy.

    Args:
        source: The source's VMX.
        where: Where that VMX lies, and what the host has mounted.
        name: What the copy is called.
        home: The directory that the copy is to have.
        provisioning: What the blocks of the source's disks are, by slot; None where that is not known.
        wanted: What the blocks of the copies shall be; None: as the source's.
        frozen: For a linked copy, the file that each disk shall lie on, by slot; None: the disks are copied.

    Raises:
        PlanError: such a machine cannot be copied file by file.
        VmxError: the source's VMX cannot be read.
    """
    have = vmx.parse(source, where)
    _check(have)
    base = escape_datastore_item(name)
    disks = tuple(
        DiskCopy(
            slot=str(disk.slot),
            source=(disk.file or "") if frozen is None else _frozen(frozen, str(disk.slot)),
            target=str(home.join(f"{base}{f'_{number}' if number else ''}.vmdk")),
            provisioning=wanted or provisioning.get(str(disk.slot)) or Provisioning.THICK,
            adapter=_adapter(disk.slot, have),
            is_linked=frozen is not None,
        )
        for number, disk in enumerate(have.disks)
    )
    names = replace(where, datastore=home.datastore, directory=home.path, short=True)
    nvram = None if have.nvram is None else (have.nvram, str(home.join(f"{base}.nvram")))
    want = _rewritten(have, name, disks, nvram)
    first = want if frozen is None else replace(want, name=f"{name}{UNFINISHED}", disks=())
    return Clone(
        name=name,
        definition=want,
        home=home,
        vmx_path=home.join(f"{base}.vmx"),
        text=vmx.update(source, first, names),
        disks=disks,
        nvram=nvram,
        is_linked=frozen is not None,
    )


def _adapter(slot: Slot, have: VmDefinition) -> str:
    if slot.kind == "ide":
        return "ide"
    models = {(one.slot.kind, one.slot.index): one.model for one in have.controllers}
    return "busLogic" if models.get((slot.kind, slot.index)) is ScsiModel.BUSLOGIC else "lsiLogic"


def _frozen(frozen: Mapping[str, str], slot: str) -> str:
    """Return the file that a linked disk lies on, or say that none is kept as it is."""
    if slot not in frozen:
        raise PlanError(
            f"{slot} of the source has no snapshot, and a linked copy lies on a disk that a snapshot keeps as it is: "
            "make one first with virt.esx.esx_vm_snapshot"
        )
    return frozen[slot]


def _check(have: VmDefinition) -> None:
    """Refuse what no copy of files can copy."""
    encrypted = sorted(key for key in have.extra if _ENCRYPTED.fullmatch(key))
    if encrypted or have.vtpm:
        raise PlanError(
            f"the source is encrypted ({encrypted[0] if encrypted else 'it has a virtual TPM'}): a copy of its files "
            "could not be opened; clone it under vCenter"
        )
    for disk in have.disks:
        if disk.sharing is DiskSharing.MULTI_WRITER:
            raise PlanError(f"{disk.slot} of the source is shared with other machines (multi-writer): it has no copy")
        if not (disk.file or "").startswith("["):
            raise PlanError(f"{disk.slot} of the source is on no datastore of this host: {disk.file}")


def _rewritten(
    have: VmDefinition, name: str, disks: tuple[DiskCopy, ...], nvram: tuple[str, str] | None
) -> VmDefinition:
    targets = {disk.slot: disk.target for disk in disks}
    extra = {key: value for key, value in have.extra.items() if _PAST.fullmatch(key) is None}
    return replace(
        have,
        name=name,
        uuid=None,
        instance_uuid=None,
        location_uuid=None,
        uuid_action=None,
        generation_id=None,
        nvram=None if nvram is None else nvram[1],
        disks=tuple(replace(disk, file=targets[str(disk.slot)]) for disk in have.disks),
        nics=tuple(_new_card(nic) for nic in have.nics),
        serial_ports=tuple(_own_port(port) for port in have.serial_ports),
        parallel_ports=tuple(_own_port(port) for port in have.parallel_ports),
        extra=extra,
    )


def _new_card(nic: Nic) -> Nic:
    """A card with an address that the host makes; a port of a distributed switch is one card's alone."""
    port = nic.distributed_port
    return replace(
        nic,
        mac=None,
        mac_type=MacType.GENERATED,
        distributed_port=None if port is None else replace(port, port_id=None, connection_id=None),
    )


def _own_port(port: Any) -> Any:
    """What a port writes to a file, it writes beside the copy's VMX."""
    if port.backing is not PortBacking.FILE or not (port.path or "").startswith("["):
        return port
    return replace(port, path=DatastorePath.parse(port.path).name)
