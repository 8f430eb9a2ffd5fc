# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Views: lists of objects that a property filter can start from."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from pyVmomi import vmodl

from .managed import Call, Key, ManagedObject, key_of, lineage, method
from .sessions import Session, require_login

# Where a container view goes from an object: WSDL type and property.
CHILDREN: tuple[tuple[str, str], ...] = (
    ("Folder", "childEntity"),
    ("Datacenter", "vmFolder"),
    ("Datacenter", "hostFolder"),
    ("Datacenter", "datastoreFolder"),
    ("Datacenter", "networkFolder"),
    ("ComputeResource", "host"),
    ("ComputeResource", "resourcePool"),
    ("ResourcePool", "resourcePool"),
    ("ResourcePool", "vm"),
    ("HostSystem", "vm"),
)


def _views(manager: ViewManager) -> list[Any]:
    call = manager.world.call
    return [view.ref for view in manager.world.of_type("View") if call is not None and view.owner is call.session]


class ViewManager(ManagedObject):
    """Makes views."""

    type_name = "ViewManager"
    derive: ClassVar[dict[str, Any]] = {"viewList": _views}

    @method("CreateContainerView")
    def create_container_view(self, call: Call, *, container: Any, type_: list[Any], recursive: bool) -> Any:
        root = call.world.find(*key_of(container))
        if not any(name in lineage(root.type_name) for name, _rest in CHILDREN):
            raise vmodl.fault.InvalidArgument(invalidProperty="container", msg=f"A {root.type_name} is no container.")
        view = ContainerView(require_login(call), root, list(type_ or []), recursive=recursive)
        return self._keep(call, view)

    @method("CreateInventoryView")
    def create_inventory_view(self, call: Call) -> Any:
        view = InventoryView(require_login(call))
        ref = self._keep(call, view)
        view.open(call, entity=[call.world.find("ServiceInstance", "ServiceInstance").get("content.rootFolder")])
        return ref

    @method("CreateListView")
    def create_list_view(self, call: Call, *, obj: list[Any]) -> Any:
        view = ListView(require_login(call))
        view.put(call, obj or [])
        return self._keep(call, view)

    @method("CreateListViewFromView")
    def create_list_view_from_view(self, call: Call, *, view: Any) -> Any:
        return self.create_list_view(call, obj=call.world.find(*key_of(view)).get("view"))

    def _keep(self, call: Call, view: View) -> Any:
        call.world.add(view)
        view.owner.on_end.append(view.close)
        return view.ref


class View(ManagedObject):
    """A view; it ends with its session."""

    type_name = "View"

    def __init__(self, owner: Session, **properties: Any) -> None:
        super().__init__(f"session[{owner.key}]{uuid.uuid4()}", **properties)
        self.owner = owner

    @method("DestroyView")
    def destroy(self, call: Call) -> None:
        self.close()

    def close(self) -> None:
        if self.close in self.owner.on_end:
            self.owner.on_end.remove(self.close)
        self.world.remove(self)


class ContainerView(View):
    """Everything below a container, always as it is now."""

    type_name = "ContainerView"
    derive: ClassVar[dict[str, Any]] = {"view": lambda view: view.refs()}

    def __init__(self, owner: Session, root: ManagedObject, types: list[Any], *, recursive: bool) -> None:
        super().__init__(owner, container=root.ref, type=types, recursive=recursive)
        self.root = root
        self.types = frozenset(one._wsdlName for one in types)
        self.recursive = recursive
        self._refs: list[Any] | None = None
        self._watching: set[Key] = set()

    def refs(self) -> list[Any]:
        """The references in the view."""
        if self._refs is None:
            self._refs = self._walk()
        return self._refs

    def note(self, obj: ManagedObject, path: str) -> None:
        """Hear of a change in a container."""
        names = lineage(obj.type_name)
        if any(name in names and path == child for name, child in CHILDREN):
            self._refs = None
            self.touch("view")

    def note_removed(self, obj: ManagedObject) -> None:
        """Hear that a container is no more."""
        self._watching.discard(obj.key)
        self._refs = None
        self.touch("view")

    def close(self) -> None:
        for key in self._watching:
            self.world.unwatch(key, self)
        super().close()

    def _walk(self) -> list[Any]:
        found: dict[Key, Any] = {}
        visited = {self.root.key}
        stack: list[ManagedObject] = [self.root]
        while stack:
            obj = stack.pop()
            below = children(obj)
            for child in below:
                names = lineage(child.type_name)
                if not self.types or not self.types.isdisjoint(names):
                    found.setdefault(child.key, child.ref)
            if self.recursive or obj is self.root:
                self._watch(obj)
            if self.recursive:
                stack += [child for child in reversed(below) if child.key not in visited]
                visited.update(child.key for child in below)
        return list(found.values())

    def _watch(self, obj: ManagedObject) -> None:
        if obj.key not in self._watching and any(name in lineage(obj.type_name) for name, _rest in CHILDREN):
            self._watching.add(obj.key)
            self.world.watch(obj.key, self)


def children(obj: ManagedObject) -> list[ManagedObject]:
    """What is directly below a container."""
    names = lineage(obj.type_name)
    below = []
    for name, path in CHILDREN:
        if name in names:
            value = obj.get(path)
            refs = value if isinstance(value, list) else [value] if value is not None else []
            below += [obj.world.find_or_none(*key_of(ref)) for ref in refs]
    return [child for child in below if child is not None]


class InventoryView(View):
    """The tree as far as a client opened it: at first the root folder and what is directly below."""

    type_name = "InventoryView"

    @method("OpenInventoryViewFolder", writes=False)
    def open(self, call: Call, *, entity: list[Any]) -> list[Any]:
        """Add entities and what is directly below them; returns those that do not exist."""
        found = [call.world.find_or_none(*key_of(ref)) for ref in entity]
        shown = [one.ref for obj in found if obj is not None for one in (obj, *children(obj))]
        known = {key_of(ref): ref for ref in [*(self.get("view") or []), *shown]}
        self.set("view", list(known.values()))
        return [ref for ref, obj in zip(entity, found, strict=True) if obj is None]

    @method("CloseInventoryViewFolder", writes=False)
    def close_folder(self, call: Call, *, entity: list[Any]) -> list[Any]:
        """Take away everything below entities; returns those that do not exist."""
        found = [call.world.find_or_none(*key_of(ref)) for ref in entity]
        gone: set[Key] = set()
        stack = [child for obj in found if obj is not None for child in children(obj)]
        while stack:
            obj = stack.pop()
            gone.add(obj.key)
            stack += children(obj)
        self.set("view", [ref for ref in self.get("view") or [] if key_of(ref) not in gone])
        return [ref for ref, obj in zip(entity, found, strict=True) if obj is None]


class ListView(View):
    """The objects that a client put into it."""

    type_name = "ListView"

    def put(self, call: Call, refs: list[Any]) -> list[Any]:
        """Make these the content; what does not exist is returned."""
        known = {key_of(ref): ref for ref in refs if call.world.find_or_none(*key_of(ref)) is not None}
        self.set("view", list(known.values()))
        return [ref for ref in refs if key_of(ref) not in known]

    @method("ModifyListView")
    def modify(self, call: Call, *, add: list[Any], remove: list[Any]) -> list[Any]:
        gone = {key_of(ref) for ref in remove or []}
        have = [ref for ref in self.get("view") or [] if key_of(ref) not in gone]
        return self.put(call, [*have, *(add or [])])

    @method("ResetListView")
    def reset(self, call: Call, *, obj: list[Any]) -> list[Any]:
        return self.put(call, obj or [])

    @method("ResetListViewFromView")
    def reset_from_view(self, call: Call, *, view: Any) -> None:
        self.put(call, call.world.find(*key_of(view)).get("view") or [])
