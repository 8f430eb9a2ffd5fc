# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The host's standard switches and their port groups: made, changed and removed, and the networks that come and go.

Source: vim.host.NetworkSystem. Inferred: an uplink may be named by its key, as libvirt does; a port group is in use by
each machine that is registered with it, and by a VMkernel adapter; what a change of a switch leaves out stays; an
uplink that is taken away leaves the failover orders of the port groups too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from pyVmomi import vim, vmodl

from . import networkports
from .devicekeys import network_moid
from .entity import Entity, Plain, like
from .hostnet import group_key, policy, switch_key
from .hostports import pnic_key
from .managed import Call, ManagedObject, method
from .networkpolicy import check_policy, merged, own_policy, without_uplinks

if TYPE_CHECKING:
    from .world import World

MOID = "networkSystem"
FOLDER = "ha-folder-network"
# Who lists the networks.
LISTS = (("HostSystem", "ha-host"), ("ComputeResource", "ha-compute-res"), ("Datacenter", "ha-datacenter"))
LONGEST_SWITCH, LONGEST_GROUP = 31, 80
MOST_PORTS, MTUS, MOST_VLAN = 4088, range(1280, 9001), 4095


class Network(Entity):
    """What machines are plugged into: a port group, as the inventory shows it."""

    type_name = "Network"


def add_network(world: World, name: str) -> Any:
    """Put the network of a port group into the world; who lists it learns of it elsewhere."""
    ref = vim.Network(network_moid(name))
    world.add(
        Network(
            ref._moId,
            name=name,
            parent=vim.Folder(FOLDER),
            summary=vim.Network.Summary(network=ref, name=name, accessible=True, ipPoolName=""),
            host=[vim.HostSystem("ha-host")],
            vm=[],
        )
    )
    return ref


class NetworkSystem(Plain):
    """What makes and removes switches and port groups."""

    type_name = "HostNetworkSystem"
    derive: ClassVar[dict[str, Any]] = {"networkInfo": networkports.with_users}

    @method("AddVirtualSwitch")
    def add_switch(self, call: Call, *, vswitchName: str, spec: Any = None) -> None:
        if any(one.name == vswitchName for one in self._info.vswitch):
            raise _exists(vswitchName)
        if not 0 < len(vswitchName) <= LONGEST_SWITCH:
            raise _invalid("vswitchName")
        made = vim.host.VirtualSwitch(
            name=vswitchName,
            key=switch_key(vswitchName),
            numPorts=1,
            numPortsAvailable=1,
            spec=vim.host.VirtualSwitch.Specification(numPorts=128, policy=policy(), mtu=1500),
        )
        given = spec or vim.host.VirtualSwitch.Specification(numPorts=128)
        self._tell(vswitch=[*self._info.vswitch, self._changed(made, given)])

    @method("UpdateVirtualSwitch")
    def update_switch(self, call: Call, *, vswitchName: str, spec: Any) -> None:
        have = self._switch(vswitchName)
        changed = self._changed(have, spec)
        gone = {*_uplinks(have.spec.bridge)} - {*_uplinks(changed.spec.bridge)}
        groups = [
            without_uplinks(one, gone) if one.spec.vswitchName == vswitchName else one for one in self._info.portgroup
        ]
        self._tell(
            vswitch=[changed if one.name == vswitchName else one for one in self._info.vswitch], portgroup=groups
        )

    @method("RemoveVirtualSwitch")
    def remove_switch(self, call: Call, *, vswitchName: str) -> None:
        self._switch(vswitchName)
        names = [one.spec.name for one in self._info.portgroup if one.spec.vswitchName == vswitchName]
        for name in names:
            self._check_free(name)
        for name in names:
            self._forget(name)
        self._tell(vswitch=[one for one in self._info.vswitch if one.name != vswitchName])

    @method("AddPortGroup")
    def add_group(self, call: Call, *, portgrp: Any) -> None:
        if any(one.spec.name == portgrp.name for one in self._info.portgroup):
            raise _exists(portgrp.name)
        self._check_group(portgrp)
        made = vim.host.PortGroup(
            key=group_key(portgrp.name),
            vswitch=switch_key(portgrp.vswitchName),
            computedPolicy=policy(),
            spec=like(portgrp, policy=own_policy(portgrp.policy)),
        )
        self._tell(portgroup=[*self._info.portgroup, made])
        ref = add_network(self.world, portgrp.name)
        for owner, path in self._lists():
            owner.append(path, ref)

    @method("UpdatePortGroup")
    def update_group(self, call: Call, *, pgName: str, portgrp: Any) -> None:
        have = self._group(pgName)
        if portgrp.name != pgName:
            # A host could; nothing that works on this one does it.
            raise vmodl.fault.NotSupported(msg="Port groups are not renamed here.")
        if portgrp.vswitchName != have.spec.vswitchName:
            raise _invalid("portgrp.vswitchName")
        self._check_group(portgrp)
        changed = like(have, spec=like(portgrp, policy=own_policy(portgrp.policy)))
        self._tell(portgroup=[changed if one.spec.name == pgName else one for one in self._info.portgroup])

    @method("RemovePortGroup")
    def remove_group(self, call: Call, *, pgName: str) -> None:
        self._group(pgName)
        self._check_free(pgName)
        self._forget(pgName)

    @method("RefreshNetworkSystem")
    def refresh(self, call: Call) -> None:
        """Look again: it is as it is known."""

    @property
    def _info(self) -> Any:
        return self.stored("networkInfo")

    def _switch(self, name: str) -> Any:
        for one in self._info.vswitch:
            if one.name == name:
                return one
        raise vim.fault.NotFound(msg=f"There is no virtual switch {name}.")

    def _group(self, name: str) -> Any:
        for one in self._info.portgroup:
            if one.spec.name == name:
                return one
        raise vim.fault.NotFound(msg=f"There is no port group {name}.")

    def _changed(self, have: Any, spec: Any) -> Any:
        """Return a switch as a specification wants it."""
        if not 0 < spec.numPorts <= MOST_PORTS:
            raise _invalid("spec.numPorts")
        if spec.mtu is not None and spec.mtu not in MTUS:
            raise _invalid("spec.mtu")
        devices = self._devices(have.name, spec.bridge)
        bridge = None if spec.bridge is None else like(spec.bridge, nicDevice=devices)
        wanted = merged(have.spec.policy, spec.policy)
        if spec.policy is None or spec.policy.nicTeaming is None or spec.policy.nicTeaming.nicOrder is None:
            wanted = _ordered(wanted, _uplinks(have.spec.bridge), devices)
        check_policy(wanted, devices, "spec.policy")
        mtu = spec.mtu or have.spec.mtu
        return like(
            have,
            numPorts=spec.numPorts,
            mtu=mtu,
            pnic=[pnic_key(one) for one in devices],
            spec=like(spec, bridge=bridge, policy=wanted, mtu=mtu),
        )

    def _devices(self, name: str, bridge: Any) -> list[str]:
        known = {one.key: one.device for one in self._info.pnic}
        devices = [known.get(one, one) for one in _uplinks(bridge)]
        if len(set(devices)) < len(devices) or not {*devices} <= {*known.values()}:
            raise _invalid("spec.bridge.nicDevice")
        for other in self._info.vswitch:
            for one in _uplinks(other.spec.bridge):
                if other.name != name and one in devices:
                    raise vim.fault.ResourceInUse(
                        type=vim.host.PhysicalNic, name=one, msg=f"The resource '{one}' is in use."
                    )
        return devices

    def _check_group(self, spec: Any) -> None:
        if not 0 < len(spec.name) <= LONGEST_GROUP:
            raise _invalid("portgrp.name")
        if not 0 <= spec.vlanId <= MOST_VLAN:
            raise _invalid("portgrp.vlanId")
        switch = self._switch(spec.vswitchName)
        check_policy(spec.policy, _uplinks(switch.spec.bridge), "portgrp.policy")

    def _check_free(self, name: str) -> None:
        network = self.world.find_or_none("Network", network_moid(name))
        used = network is not None and network.get("vm")
        if used or any(one.portgroup == name for one in self._info.vnic):
            raise vim.fault.ResourceInUse(type=vim.Network, name=name, msg=f"The resource '{name}' is in use.")

    def _forget(self, name: str) -> None:
        self._tell(portgroup=[one for one in self._info.portgroup if one.spec.name != name])
        network = self.world.find_or_none("Network", network_moid(name))
        if network is not None:
            for owner, path in self._lists():
                owner.discard(path, network.ref)
            self.world.remove(network)

    def _lists(self) -> Iterator[tuple[ManagedObject, str]]:
        for type_name, moid in LISTS:
            yield self.world.find(type_name, moid), "network"
        yield self.world.find("Folder", FOLDER), "childEntity"

    def _tell(self, **parts: Sequence[Any]) -> None:
        for part, value in parts.items():
            self.set(f"networkInfo.{part}", list(value))
        for host in self.world.of_type("HostSystem"):
            host.touch("config.network")


def _uplinks(bridge: Any) -> list[str]:
    devices = getattr(bridge, "nicDevice", None) or []
    return [devices] if isinstance(devices, str) else list(devices)


def _ordered(wanted: Any, before: Sequence[str], devices: Sequence[str]) -> Any:
    """Keep the failover order of the uplinks that stay; those that come are active."""
    order = wanted.nicTeaming.nicOrder
    active, standby = ([one for one in nics if one in devices] for nics in (order.activeNic, order.standbyNic))
    order = like(order, activeNic=[*active, *(one for one in devices if one not in before)], standbyNic=standby)
    return like(wanted, nicTeaming=like(wanted.nicTeaming, nicOrder=order))


def _exists(name: str) -> Exception:
    fault: Callable[..., Exception] = vim.fault.AlreadyExists
    return fault(name=name, msg="The specified key, name, or identifier already exists.")


def _invalid(name: str) -> Exception:
    fault: Callable[..., Exception] = vmodl.fault.InvalidArgument
    return fault(invalidProperty=name, msg=f"A specified parameter was not correct: {name}")
