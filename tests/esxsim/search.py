# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search index."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyVmomi import vim

from .entity import Plain
from .managed import Call, ManagedObject, key_of, method
from .stores import find_store

# Where a child by name is looked for: WSDL type and property.
CHILDREN = {
    "Folder": ("childEntity",),
    "Datacenter": ("vmFolder", "hostFolder", "datastoreFolder", "networkFolder"),
    "ComputeResource": ("host", "resourcePool"),
    "ResourcePool": ("resourcePool", "vm"),
}


class SearchIndex(Plain):
    """Finds objects by what they are known by."""

    type_name = "SearchIndex"

    @method("FindByUuid")
    def by_uuid(
        self, call: Call, *, uuid: str, vmSearch: bool, datacenter: Any = None, instanceUuid: bool | None = None
    ) -> Any:
        found = self.all_by_uuid(call, uuid=uuid, vmSearch=vmSearch, instanceUuid=instanceUuid)
        return found[0] if found else None

    @method("FindAllByUuid")
    def all_by_uuid(
        self, call: Call, *, uuid: str, vmSearch: bool, datacenter: Any = None, instanceUuid: bool | None = None
    ) -> list[Any]:
        wanted = uuid.lower()
        if not vmSearch:
            hosts = call.world.of_type("HostSystem")
            return [host.ref for host in hosts if host.get("hardware.systemInfo.uuid") == wanted]
        vms = call.world.of_type("VirtualMachine")
        return [vm.ref for vm in vms if (vm.instance_uuid if instanceUuid else vm.uuid).lower() == wanted]

    @method("FindByIp")
    def by_ip(self, call: Call, *, ip: str, vmSearch: bool, datacenter: Any = None) -> Any:
        if not vmSearch:
            hosts = call.world.of_type("HostSystem")
            return next((host.ref for host in hosts if ip in (host.profile.address, "127.0.0.1")), None)
        vms = call.world.of_type("VirtualMachine")
        return next((vm.ref for vm in vms if ip in vm.guest.ip_addresses and vm.guest.tools_run(vm)), None)

    @method("FindByDnsName")
    def by_dns_name(self, call: Call, *, dnsName: str, vmSearch: bool, datacenter: Any = None) -> Any:
        if not vmSearch:
            hosts = call.world.of_type("HostSystem")
            return next((host.ref for host in hosts if dnsName in (host.profile.name, host.profile.short_name)), None)
        vms = call.world.of_type("VirtualMachine")
        return next((vm.ref for vm in vms if vm.guest.tools_run(vm) and vm.get("guest.hostName") == dnsName), None)

    @method("FindByInventoryPath")
    def by_inventory_path(self, call: Call, *, inventoryPath: str) -> Any:
        obj = call.world.find("Folder", "ha-folder-root")
        for part in filter(None, inventoryPath.split("/")):
            found = next((child for child in self._children(obj) if child.get("name") == part), None)
            if found is None:
                return None
            obj = found
        return obj.ref

    @method("FindByDatastorePath")
    def by_datastore_path(self, call: Call, *, datacenter: Any, path: str) -> Any:
        store, rest = find_store(call.world, path)
        wanted = f"[{store.get('name')}] {rest}"
        vms = call.world.of_type("VirtualMachine")
        return next((vm.ref for vm in vms if vm.vmx_path == wanted), None)

    @method("FindChild")
    def child(self, call: Call, *, entity: Any, name: str) -> Any:
        obj = call.world.find(*key_of(entity))
        if obj.type_name not in CHILDREN:
            raise vim.fault.InvalidState(msg=f"A {obj.type_name} has no children.")
        return next((child.ref for child in self._children(obj) if child.get("name") == name), None)

    def _children(self, obj: ManagedObject) -> Iterator[ManagedObject]:
        for path in CHILDREN.get(obj.type_name, ()):
            value = obj.get(path)
            for ref in value if isinstance(value, list) else [value]:
                child = self.world.find_or_none(*key_of(ref)) if ref is not None else None
                if child is not None:
                    yield child
