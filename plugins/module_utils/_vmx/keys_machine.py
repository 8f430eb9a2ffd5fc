# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The mapping between VMX keys and a machine's identity, memory and processors, as data, in the order of writing.

Law: of two keys that say the same, the first counts.
"""

from __future__ import annotations

from .codec import AFFINITY, BOOL, FLOOR, LIMIT, NUMBER, SHARES, UUID, words
from .definition import LatencySensitivity, UuidAction
from .escaped import ESCAPED, NAME, TEXT
from .rows import Row, Table

IDENTITY = Table(
    title="Identity",
    field="",
    rows=(
        Row(key=".encoding", note="Read when the text is decoded. What we write anew is UTF-8 and says so."),
        Row(key="config.version", note="Must be there and be 8."),
        Row(
            key="virtualHW.version",
            field="hardware_version",
            codec=NUMBER,
            vsphere="config.version (vmx-20)",
            note="Must be there. Written for the version asked for; 20 (ESXi 8.0) where none is stated.",
        ),
        Row(
            key="guestOS",
            field="guest_id",
            codec=TEXT,
            default="other",
            vsphere="config.guestId, in other words",
            libvirt="os/type@arch",
            note="Of the id libvirt keeps only whether it ends with ``-64``.",
        ),
        Row(key="smbios.reflecthost", field="smbios_reflect_host", codec=BOOL, default="false", libvirt="os/smbios"),
        Row(
            key="uuid.action",
            field="uuid_action",
            codec=words(UuidAction),
            default="the host asks",
            note="What the host does about a machine that was moved or copied.",
        ),
        Row(key="uuid.bios", field="uuid", codec=UUID, vsphere="config.uuid", libvirt="uuid"),
        Row(key="vc.uuid", field="instance_uuid", codec=UUID, vsphere="config.instanceUuid"),
        Row(key="uuid.location", field="location_uuid", codec=UUID, vsphere="config.locationId"),
        Row(key="displayName", field="name", codec=NAME, vsphere="config.name", libvirt="name"),
        Row(key="annotation", field="annotation", codec=ESCAPED, vsphere="config.annotation", libvirt="description"),
        Row(
            key="vm.genid",
            field="generation_id",
            libvirt="genid",
            note="A signed number of 64 bits: the first half of the UUID. Two zeros are none.",
        ),
        Row(key="vm.genidX", field="generation_id", libvirt="genid", note="The second half."),
    ),
)

RESOURCES = Table(
    title="Memory and processors",
    field="",
    rows=(
        Row(
            key="memsize",
            field="memory_mib",
            codec=NUMBER,
            default="32",
            vsphere="config.hardware.memoryMB",
            libvirt="memory",
            note="A multiple of 4.",
        ),
        Row(
            key="sched.mem.max",
            field="memory_limit_mib",
            codec=LIMIT,
            default="unlimited",
            vsphere="config.memoryAllocation.limit",
            libvirt="currentMemory",
        ),
        Row(
            key="sched.mem.minsize",
            field="memory_reservation_mib",
            codec=FLOOR,
            default="0",
            vsphere="config.memoryAllocation.reservation",
            libvirt="memtune/min_guarantee",
            note="Hosts write ``sched.mem.min`` beside it, and so do we from hardware version 11 on.",
            aliases=("sched.mem.min",),
        ),
        Row(
            key="sched.mem.shares",
            field="memory_shares",
            codec=SHARES,
            default="normal",
            vsphere="config.memoryAllocation.shares",
        ),
        Row(
            key="sched.mem.pin",
            field="memory_reservation_locked",
            codec=BOOL,
            default="false",
            vsphere="config.memoryReservationLockedToMax",
        ),
        Row(
            key="mem.hotadd",
            since=7,
            field="memory_hot_add",
            codec=BOOL,
            default="false",
            vsphere="config.memoryHotAddEnabled",
        ),
        Row(
            key="numvcpus",
            field="cpus",
            codec=NUMBER,
            default="1",
            vsphere="config.hardware.numCPU",
            libvirt="vcpu",
        ),
        Row(
            key="cpuid.coresPerSocket",
            field="cores_per_socket",
            codec=NUMBER,
            default="1",
            vsphere="config.hardware.numCoresPerSocket",
            libvirt="cpu/topology",
        ),
        Row(
            key="sched.cpu.affinity",
            field="cpu_affinity",
            codec=AFFINITY,
            default="all",
            vsphere="config.cpuAffinity",
            libvirt="vcpu@cpuset",
            note="Numbers of the host's CPUs; at least as many as the machine has.",
        ),
        Row(
            key="sched.cpu.shares",
            field="cpu_shares",
            codec=SHARES,
            default="normal",
            vsphere="config.cpuAllocation.shares",
            libvirt="cputune/shares",
            note="A word and the number it stands for are two things: the number behind a word grows with the machine.",
        ),
        Row(
            key="sched.cpu.min",
            field="cpu_reservation_mhz",
            codec=FLOOR,
            default="0",
            vsphere="config.cpuAllocation.reservation",
        ),
        Row(
            key="sched.cpu.max",
            field="cpu_limit_mhz",
            codec=LIMIT,
            default="unlimited",
            vsphere="config.cpuAllocation.limit",
        ),
        Row(
            key="sched.cpu.latencySensitivity",
            field="latency_sensitivity",
            codec=words(LatencySensitivity),
            default="normal",
            vsphere="config.latencySensitivity.level",
        ),
        Row(
            key="vcpu.hotadd",
            since=7,
            field="cpu_hot_add",
            codec=BOOL,
            default="false",
            vsphere="config.cpuHotAddEnabled",
        ),
        Row(
            key="vcpu.hotremove",
            field="cpu_hot_remove",
            codec=BOOL,
            default="false",
            vsphere="config.cpuHotRemoveEnabled",
        ),
        Row(
            key="vhv.enable",
            field="nested_virtualization",
            codec=BOOL,
            default="false",
            vsphere="config.nestedHVEnabled",
        ),
    ),
)
