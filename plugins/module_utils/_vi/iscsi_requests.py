# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The calls that it takes to change an iSCSI adapter.

Source: vim.host.StorageSystem and vim.host.IscsiManager. Law: however many targets there are, the calls are few.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._flow.iscsi import INHERITED, PROHIBITED, Auth, Target
from .._flow.iscsi_change import Change
from . import sdk


@dataclass(frozen=True)
class Request:
    """One call of the storage system (``of_manager``: of the iSCSI manager), and the changes that it makes."""

    method: str
    arguments: Mapping[str, Any]
    changes: Sequence[Change]
    of_manager: bool = False


# The calls that change the adapter itself, with the argument that says to what.
_OWN = {
    "name": ("UpdateInternetScsiName", "iScsiName"),
    "alias": ("UpdateInternetScsiAlias", "iScsiAlias"),
}


def requests_of(device: str | None, changes: Sequence[Change], *, force: bool) -> Iterator[Request]:
    """Make the calls for an adapter, in the order of the changes; targets that can go together do."""
    adapter = {"iScsiHbaDevice": device}
    for change in changes:
        if change.verb in _OWN:
            method, argument = _OWN[change.verb]
            yield Request(method, {**adapter, argument: change.after}, [change])
        elif change.verb == "disable":
            yield Request("UpdateSoftwareInternetScsiEnabled", {"enabled": False}, [change])
        elif change.verb == "auth":
            arguments = {**adapter, "authenticationProperties": _auth_spec(change.auth, own=True)}
            yield Request("UpdateInternetScsiAuthenticationProperties", arguments, [change])
    yield from _binding_requests(device, changes, "bind", {})
    yield from _target_requests(adapter, changes, "add", "AddInternetScsi")
    yield from _auth_requests(adapter, [change for change in changes if change.verb == "target_auth"])
    for request in _target_requests(adapter, changes, "remove", "RemoveInternetScsi"):
        # An API that does not know the argument yet is not told of it.
        forced = {"force": True} if force and request.method == "RemoveInternetScsiSendTargets" else {}
        yield replace(request, arguments={**request.arguments, **forced})
    yield from _binding_requests(device, changes, "unbind", {"force": force})


def _binding_requests(
    device: str | None, changes: Iterable[Change], verb: str, more: Mapping[str, Any]
) -> Iterator[Request]:
    for change in changes:
        if change.verb == verb:
            arguments = {"iScsiHbaName": device, "vnicDevice": change.nic, **more}
            yield Request(f"{verb.capitalize()}Vnic", arguments, [change], of_manager=True)


def _target_requests(
    adapter: Mapping[str, Any], changes: Iterable[Change], verb: str, prefix: str
) -> Iterator[Request]:
    meant = [(change, change.target) for change in changes if change.verb == verb and change.target is not None]
    for is_send, name in ((True, "SendTargets"), (False, "StaticTargets")):
        group = [(change, target) for change, target in meant if (target.name is None) is is_send]
        if group:
            specs = [_target_spec(target, change.auth) for change, target in group]
            yield Request(f"{prefix}{name}", {**adapter, "targets": specs}, [change for change, _target in group])


def _auth_requests(adapter: Mapping[str, Any], changes: Iterable[Change]) -> Iterator[Request]:
    """One call for all targets that get the same names and secrets."""
    groups = dict[tuple[Any, ...], list[Change]]()
    for change in changes:
        auth = change.auth or Auth()
        groups.setdefault((auth, auth.chap.secret, auth.mutual.secret), []).append(change)
    for (auth, *_secrets), group in groups.items():
        targets = [change.target for change in group if change.target is not None]
        meant = sdk.vim.host.InternetScsiHba.TargetSet(
            sendTargets=[_target_spec(one, None) for one in targets if one.name is None],
            staticTargets=[_target_spec(one, None) for one in targets if one.name is not None],
        )
        arguments = {**adapter, "authenticationProperties": _auth_spec(auth), "targetSet": meant}
        yield Request("UpdateInternetScsiAuthenticationProperties", arguments, group)


def _target_spec(target: Target, auth: Auth | None) -> Any:
    kinds = sdk.vim.host.InternetScsiHba
    said = {
        "address": target.address,
        "port": target.port,
        "authenticationProperties": None if auth is None else _auth_spec(auth),
    }
    return kinds.SendTarget(**said) if target.name is None else kinds.StaticTarget(iScsiName=target.name, **said)


def _auth_spec(auth: Auth | None, *, own: bool = False) -> Any:
    """Return the API's form of it; ``own``: for an adapter, which has nobody to inherit from."""
    said = auth or Auth()
    return sdk.vim.host.InternetScsiHba.AuthenticationProperties(
        chapAuthEnabled=said.chap.is_on,
        chapName=said.chap.name,
        chapSecret=said.chap.secret,
        chapAuthenticationType=_word(said.chap.level),
        chapInherited=None if own else said.chap.level == INHERITED,
        mutualChapName=said.mutual.name,
        mutualChapSecret=said.mutual.secret,
        mutualChapAuthenticationType=_word(said.mutual.level),
        mutualChapInherited=None if own else said.mutual.level == INHERITED,
    )


def _word(level: str) -> str:
    return f"chap{(PROHIBITED if level == INHERITED else level).capitalize()}"
