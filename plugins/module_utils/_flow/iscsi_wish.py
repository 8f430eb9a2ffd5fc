# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What is wished of an iSCSI adapter, read from options; what makes no sense is refused before anybody is asked.

Source: RFC 3720 and RFC 7143 for names (iqn, eui, naa) and for the least length of a secret; vSphere for the greatest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._errors import OptionError
from .iscsi import INHERITED, LEVELS, MUTUAL_LEVELS, PORT, REQUIRED, Chap, Target

LONGEST_NAME = 223
LONGEST_ALIAS = 255
LONGEST_CHAP_NAME = 511
SHORTEST_SECRET, LONGEST_SECRET = 12, 255
RESCANS = ("changed", "always", "never")
SECRETS = ("on_create", "always")
_NAMES = re.compile(
    r"iqn\.\d{4}-(0[1-9]|1[0-2])(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+(:[^\s,\"'<>]+)?"
    r"|eui\.[0-9a-f]{16}|naa\.([0-9a-f]{16}|[0-9a-f]{32})",
    re.IGNORECASE,
)
_HOST = re.compile(r"(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class WantedTarget:
    """A target that is wished for or wished away; ``chap`` and ``mutual`` are None where nothing is said of them."""

    target: Target
    chap: Chap | None = None
    mutual: Chap | None = None


@dataclass(frozen=True, kw_only=True)
class IscsiWish:
    """
    What the options ask for; None: nothing is said of it.

    ``always``: secrets are sent again even if nothing else is to be changed.
    """

    enabled: bool | None = None
    device: str | None = None
    name: str | None = None
    alias: str | None = None
    chap: Chap | None = None
    mutual: Chap | None = None
    send_targets: tuple[WantedTarget, ...] | None = None
    static_targets: tuple[WantedTarget, ...] | None = None
    bound_nics: tuple[str, ...] | None = None
    present: bool = True
    purge: bool = False
    force: bool = False
    always: bool = False
    rescan: str = "changed"
    rescan_vmfs: bool = True

    @property
    def needs_adapter(self) -> bool:
        """True where there must be an adapter for it."""
        said = (self.name, self.alias, self.chap, self.mutual)
        return (
            self.device is not None
            or any(one is not None for one in said)
            or (self.present and bool(self.targets or self.bound_nics))
        )

    @property
    def targets(self) -> tuple[WantedTarget, ...]:
        """All targets that are named."""
        return (*(self.send_targets or ()), *(self.static_targets or ()))

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> IscsiWish:
        """
        Read the options.

        Raises:
            OptionError: one of them cannot be, or two contradict each other.
        """
        chap, mutual = _both(params, "")
        wish = cls(
            enabled=params["enabled"],
            device=_stated(params, "adapter"),
            name=None if params["name"] is None else _name(params["name"], "name"),
            alias=_short(params["alias"], "alias", LONGEST_ALIAS),
            chap=chap,
            mutual=mutual,
            send_targets=_targets(params, "send_targets"),
            static_targets=_targets(params, "static_targets"),
            bound_nics=_nics(params["bound_nics"]),
            present=params["state"] == "present",
            purge=params["purge"],
            force=params["force"],
            always=params["update_secret"] == "always",
            rescan=params["rescan"],
            rescan_vmfs=params["rescan_vmfs"],
        )
        wish.check()
        return wish

    def check(self) -> None:
        """
        Look for contradictions.

        Raises:
            OptionError: there is one.
        """
        if self.enabled is not None and self.device is not None:
            raise OptionError(
                "'enabled' is about the software adapter, and 'adapter' names one: give one of them", option="enabled"
            )
        if self.enabled is False and (self.needs_adapter or self.targets or self.bound_nics or self.purge):
            raise OptionError("with 'enabled: false' nothing else of the adapter can be wished for", option="enabled")
        if self.purge and not self.present:
            raise OptionError("'purge' is of no use with 'state: absent'", option="purge")
        if self.purge and all(one is None for one in (self.send_targets, self.static_targets, self.bound_nics)):
            raise OptionError(
                "'purge' needs 'send_targets', 'static_targets' or 'bound_nics', an empty list for none at all",
                option="purge",
            )
        for one in self.targets:
            chap = self.chap if one.chap is None or one.chap.level == INHERITED else one.chap
            _check_secrets(chap, one.mutual, f"of the {one.target.kind} {one.target.label}")


def _stated(params: Mapping[str, Any], option: str) -> str | None:
    value: str | None = params[option]
    if value is not None and not value.strip():
        raise OptionError(f"'{option}' is empty", option=option)
    return value


def _short(text: str | None, option: str, most: int) -> str | None:
    if text is not None and (len(text) > most or not text.isprintable()):
        raise OptionError(f"'{option}' must be printable and have at most {most} characters", option=option)
    return text


def _name(text: str, option: str) -> str:
    if len(text.encode()) > LONGEST_NAME or not _NAMES.fullmatch(text):
        raise OptionError(
            f"'{option}' must be an iSCSI name such as iqn.2026-01.com.example:storage, eui.0123456789abcdef or "
            f"naa.0123456789abcdef, of at most {LONGEST_NAME} bytes; found '{text}'",
            option=option,
        )
    return text


def _nics(given: Sequence[str] | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    for one in given:
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", one):
            raise OptionError(
                f"'bound_nics' must name VMkernel adapters such as vmk1; found '{one}'", option="bound_nics"
            )
    return tuple(dict.fromkeys(given))


def _targets(params: Mapping[str, Any], option: str) -> tuple[WantedTarget, ...] | None:
    given: Sequence[Mapping[str, Any]] | None = params[option]
    if given is None:
        return None
    targets = tuple(_target(one, f"{option}[{index}]") for index, one in enumerate(given))
    seen = set[tuple[str, str]]()
    for one in targets:
        if one.target.key in seen:
            raise OptionError(f"'{option}' names {one.target.label} twice", option=option)
        seen.add(one.target.key)
    return targets


def _target(given: Mapping[str, Any], where: str) -> WantedTarget:
    port = PORT if given.get("port") is None else given["port"]
    if not 1 <= port <= 65535:
        raise OptionError(f"'{where}.port' must be from 1 to 65535; found {port}", option=f"{where}.port")
    chap, mutual = _both(given, f"{where}.")
    return WantedTarget(
        target=Target(
            address=_address(given["address"], f"{where}.address"),
            port=port,
            name=_name(given["name"], f"{where}.name") if "name" in given else None,
        ),
        chap=chap,
        mutual=mutual,
    )


def _address(text: str, where: str) -> str:
    from ipaddress import ip_address

    try:
        return str(ip_address(text))
    except ValueError:
        # What is only digits and dots is an address that somebody mistyped.
        if _HOST.fullmatch(text) and not re.fullmatch(r"[\d.]+", text):
            return text
    raise OptionError(
        f"'{where}' must be an IP address or a host name, without brackets and without a port; found '{text}'",
        option=where,
    )


def _both(given: Mapping[str, Any], where: str) -> tuple[Chap | None, Chap | None]:
    own = (INHERITED,) if where else ()
    chap = _chap(given.get("chap"), f"{where}chap", (*LEVELS, *own))
    mutual = _chap(given.get("mutual_chap"), f"{where}mutual_chap", (*MUTUAL_LEVELS, *own))
    if mutual is not None and mutual.is_on and chap is not None and chap.level not in (REQUIRED, INHERITED):
        raise OptionError(
            f"'{where}mutual_chap' needs CHAP in the other direction: '{where}chap.level' must be {REQUIRED}",
            option=f"{where}mutual_chap",
        )
    _check_secrets(chap, mutual, f"in '{where}chap' and '{where}mutual_chap'")
    return chap, mutual


def _check_secrets(chap: Chap | None, mutual: Chap | None, where: str) -> None:
    if chap is not None and mutual is not None and chap.secret is not None and chap.secret == mutual.secret:
        raise OptionError(f"the secrets {where} are the same: each side must have its own", option="mutual_chap")


def _chap(given: Mapping[str, Any] | None, where: str, levels: Sequence[str]) -> Chap | None:
    if given is None:
        return None
    level: str = given.get("level") or REQUIRED
    if level not in levels:
        raise OptionError(f"'{where}.level' must be one of {', '.join(levels)}; found '{level}'", option=where)
    name, secret = given.get("name"), given.get("secret")
    chap = Chap(level=level, name=name, secret=secret)
    if not chap.is_on:
        if name is not None or secret is not None:
            raise OptionError(f"'{where}' with 'level: {level}' takes neither name nor secret", option=where)
        return chap
    if not name:
        raise OptionError(f"'{where}.name' is missing", option=f"{where}.name")
    _short(name, f"{where}.name", LONGEST_CHAP_NAME)
    if secret is not None:
        _check_secret(secret, f"{where}.secret")
    return chap


def _check_secret(secret: str, where: str) -> None:
    # Nothing of it may be in the message, and its length is part of it.
    if not SHORTEST_SECRET <= len(secret) <= LONGEST_SECRET or not (secret.isascii() and secret.isprintable()):
        raise OptionError(
            f"'{where}' must have from {SHORTEST_SECRET} to {LONGEST_SECRET} printable ASCII characters", option=where
        )
