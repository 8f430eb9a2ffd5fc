# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads the virtual machines of many hosts, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from .._errors import EsxError
from .._flow.inventory import Source
from .._flow.select import Selector
from . import sdk
from .connection import address_of, connect
from .more_facts import with_more
from .query import chosen_ids

if TYPE_CHECKING:
    from .connection import Session
    from .places import Places


@dataclass(frozen=True, kw_only=True)
class Wish:
    """Which machines are wanted, and what more of each: see :data:`.more_facts.MORE`."""

    query: str | None = None
    folder: str | None = None
    with_templates: bool = False
    more: Sequence[str] = ()


@dataclass(kw_only=True)
class Read:
    """What came of one host: its machines or the error, and what people should know."""

    source: Source | None = None
    error: EsxError | None = None
    warnings: list[str] = field(default_factory=list)


def read_hosts(connections: Sequence[Mapping[str, Any]], wish: Wish, *, concurrency: int) -> list[Read]:
    """Read all hosts, at most ``concurrency`` at a time; what went wrong with one is in its entry."""
    with sdk.no_collection():
        if len(connections) == 1:
            return [_read(connections[0], wish)]
        with ThreadPoolExecutor(min(concurrency, len(connections))) as threads:
            return list(threads.map(partial(_read, wish=wish), connections))


def _read(params: Mapping[str, Any], wish: Wish) -> Read:
    found = Read()
    try:
        address = address_of(params)
        with connect(params, warn=found.warnings.append) as host:
            vms = host.lookup_facts(Selector(option=None), wish.folder, more=partial(_chosen, wish=wish))
        found.source = Source(hostname=address.host, port=address.port, vms=vms)
    except EsxError as error:
        found.error = error
    return found


def _chosen(
    session: Session, facts: Sequence[Mapping[str, Any]], places: Places, *, wish: Wish
) -> list[dict[str, Any]]:
    vms = [dict(fact) for fact in facts if wish.with_templates or not fact["template"]]
    if wish.query is not None:
        by_moid = {vm["moid"]: vm for vm in vms}
        vms = [by_moid[moid] for moid in chosen_ids(wish.query, vms, some=True)]
    return with_more(session, vms, places, wanted=wish.more) if wish.more and vms else vms
