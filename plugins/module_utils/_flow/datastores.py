# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Datastores in plain values: which are meant, and what libvirt's ESX driver would say of one as a storage pool."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .._errors import Ambiguous, NotFound, OptionError
from .wording import listed

SELECTING_OPTIONS = ("name", "uuid", "moid", "names", "query")

Fact = dict[str, Any]

# What libvirt calls the pool, and the format of its source; of the other types it knows nothing.
_POOLS = {"local": ("dir", None), "nfs": ("netfs", "nfs"), "cifs": ("netfs", "cifs"), "vmfs": ("fs", "vmfs")}


def selection_of(params: Mapping[str, Any]) -> tuple[str | None, Any]:
    """
    Return the option that says which datastores are meant and its value; without one, all are.

    Raises:
        OptionError: it is empty.
    """
    given = next((option for option in SELECTING_OPTIONS if params.get(option) is not None), None)
    if given is None:
        return None, None
    value = params[given]
    if not value or (isinstance(value, list) and not all(value)):
        raise OptionError(
            f"'{given}' is empty or holds an empty value: it must say which datastores are meant", option=given
        )
    return given, value


def pick(option: str, value: Any, facts: Sequence[Fact]) -> list[Fact]:
    """
    Pick the datastores that an option other than ``query`` means.

    Raises:
        NotFound: one is not there; those that are there are listed.
        Ambiguous: several answer to one name or UUID.
    """
    wanted = list(dict.fromkeys(value)) if option == "names" else [value]
    noun = "name" if option == "names" else option
    found = {one: [fact for fact in facts if _is_meant(fact, noun, one)] for one in wanted}
    missing = [one for one, hits in found.items() if not hits]
    if missing:
        there = listed(fact["name"] for fact in facts)
        raise NotFound(f"no datastore has the {noun} {listed(missing)}; there are {there}", missing=missing)
    for one, hits in found.items():
        if len(hits) > 1:
            candidates = [{"moid": fact["moid"], "path": fact["path"] or fact["name"]} for fact in hits]
            shown = ", ".join(f"{candidate['moid']} ({candidate['path']})" for candidate in candidates)
            raise Ambiguous(
                f"{len(hits)} datastores have the {noun} '{one}': {shown}; select by 'moid', or narrow with "
                "'datacenter' or 'esxi_hostname'",
                candidates=candidates,
            )
    by_moid = {hits[0]["moid"]: hits[0] for hits in found.values()}
    return list(by_moid.values())


def _is_meant(fact: Fact, noun: str, value: str) -> bool:
    if noun != "uuid":
        return bool(fact[noun] == value)
    # One that no host has mounted has no UUID, and nothing that could be asked for is that.
    known = [one for one in (fact["uuid"], *(host["uuid"] for host in fact["hosts"])) if one is not None]
    return _plain(value) in map(_plain, known)


def _plain(text: str) -> str:
    return "".join(character for character in text.lower() if character not in "- {}")


def pool_uuid(mount_path: str) -> str:
    """Return the UUID by which libvirt knows the datastore that a host has mounted there."""
    return str(uuid.UUID(bytes=hashlib.md5(mount_path.encode(), usedforsecurity=False).digest()))


def pool_of(fact: Fact) -> dict[str, Any]:
    """Return what libvirt's ESX driver says of a datastore; what cannot be reached has no size."""
    kind, form = _POOLS.get(fact["type"], (None, None))
    accessible, nfs = fact["accessible"], fact["nfs"] or {}
    capacity = fact["capacity_bytes"] if accessible else 0
    available = fact["free_bytes"] if accessible else 0
    return {
        "name": fact["name"],
        "uuid": fact["uuid"],
        "state": "running" if accessible else "inaccessible",
        "type": kind,
        "format": form,
        "source_host": nfs.get("remote_host") if kind == "netfs" else None,
        "source_dir": nfs.get("remote_path") if kind == "netfs" else None,
        "target_path": fact["mount_path"],
        "capacity": capacity,
        "allocation": capacity - available,
        "available": available,
    }
