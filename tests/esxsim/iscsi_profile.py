# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an iSCSI network offers, and what the host's adapter knows from the start: the ``iscsi`` of a scenario."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from . import schema
from .schema import SchemaError, any_text, flag, listed, record, text, whole

PORT = 3260
NAME = "iqn.1998-01.com.vmware:esx1"


class Portal(NamedTuple):
    """Where a target is reached."""

    address: str
    port: int = PORT

    def __str__(self) -> str:
        return f"{self.address}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class ChapProfile:
    """What a target demands of who logs in, and what it can say of itself in return."""

    name: str
    secret: str
    mutual_name: str | None = None
    mutual_secret: str | None = None


@dataclass(frozen=True, kw_only=True)
class LunProfile:
    """One disk behind a target; ``id`` is the same where two targets offer one disk."""

    id: str
    lun: int = 0
    capacity_gib: int = 100
    datastore: str | None = None
    vendor: str = "EXAMPLE"
    model: str = "VIRTUAL-DISK"


@dataclass(frozen=True, kw_only=True)
class OfferedTarget:
    """One target of the network."""

    name: str
    portals: tuple[Portal, ...]
    luns: tuple[LunProfile, ...] = ()
    chap: ChapProfile | None = None


@dataclass(frozen=True, kw_only=True)
class IscsiProfile:
    """The network, and the host's software adapter at the start; a static target is (its name, where it is)."""

    enabled: bool = True
    name: str = NAME
    alias: str = ""
    send_targets: tuple[Portal, ...] = ()
    static_targets: tuple[tuple[str, Portal], ...] = ()
    targets: tuple[OfferedTarget, ...] = ()
    nics: tuple[str, ...] = ()


def _portal(value: Any, path: str) -> Portal:
    address, colon, port = schema.text(value, path).rpartition(":")
    if not colon or ":" in address:
        return Portal(schema.address(value, path))
    return Portal(schema.address(address, path), whole(1, 65535)(int(port) if port.isdigit() else port, path))


_LUN = record(
    {
        "id": text,
        "lun": whole(0, 16383),
        "capacity_gib": whole(1),
        "datastore": text,
        "vendor": text,
        "model": text,
    }
)
_CHAP = record(
    {"name": text, "secret": any_text, "mutual_name": text, "mutual_secret": any_text}, required=("name", "secret")
)
ISCSI = record(
    {
        "enabled": flag,
        "name": text,
        "alias": any_text,
        "nics": listed(text),
        "send_targets": listed(_portal),
        "static_targets": listed(record({"name": text, "portal": _portal}, ("name", "portal"))),
        "targets": listed(
            record(
                {"name": text, "portals": listed(_portal), "luns": listed(_LUN), "chap": _CHAP},
                ("name", "portals"),
            )
        ),
    }
)


def profile_of(checked: Mapping[str, Any], datastores: Mapping[str, str]) -> IscsiProfile:
    """
    Make the profile of a scenario's ``iscsi``; ``datastores`` are the kinds of those that there are, by name.

    Raises:
        SchemaError: a disk is said to hold a datastore that cannot be there.
    """
    targets = []
    for number, one in enumerate(checked.get("targets", [])):
        luns = [_lun(lun, f"{one['name']}/{index}") for index, lun in enumerate(one.get("luns", []))]
        for index, lun in enumerate(luns):
            if lun.datastore is not None and datastores.get(lun.datastore) != "vmfs":
                kinds = ", ".join(name for name, kind in datastores.items() if kind == "vmfs")
                place = f"iscsi.targets[{number}].luns[{index}].datastore"
                raise SchemaError(f"{place}: found {lun.datastore!r}, allowed is one of {kinds}")
        chap = ChapProfile(**one["chap"]) if "chap" in one else None
        targets.append(OfferedTarget(name=one["name"], portals=tuple(one["portals"]), luns=tuple(luns), chap=chap))
    plain = {name: checked[name] for name in ("enabled", "name", "alias") if name in checked}
    return IscsiProfile(
        **plain,
        send_targets=tuple(checked.get("send_targets", ())),
        static_targets=tuple((one["name"], one["portal"]) for one in checked.get("static_targets", ())),
        targets=tuple(targets),
        nics=tuple(checked.get("nics", ())),
    )


def _lun(given: Mapping[str, Any], place: str) -> LunProfile:
    return LunProfile(**{"id": given.get("datastore", place), **given})
