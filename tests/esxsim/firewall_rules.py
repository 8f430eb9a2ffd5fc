# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The rule sets of a new host's firewall.

Each says its key, its label and its rules, and may say its service. A rule is ``in`` or ``out``, a protocol, and a port
or a range of ports, which are the destination's unless ``src`` follows.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RuleProfile:
    """One rule; ``end_port`` is the last port of a range, or None."""

    direction: str
    protocol: str
    port: int
    end_port: int | None = None
    port_type: str = "dst"


@dataclass(frozen=True, kw_only=True)
class RulesetProfile:
    """One rule set; ``allowed`` are addresses, and networks with their prefix, or None: everybody."""

    name: str
    label: str
    rules: tuple[RuleProfile, ...] = ()
    enabled: bool = False
    required: bool = False
    service: str | None = None
    allowed: tuple[str, ...] | None = None
    user_controllable: bool = True
    ip_list_user_configurable: bool = True


def rules_of(*texts: str) -> tuple[RuleProfile, ...]:
    """Read rules such as ``in tcp 902`` and ``in udp 53 src``."""
    return tuple(map(_rule, texts))


def _rule(text: str) -> RuleProfile:
    direction, protocol, ports, *kind = text.split()
    first, _dash, last = ports.partition("-")
    return RuleProfile(
        direction={"in": "inbound", "out": "outbound"}[direction],
        protocol=protocol,
        port=int(first),
        end_port=int(last) if last else None,
        port_type=kind[0] if kind else "dst",
    )


def _open(name: str, label: str, *rules: str, service: str | None = None, required: bool = False) -> RulesetProfile:
    return RulesetProfile(
        name=name, label=label, rules=rules_of(*rules), enabled=True, service=service, required=required
    )


def _shut(name: str, label: str, *rules: str, service: str | None = None) -> RulesetProfile:
    return RulesetProfile(name=name, label=label, rules=rules_of(*rules), service=service)


RULESETS = (
    _open("sshServer", "SSH Server", "in tcp 22", required=True),
    _shut("sshClient", "SSH Client", "out tcp 22"),
    _shut("nfsClient", "NFS Client", "out tcp 0-65535"),
    _shut("nfs41Client", "nfs41Client", "out tcp 0-65535"),
    _open("dhcp", "DHCP Client", "in udp 68", "out udp 68 src"),
    _open("DHCPv6", "DHCPv6", "in tcp 546", "in udp 546", "out tcp 547", "out udp 547"),
    _open("dns", "DNS Client", "in udp 53", "out udp 53", "out tcp 53"),
    _open("snmp", "SNMP Server", "in udp 161", service="snmpd"),
    _shut("ntpClient", "NTP Client", "out udp 123", service="ntpd"),
    _shut("ptpd", "PTP Client", "in udp 319-320", "out udp 319-320", service="ptpd"),
    _open("CIMHttpServer", "CIM Server", "in tcp 5988", service="sfcbd-watchdog"),
    _open("CIMHttpsServer", "CIM Secure Server", "in tcp 5989", service="sfcbd-watchdog"),
    _open("CIMSLP", "CIM SLP", "in udp 427", "in tcp 427", "out udp 427", "out tcp 427"),
    _shut("iSCSI", "Software iSCSI Client", "out tcp 3260"),
    _shut("vpxHeartbeats", "VMware vCenter Agent", "out udp 902", service="vpxa"),
    _open("vMotion", "vMotion", "in tcp 8000", "out tcp 8000"),
    _open("vSphereClient", "vSphere Web Client", "in tcp 902", "in tcp 443", required=True),
    _open("webAccess", "vSphere Web Access", "in tcp 80"),
    _open("NFC", "NFC", "in tcp 902", "out tcp 902"),
    _open("HBR", "HBR", "out tcp 31031", "out tcp 44046"),
    _shut(
        "activeDirectoryAll",
        "Active Directory All",
        *("in tcp 2020", "out tcp 88", "out tcp 139", "out tcp 389", "out tcp 445", "out tcp 464", "out tcp 3268"),
        *("out tcp 7476", "out udp 88", "out udp 123", "out udp 137", "out udp 389", "out udp 464"),
    ),
    _open("faultTolerance", "Fault Tolerance", "in tcp 8300", "out tcp 80", "out tcp 8300"),
    _shut("syslog", "syslog", "out udp 514", "out tcp 514", "out tcp 1514"),
    _shut("ftpClient", "FTP Client", "in tcp 20 src", "out tcp 21"),
    _shut("httpClient", "httpClient", "out tcp 80", "out tcp 443"),
    _shut("gdbserver", "gdbserver", "in tcp 1000-9999", "in tcp 50000-50999"),
    _shut(
        "remoteSerialPort",
        "VM serial port connected over network",
        "in tcp 23",
        "in tcp 1024-65535",
        "out tcp 0-65535",
    ),
    _shut("vSPC", "VM serial port connected to vSPC", "out tcp 0-65535"),
    _open("WOL", "WOL", "out udp 9"),
    _shut("rdt", "Virtual SAN Transport", "in tcp 2233", "out tcp 2233"),
    _shut(
        "cmmds",
        "Virtual SAN Clustering Service",
        *("in udp 12345", "in udp 12321", "in udp 23451", "out udp 12345", "out udp 12321", "out udp 23451"),
    ),
    _shut("vsanvp", "vsanvp", "in tcp 8080", "out tcp 8080"),
    _open("DVSSync", "DVSSync", "in udp 8301", "in udp 8302", "out udp 8301", "out udp 8302"),
    _shut("DVFilter", "DVFilter", "in tcp 2222"),
    _open("iofiltervp", "iofiltervp", "in tcp 9080"),
    _open("updateManager", "vCenter Update Manager", "out tcp 80", "out tcp 9000-9100"),
    _shut("esxupdate", "esxupdate", "out tcp 443"),
)


@dataclass(frozen=True, kw_only=True)
class FirewallProfile:
    """The firewall at the start."""

    incoming_blocked: bool = True
    outgoing_blocked: bool = True
    rulesets: tuple[RulesetProfile, ...] = RULESETS
