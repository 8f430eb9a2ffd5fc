# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
vSphere's faults, in our words.

Source: vmodl.MethodFault and its descendants, as a SOAP fault or in ``Task.info.error``.
"""

from __future__ import annotations

from typing import Any

from .._errors import EsxError, FaultError, LoginRefused, NotFound, RestrictedLicence, SessionExpired, VmGone

RESTRICTED = (
    "the host's licence allows only reading through the API (the free ESXi licence): {method} was refused. "
    "Facts, inventory and questions can be read; everything else needs a paid or evaluation licence"
)


def name_of(fault: Any) -> str:
    """Return the fault's vSphere name: ``InvalidPowerState`` for vim.fault.InvalidPowerState."""
    return type(fault).__name__.rpartition(".")[2]


def message_of(fault: Any) -> str:
    """Return the host's own sentence for a fault, or an empty string where it sends none."""
    return str(getattr(fault, "msg", None) or "")


def describe(fault: Any) -> str:
    """Return name and sentence of a fault as one text: ``InvalidPowerState: The attempted operation ...``."""
    name, message = name_of(fault), message_of(fault)
    said = f"{name}: {message}" if message and message != name else name
    # A platform's own words, which say more than "an error occurred": only some faults have them.
    texts = [getattr(fault, "text", None), *(one.message for one in getattr(fault, "faultMessage", None) or ())]
    more = dict.fromkeys(text for text in texts if isinstance(text, str) and text and text not in said)
    return f"{said} ({'; '.join(more)})" if more else said


def translate(fault: Any, method: str) -> EsxError:
    """Return the error of ours that says what ``fault``, the host's reply to ``method``, means."""
    name = name_of(fault)
    if name == "NotAuthenticated":
        return SessionExpired(f"the session ended before {method}: the host does not know it any more", method=method)
    if name == "InvalidLogin":
        return LoginRefused("the host refuses the login: user name or password is wrong")
    if name == "RestrictedVersion":
        return RestrictedLicence(RESTRICTED.format(method=method), method=method, fault=name)
    if name == "ManagedObjectNotFound":
        return _gone(fault, method)
    if name == "NoPermission":
        return FaultError(
            f"the account lacks the privilege '{fault.privilegeId}' that {method} needs",
            method=method,
            fault=name,
            privilege=fault.privilegeId,
        )
    return FaultError(f"{method} was refused with {describe(fault)}", method=method, fault=name)


def _gone(fault: Any, method: str) -> EsxError:
    moid = getattr(fault.obj, "_moId", None)
    if type(fault.obj).__name__.endswith("VirtualMachine"):
        return VmGone(f"the virtual machine {moid} does not exist any more ({method})", moid=moid)
    return NotFound(f"{moid} does not exist on this host ({method})", moid=moid)
