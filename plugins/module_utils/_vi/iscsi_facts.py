# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The API's iSCSI adapters, targets and disks in our form, and as facts.

Source: vim.host.StorageDeviceInfo, whose parts are given by their names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._flow.iscsi import (
    AS_ABOVE,
    LEVELS,
    OFF,
    PORT,
    Adapter,
    Auth,
    Chap,
    Disk,
    Iscsi,
    Route,
    Target,
    libvirt_uuid,
    plain_portal,
    pool_of,
)
from . import sdk
from .reader import Row

DEVICES = ("hostBusAdapter", "scsiLun", "scsiTopology", "multipathInfo", "softwareInternetScsiEnabled")
_FOUND = ("sendTargetMethod", "slpMethod", "isnsMethod")
_CAPABILITIES = {
    "static_targets": ("discoveryCapabilities", "staticTargetDiscoverySettable"),
    "send_targets": ("discoveryCapabilities", "sendTargetsDiscoverySettable"),
    "chap": ("authenticationCapabilities", "chapAuthSettable"),
    "mutual_chap": ("authenticationCapabilities", "mutualChapSettable"),
    "target_chap": ("authenticationCapabilities", "targetChapSettable"),
    "target_mutual_chap": ("authenticationCapabilities", "targetMutualChapSettable"),
}


def users_of(stores: Iterable[Row], host: str) -> dict[str, list[str]]:
    """Return the names of the VMFS datastores that this host has mounted, by the canonical name of a disk."""
    users = dict[str, list[str]]()
    for row in stores:
        volume = getattr(row.values.get("info"), "vmfs", None)
        mounts = [one.mountInfo for one in row.values.get("host") or () if one.key._moId == host]
        if volume is None or any(mount.mounted is False for mount in mounts):
            continue
        for part in volume.extent:
            users.setdefault(part.diskName, []).append(str(row.values["name"]))
    return users


def said_of(parts: Mapping[str, Any], users: Mapping[str, Sequence[str]], device: str | None) -> tuple[Iscsi, Any]:
    """Return our form of it, and the API's adapter that is meant."""
    every = list(parts["hostBusAdapter"] or ())
    ours = [one for one in every if isinstance(one, sdk.vim.host.InternetScsiHba)]
    enabled = bool(parts["softwareInternetScsiEnabled"])
    # An adapter that was switched off may be shown until the host restarts.
    shown = [one for one in ours if enabled or not one.isSoftwareBased]
    wanted = [one for one in shown if (one.device == device if device is not None else one.isSoftwareBased)]
    meant = wanted[0] if wanted else None
    said = Iscsi(
        enabled=enabled,
        adapter=None if meant is None else _adapter(meant),
        adapters=[_adapter(one) for one in shown],
        others=[f"{one.device} ({one.model.strip()})" for one in every if one not in ours],
        disks=list(_disks(parts, users)),
    )
    return said, meant


def _adapter(hba: Any) -> Adapter:
    cannot = ["bound_nics"] if hba.networkBindingSupport == "notsupported" else []
    cannot += [name for name, (part, flag) in _CAPABILITIES.items() if getattr(getattr(hba, part), flag) is False]
    return Adapter(
        device=hba.device,
        model=hba.model.strip(),
        driver=hba.driver,
        status=hba.status,
        software=bool(hba.isSoftwareBased),
        name=hba.iScsiName,
        alias=hba.iScsiAlias or "",
        auth=_auth(hba.authenticationProperties, own=True),
        send_targets=tuple(_target(one) for one in hba.configuredSendTarget or ()),
        static_targets=tuple(_target(one) for one in hba.configuredStaticTarget or ()),
        cannot=frozenset(cannot),
    )


def _target(said: Any) -> Target:
    found = str(getattr(said, "discoveryMethod", None)) in _FOUND
    return Target(
        address=said.address,
        port=int(said.port or PORT),
        name=getattr(said, "iScsiName", None),
        auth=_auth(said.authenticationProperties, own=False),
        found_through=plain_portal(str(said.parent or "")) if found else None,
    )


def _auth(said: Any, *, own: bool) -> Auth:
    """Return our form of vim.host.InternetScsiHba.AuthenticationProperties; ``own``: those of an adapter."""
    if said is None:
        return Auth() if own else Auth(chap=AS_ABOVE, mutual=AS_ABOVE)
    mutual = _word(said.mutualChapAuthenticationType, on=False)
    return Auth(
        chap=_chap(_word(said.chapAuthenticationType, on=said.chapAuthEnabled), said.chapName)
        if own or not said.chapInherited
        else AS_ABOVE,
        mutual=_chap(mutual, said.mutualChapName) if own or not said.mutualChapInherited else AS_ABOVE,
    )


def _word(said: str | None, *, on: bool) -> str:
    """Return our word for a kind of CHAP; where the host has none, it is on or off."""
    word = str(said or "").removeprefix("chap").lower()
    return word if word in LEVELS else ("required" if on else "prohibited")


def _chap(level: str, name: str | None) -> Chap:
    return OFF if level == OFF.level else Chap(level=level, name=name)


def _interfaces(parts: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield the device of an adapter, a target behind it, and a disk behind that, of the whole topology."""
    devices = {one.key: one.device for one in parts["hostBusAdapter"] or ()}
    topology = parts["scsiTopology"]
    for interface in topology.adapter if topology is not None else ():
        for target in interface.target or ():
            for lun in target.lun or ():
                yield devices.get(interface.adapter, str(interface.adapter)), target, lun


def _route(device: str, target: Any) -> Route:
    transport = target.transport
    name = getattr(transport, "iScsiName", None) or target.key
    portals = frozenset(plain_portal(str(one)) for one in getattr(transport, "address", None) or ())
    return Route(device, str(name).lower(), portals)


def _disks(parts: Mapping[str, Any], users: Mapping[str, Sequence[str]]) -> Iterator[Disk]:
    routes = dict[str, set[Route]]()
    for device, target, lun in _interfaces(parts):
        routes.setdefault(lun.scsiLun, set()).add(_route(device, target))
    for one in parts["scsiLun"] or ():
        name = str(one.canonicalName or one.deviceName)
        stores = tuple(sorted(users.get(name, ())))
        yield Disk(name=name, routes=frozenset(routes.get(one.key, ())), datastores=stores)


def _behind(parts: Mapping[str, Any], meant: Any) -> list[tuple[Any, Any]]:
    """Return what is behind the adapter that is meant: targets, each with a disk of it."""
    device = None if meant is None else meant.device
    return [(target, lun) for name, target, lun in _interfaces(parts) if name == device]


def target_facts(adapter: Adapter | None, parts: Mapping[str, Any], meant: Any) -> list[dict[str, Any]]:
    behind = [(_route("", target), lun) for target, lun in _behind(parts, meant)]
    facts = []
    for one in adapter.static_targets if adapter is not None else ():
        name = one.name or ""
        luns = [
            lun
            for route, lun in behind
            if route.target == name.lower() and one.portal in (route.portals or {one.portal})
        ]
        facts.append(
            {
                "name": name,
                "address": one.address,
                "port": one.port,
                "found_through": one.found_through,
                "connected": bool(luns),
                "luns": len(luns),
                **one.auth.shown(),
                "pool": pool_of(name, one.address, one.port),
            }
        )
    return facts


def lun_facts(parts: Mapping[str, Any], users: Mapping[str, Sequence[str]], meant: Any) -> list[dict[str, Any]]:
    """Return the facts of the disks behind the adapter that is meant."""
    targets = dict[str, list[dict[str, Any]]]()
    for target, lun in _behind(parts, meant):
        transport = target.transport
        name = getattr(transport, "iScsiName", None)
        place = {"name": name, "portals": [str(one) for one in getattr(transport, "address", None) or ()]}
        targets.setdefault(lun.scsiLun, []).append({**place, "lun": int(lun.lun)})
    multipath = parts["multipathInfo"]
    units = {one.lun: one for one in (multipath.lun if multipath is not None else None) or ()}
    return [
        _lun(one, targets[one.key], units.get(one.key), users) for one in parts["scsiLun"] or () if one.key in targets
    ]


def _lun(
    said: Any, targets: Sequence[Mapping[str, Any]], unit: Any, users: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return the facts of the targets that an adapter knows."""
    size = getattr(said, "capacity", None)
    capacity = int(size.block) * int(size.blockSize) if size is not None else 0
    path = getattr(said, "devicePath", None)
    volume = {
        "name": said.deviceName,
        "key": libvirt_uuid(said.uuid),
        "path": path,
        "type": "block",
        "format": "raw",
        "capacity": capacity,
        "allocation": capacity,
    }
    return {
        "name": said.canonicalName or said.deviceName,
        "display_name": said.displayName,
        "device_name": said.deviceName,
        "device_path": path,
        "uuid": said.uuid,
        "lun_type": said.lunType,
        "vendor": (said.vendor or "").strip(),
        "model": (said.model or "").strip(),
        "revision": (said.revision or "").strip(),
        "capacity_bytes": capacity,
        "block_size_bytes": int(size.blockSize) if size is not None else None,
        "ssd": getattr(said, "ssd", None),
        "state": [str(one) for one in said.operationalState],
        "targets": list(targets),
        "path_policy": None if unit is None else str(unit.policy.policy),
        "paths": [_path(one) for one in unit.path] if unit is not None else [],
        "datastores": sorted(users.get(str(said.canonicalName), ())),
        "volumes": [{"pool": name, **volume} for name in dict.fromkeys(one["name"] for one in targets)],
    }


def _path(said: Any) -> dict[str, Any]:
    transport = said.transport
    return {
        "name": said.name,
        "state": str(said.state or said.pathState),
        "working": said.isWorkingPath,
        "target": getattr(transport, "iScsiName", None),
        "portals": [str(one) for one in getattr(transport, "address", None) or ()],
    }
