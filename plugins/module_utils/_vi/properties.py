# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Named properties, many objects, one round trip.

Source: vmodl.query.PropertyCollector, method RetrievePropertiesEx (and its continuation where a host answers in pages).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import ConnectionLost, EsxError, FaultError, SessionExpired
from . import sdk
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session


# How often a read is begun that a lost page cuts short.
READS = 3
# Objects in one reply: a page is read while little else is in memory.
PAGE = 500


def read(session: Session, start: Sequence[Any], paths: Mapping[str, Iterable[str]]) -> list[Row]:
    """
    Read properties of all objects that ``start`` leads to.

    ``start`` are object specs (:func:`objects`, :func:`all_vms`), ``paths`` the properties by WSDL type.
    A property that is not set is absent from its row. Where nothing leads anywhere, nothing is asked.
    """
    if not start:
        return []
    spec = filter_spec(start, paths)
    for attempt in range(1, READS + 1):
        try:
            # Another task in the same session may have read in pages too, and a collector gives them to one at a time.
            collector = session.content.propertyCollector if attempt == 1 else session.open_collector()
            with sdk.no_collection():
                return [row for page in _pages(session, collector, spec) for row in page]
        except _PageLost as lost:
            if attempt == READS:
                raise lost.error from lost
    raise AssertionError("the last attempt returns or raises")


class _PageLost(Exception):
    """A page after the first did not come; what leads to it is good for one session and for one reply."""

    def __init__(self, error: EsxError) -> None:
        super().__init__(str(error))
        self.error = error


def _pages(session: Session, collector: Any, spec: Any) -> Iterator[Sequence[Row]]:
    options = _part("RetrieveOptions")(maxObjects=PAGE)
    page = session.call(collector, "RetrievePropertiesEx", specSet=[spec], options=options)
    if page is None:
        return
    if not page.token:
        yield page.objects
        return
    # Few reads come in pages.
    from concurrent.futures import ThreadPoolExecutor

    # While one page is read here, the host makes the next.
    with ThreadPoolExecutor(1) as ahead:
        while page is not None:
            more = partial(session.call_once, collector, "ContinueRetrievePropertiesEx", token=page.token)
            coming = ahead.submit(more) if page.token else None
            try:
                yield page.objects
                page = coming.result() if coming is not None else None
            except (SessionExpired, ConnectionLost, FaultError) as error:
                if isinstance(error, FaultError) and error.details.get("fault") != "InvalidArgument":
                    raise
                raise _PageLost(error) from error


def filter_spec(start: Sequence[Any], paths: Mapping[str, Iterable[str]]) -> Any:
    """Return the filter that selects ``paths`` of the objects that ``start`` leads to, missing objects left out."""
    wanted = [_part("PropertySpec")(type=getattr(sdk.vim, name), pathSet=list(path)) for name, path in paths.items()]
    return _part("FilterSpec")(propSet=wanted, objectSet=list(start), reportMissingObjectsInResults=True)


def objects(references: Iterable[Any], *selections: Any) -> list[Any]:
    """Return object specs for ``references`` and for what ``selections`` find from there."""
    return [_part("ObjectSpec")(obj=reference, skip=False, selectSet=list(selections)) for reference in references]


def recent_tasks() -> Any:
    """Return the step from a virtual machine to its recent tasks."""
    return _step("recentTask", "VirtualMachine", "recentTask")


def running_host() -> Any:
    """Return the step from a virtual machine to the host that has it."""
    return _step("host", "VirtualMachine", "runtime.host")


def all_hosts() -> list[Any]:
    """Return the steps that lead on from each datacenter to its ESXi hosts, those without a virtual machine too."""
    return [
        walk_step("hosts", "Datacenter", "hostFolder", "folder", "members"),
        walk_step("members", "ComputeResource", "host"),
    ]


def all_vms(session: Session, *steps: Any) -> list[Any]:
    """Return the walk from the root folder to every VM, templates and vApp members too, and on by ``steps``."""
    names = ["folder", "datacenter", "vApp", *(step.name for step in steps)]
    onward = [_part("SelectionSpec")(name=name) for name in names]
    walk = [
        _step("folder", "Folder", "childEntity", *onward),
        _step("datacenter", "Datacenter", "vmFolder", *onward),
        _step("vApp", "VirtualApp", "vm", *onward),
        *steps,
    ]
    return [_part("ObjectSpec")(obj=session.content.rootFolder, skip=False, selectSet=walk)]


def _step(name: str, type_name: str, path: str, *onward: Any) -> Any:
    return _part("TraversalSpec")(
        name=name, type=getattr(sdk.vim, type_name), path=path, skip=False, selectSet=list(onward)
    )


def walk_step(name: str, type_name: str, path: str, *onward: str) -> Any:
    """Return a step of a walk, along ``path`` of a type, that goes on with the steps of these names."""
    return _step(name, type_name, path, *(_part("SelectionSpec")(name=other) for other in onward))


def _part(name: str) -> Any:
    collector = sdk.vmodl.query.PropertyCollector
    return getattr(collector, name)
