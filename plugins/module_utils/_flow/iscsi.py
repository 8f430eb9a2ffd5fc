# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What an iSCSI adapter is and knows, in plain values: the one form for what a host has and for what is wished.

Source: vim.host.InternetScsiHba. A host tells no secrets, so they have no part in any comparison; none is ever shown.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

PORT = 3260
INHERITED, PROHIBITED, REQUIRED = "inherited", "prohibited", "required"
LEVELS = (PROHIBITED, "discouraged", "preferred", REQUIRED)
MUTUAL_LEVELS = (PROHIBITED, REQUIRED)


@dataclass(frozen=True, kw_only=True)
class Chap:
    """
    One direction of CHAP: who proves to be whom, and whether that must be.

    ``name`` is None where nobody proves anything, ``secret`` where none was given; of a host it never is.
    """

    level: str = PROHIBITED
    name: str | None = None
    secret: str | None = field(default=None, repr=False, compare=False)

    @property
    def is_on(self) -> bool:
        """True where a name and a secret belong to it."""
        return self.level not in (PROHIBITED, INHERITED)

    def shown(self) -> dict[str, Any]:
        """Return it as a result shows it."""
        return {"level": self.level, "name": self.name}


OFF = Chap()
AS_ABOVE = Chap(level=INHERITED)


@dataclass(frozen=True, kw_only=True)
class Auth:
    """Both directions: ``chap``, in which the host proves who it is, and ``mutual``, in which the target does."""

    chap: Chap = OFF
    mutual: Chap = OFF

    def shown(self) -> dict[str, Any]:
        """Return it as a result shows it."""
        return {"chap": self.chap.shown(), "mutual_chap": self.mutual.shown()}


FROM_ABOVE = Auth(chap=AS_ABOVE, mutual=AS_ABOVE)


@dataclass(frozen=True, kw_only=True)
class Target:
    """
    A target that an adapter knows; a send target, which is asked who else is there, has no ``name``.

    ``found_through`` is where it was told of, None where somebody entered it.
    """

    address: str
    port: int = PORT
    name: str | None = None
    auth: Auth = FROM_ABOVE
    found_through: str | None = None

    @property
    def kind(self) -> str:
        """What it is, in words."""
        return "send target" if self.name is None else "static target"

    @property
    def portal(self) -> str:
        """Where it is reached, as the API writes it."""
        return portal_of(self.address, self.port)

    @property
    def key(self) -> tuple[str, str]:
        """What makes it another one than others; names of targets do not mind upper and lower case."""
        return (self.name or "").lower(), self.portal

    @property
    def label(self) -> str:
        """Return what people call it."""
        return self.portal if self.name is None else f"{self.name} at {self.portal}"

    def shown(self) -> dict[str, Any]:
        """Return it as a result shows it."""
        named = {} if self.name is None else {"name": self.name}
        return {**named, "address": self.address, "port": self.port, **self.auth.shown()}


def portal_of(address: str, port: int) -> str:
    """Return address and port as one text, the same for all ways of writing an address."""
    return f"{plain_address(address)}:{port}"


def plain_address(text: str) -> str:
    """Return an address in the one way of writing it."""
    try:
        return str(ip_address(text.strip("[]")))
    except ValueError:
        return text.lower()


def plain_portal(text: str) -> str:
    """Return what the API has as ``address:port`` in the way of :func:`portal_of`; without a port it is 3260."""
    address, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or (":" in address and not address.endswith("]")):
        return portal_of(text, PORT)
    return portal_of(address, int(port))


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """
    An iSCSI adapter.

    ``device`` is None for one that is yet to come. ``cannot`` are the names of what it does not let be set, of
    ``static_targets``, ``send_targets``, ``chap``, ``mutual_chap``, ``target_chap``, ``target_mutual_chap``,
    ``bound_nics``. ``bound`` are the VMkernel adapters that it is bound to, each with the state of its paths, and
    ``bindable`` those that it could be bound to; None where nobody has asked.
    """

    device: str | None = None
    model: str | None = None
    driver: str | None = None
    status: str | None = None
    software: bool = True
    name: str | None = None
    alias: str | None = None
    auth: Auth = field(default_factory=Auth)
    send_targets: tuple[Target, ...] = ()
    static_targets: tuple[Target, ...] = ()
    cannot: frozenset[str] = frozenset()
    bound: Mapping[str, str] | None = None
    bindable: frozenset[str] | None = None

    def __str__(self) -> str:
        return f"{self.device} ({self.model})"

    def shown(self) -> dict[str, Any]:
        """Return it as a result shows it: what is configured, without what send targets have told of."""
        entered = [one for one in self.static_targets if one.found_through is None]
        return {
            "device": self.device,
            "model": self.model,
            "driver": self.driver,
            "status": self.status,
            "software": self.software,
            "name": self.name,
            "alias": self.alias,
            **self.auth.shown(),
            "send_targets": [one.shown() for one in _sorted(self.send_targets)],
            "static_targets": [one.shown() for one in _sorted(entered)],
            "bound_nics": None if self.bound is None else sorted(self.bound),
        }


def _sorted(targets: Iterable[Target]) -> list[Target]:
    return sorted(targets, key=lambda one: one.key)


@dataclass(frozen=True)
class Route:
    """One way to a disk: the adapter's device, the target's name, and where it is reached (nothing: anywhere)."""

    device: str
    target: str
    portals: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A disk, the ways to it, and the datastores that lie on it."""

    name: str
    routes: frozenset[Route]
    datastores: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Iscsi:
    """
    What a host says: whether the software adapter is on, the adapter that is meant (None: there is none), all iSCSI
    adapters, all adapters of any kind as people know them, and the disks that can be reached.
    """

    enabled: bool
    adapter: Adapter | None = None
    adapters: Sequence[Adapter] = ()
    others: Sequence[str] = ()
    disks: Sequence[Disk] = ()


def libvirt_uuid(text: str) -> str:
    """Return the UUID that libvirt makes of the name of a target, or of what a host calls the UUID of a disk."""
    return str(uuid.UUID(bytes=hashlib.md5(text.encode(), usedforsecurity=False).digest()))


def pool_of(name: str, address: str, port: int) -> dict[str, Any]:
    """Return what libvirt's ESX driver says of a target as a storage pool; it knows no sizes of such."""
    return {
        "name": name,
        "uuid": libvirt_uuid(name),
        "state": "running",
        "type": "iscsi",
        "source_host": address,
        "source_port": port,
        "capacity": 0,
        "allocation": 0,
        "available": 0,
    }
