# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The property collector: reading many properties at once, and waiting for their changes."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from pyVmomi import vmodl

from .contents import Content, Page, UpdateSet
from .managed import Call, ManagedObject, method
from .sessions import Session, require_login

if TYPE_CHECKING:
    from .updates import Collector


def _filters(collector: PropertyCollector) -> list[Any]:
    call = collector.world.call
    state = call.session.collectors.get(collector.moid) if call is not None and call.session is not None else None
    return [] if state is None else [one.ref for one in state.filters]


class PropertyCollector(ManagedObject):
    """
    A property collector.

    The one that the ServiceContent names has one id for all, but each session has filters of its own in it.
    """

    type_name = "PropertyCollector"
    derive: ClassVar[dict[str, Any]] = {"filter": _filters}

    def __init__(self, moid: str, owner: Session | None = None) -> None:
        super().__init__(moid)
        self.owner = owner

    @method("RetrieveProperties")
    def retrieve_properties(self, call: Call, *, specSet: list[Any]) -> list[Content]:
        return _contents(call, specSet)

    @method("RetrievePropertiesEx")
    def retrieve_properties_ex(self, call: Call, *, specSet: list[Any], options: Any) -> Page | None:
        found = _contents(call, specSet)
        if not found:
            return None
        limit = options.maxObjects if options is not None else None
        if limit is not None and limit < 0:
            raise vmodl.fault.InvalidArgument(invalidProperty="options.maxObjects", msg="maxObjects is negative")
        if not limit or len(found) <= limit:
            return Page(None, found)
        return self.state(call).pages.first(found, limit)

    @method("ContinueRetrievePropertiesEx")
    def continue_retrieve(self, call: Call, *, token: str) -> Page:
        return self.state(call).pages.following(token)

    @method("CancelRetrievePropertiesEx")
    def cancel_retrieve(self, call: Call, *, token: str) -> None:
        self.state(call).pages.forget(token)

    @method("CreateFilter")
    def create_filter(self, call: Call, *, spec: Any, partialUpdates: bool) -> Any:
        return self.state(call).add_filter(call, spec, partial=partialUpdates).ref

    @method("WaitForUpdates")
    def wait_for_updates(self, call: Call, *, version: str | None) -> UpdateSet | None:
        return self.state(call).wait(version or "")

    @method("WaitForUpdatesEx")
    def wait_for_updates_ex(self, call: Call, *, version: str | None, options: Any) -> UpdateSet | None:
        seconds = options.maxWaitSeconds if options is not None else None
        limit = options.maxObjectUpdates if options is not None else None
        for name, value in (("maxWaitSeconds", seconds), ("maxObjectUpdates", limit)):
            if value is not None and value < (name == "maxObjectUpdates"):
                raise vmodl.fault.InvalidArgument(invalidProperty=f"options.{name}", msg=f"{name} is too small")
        return self.state(call).wait(version or "", seconds, limit, extended=True)

    @method("CheckForUpdates")
    def check_for_updates(self, call: Call, *, version: str | None) -> UpdateSet | None:
        return self.state(call).check(version or "")

    @method("CancelWaitForUpdates")
    def cancel_wait(self, call: Call) -> None:
        self.state(call).cancel_waits()

    @method("CreatePropertyCollector")
    def create_collector(self, call: Call) -> Any:
        session = require_login(call)
        collector = PropertyCollector(f"session[{session.key}]{uuid.uuid4()}", session)
        call.world.add(collector)
        collector.state(call)
        return collector.ref

    @method("DestroyPropertyCollector")
    def destroy_collector(self, call: Call) -> None:
        if self.owner is None:
            raise vmodl.fault.NotSupported(msg="The default property collector cannot be destroyed.")
        self.state(call).close()

    def state(self, call: Call) -> Collector:
        """
        Return the calling session's side of this collector.

        Raises:
            NotAuthenticated: nobody is logged in.
            ManagedObjectNotFound: it belongs to another session.
        """
        from .updates import Collector

        session = require_login(call)
        if self.owner is not None and self.owner is not session:
            raise vmodl.fault.ManagedObjectNotFound(obj=self.ref, msg="The collector belongs to another session.")
        state: Collector | None = session.collectors.get(self.moid)
        if state is None:
            state = session.collectors[self.moid] = Collector(self, session)
            session.on_end.append(state.close)
        return state


def _contents(call: Call, specs: list[Any]) -> list[Content]:
    from .selection import Selection

    found: list[Content] = []
    for spec in specs:
        found.extend(Selection(call, spec).contents())
    return found
