# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a simulated host is, in plain values: the defaults of a scenario's ``host``, ``datastores`` and ``networks``."""

from __future__ import annotations

from dataclasses import dataclass, field

from pyVmomi import VmomiSupport

from .firewall_rules import FirewallProfile

GIB = 1024**3

# What a scenario may say: API version, product version, build.
_ALL_VERSIONS = {
    "5.5": ("5.5", "5.5.0", "1331820"),
    "6.0": ("6.0", "6.0.0", "2494585"),
    "6.5": ("6.5", "6.5.0", "4564106"),
    "6.7": ("6.7", "6.7.0", "8169922"),
    "7.0": ("7.0.3.0", "7.0.3", "18644231"),
    "7.0.3.0": ("7.0.3.0", "7.0.3", "18644231"),
    "8.0": ("8.0.3.0", "8.0.3", "24022510"),
    "8.0.3.0": ("8.0.3.0", "8.0.3", "24022510"),
    "9.0": ("9.0.0.0", "9.0.0", "24755229"),
    "9.0.0.0": ("9.0.0.0", "9.0.0", "24755229"),
}
# An older pyVmomi does not know the newest.
VERSIONS = {name: each for name, each in _ALL_VERSIONS.items() if f"vim25/{each[0]}" in VmomiSupport.versionMap}


@dataclass(frozen=True, kw_only=True)
class PnicProfile:
    """One physical NIC; 0 as ``link_mbps``: it has no link. ``address`` has its prefix behind it."""

    device: str
    mac: str
    driver: str = "ixgben"
    link_mbps: int = 10000
    full_duplex: bool = True
    auto_negotiate: bool = True
    wake_on_lan: bool = False
    dhcp: bool = False
    address: str | None = None
    vswitch: str | None = "vSwitch0"


@dataclass(frozen=True, kw_only=True)
class VmkernelProfile:
    """One VMkernel adapter; ``address`` and those of ``ipv6`` have their prefix behind them."""

    device: str
    mac: str
    port_group: str = "Management Network"
    vswitch: str = "vSwitch0"
    vlan_id: int = 0
    dhcp: bool = False
    address: str | None = None
    ipv6: tuple[str, ...] = ()
    mtu: int = 1500
    netstack: str = "defaultTcpipStack"
    services: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HostProfile:
    """The machine that ESXi runs on; ``nics`` and ``vmkernel`` None: the usual ones."""

    name: str = "esx1.example.com"
    version: str = "8.0.3.0"
    cpu_packages: int = 2
    cpu_cores: int = 16
    cpu_threads: int = 32
    cpu_mhz: int = 2400
    cpu_model: str = "Intel(R) Xeon(R) Gold 6240R CPU @ 2.40GHz"
    memory_bytes: int = 256 * GIB
    vendor: str = "Example"
    model: str = "Simulator 1"
    pnics: int = 2
    maintenance_mode: bool = False
    management_ip: str = "192.0.2.10"
    address: str = "192.0.2.11"
    nics: tuple[PnicProfile, ...] | None = None
    vmkernel: tuple[VmkernelProfile, ...] | None = None
    firewall: FirewallProfile = field(default_factory=FirewallProfile)

    @property
    def cards(self) -> tuple[PnicProfile, ...]:
        """The physical NICs."""
        if self.nics is not None:
            return self.nics
        return tuple(
            PnicProfile(device=f"vmnic{index}", mac=f"02:00:00:00:00:{index + 1:02x}") for index in range(self.pnics)
        )

    @property
    def vmkernel_nics(self) -> tuple[VmkernelProfile, ...]:
        """The VMkernel adapters."""
        if self.vmkernel is not None:
            return self.vmkernel
        first = VmkernelProfile(
            device="vmk0", mac="02:00:00:00:01:01", address=f"{self.address}/24", services=("management",)
        )
        return (first,)

    @property
    def short_name(self) -> str:
        return self.name.partition(".")[0]

    @property
    def domain(self) -> str:
        return self.name.partition(".")[2]

    @property
    def api_version(self) -> str:
        return VERSIONS[self.version][0]

    @property
    def product_version(self) -> str:
        return VERSIONS[self.version][1]

    @property
    def build(self) -> str:
        return VERSIONS[self.version][2]


@dataclass(frozen=True, kw_only=True)
class DatastoreProfile:
    """One datastore; ``kind`` is vmfs, nfs, nfs41 or local."""

    name: str = "datastore1"
    kind: str = "vmfs"
    capacity_gib: int = 2048
    free_gib: int = 1024
    accessible: bool = True
    remote_host: str = "nas.example.com"
    remote_hosts: tuple[str, ...] = ()
    remote_path: str = "/export"
    security_type: str | None = None
    access_mode: str = "read-write"
    files: dict[str, str | dict[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class DiskProfile:
    """One of the host's own disks; ``holds`` is what is on it besides datastores: other, or nothing."""

    name: str
    uuid: str
    capacity_gib: int = 100
    ssd: bool = True
    local: bool = True
    holds: str | None = None


@dataclass(frozen=True, kw_only=True)
class NfsServerProfile:
    """One file server; ``kinds`` are those of the mounts that it takes."""

    name: str
    exports: tuple[str, ...] = ("/export",)
    kinds: tuple[str, ...] = ("nfs", "nfs41")
    capacity_gib: int = 2048
    free_gib: int = 1024
    is_down: bool = False


@dataclass(frozen=True, kw_only=True)
class NetworkProfile:
    """One port group on a standard switch."""

    name: str = "VM Network"
    vswitch: str = "vSwitch0"
    vlan_id: int = 0
