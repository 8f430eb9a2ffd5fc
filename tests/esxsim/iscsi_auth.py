# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CHAP: what a client may say of it, and what a target makes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyVmomi import vim, vmodl

from .entity import like
from .iscsi_profile import ChapProfile

PROHIBITED, REQUIRED = "chapProhibited", "chapRequired"


def lets_in(chap: ChapProfile | None, auth: Any) -> bool:
    """Say whether a target lets in who comes with these authentication properties, and whether it is then believed."""
    wanted = auth.chapAuthenticationType or PROHIBITED
    if chap is None:
        return bool(wanted != REQUIRED)
    if wanted == PROHIBITED or (auth.chapName, auth.chapSecret) != (chap.name, chap.secret):
        return False
    if (auth.mutualChapAuthenticationType or PROHIBITED) == PROHIBITED:
        return True
    return (auth.mutualChapName, auth.mutualChapSecret) == (chap.mutual_name, chap.mutual_secret)


def names(prefix: str) -> Iterator[str]:
    """The properties of one direction."""
    yield from (f"{prefix}{part}" for part in ("Name", "Secret", "AuthenticationType"))


def no_chap() -> Any:
    """Authentication properties that demand nothing."""
    return vim.host.InternetScsiHba.AuthenticationProperties(
        chapAuthEnabled=False, chapAuthenticationType=PROHIBITED, mutualChapAuthenticationType=PROHIBITED
    )


def inherited() -> Any:
    """Authentication properties of a target that has none of its own."""
    return like(no_chap(), chapInherited=True, mutualChapInherited=True)


def said(auth: Any) -> dict[str, Any]:
    """The properties that are set."""
    return {name: value for name, value in vars(auth).items() if value is not None}


def check_auth(auth: Any) -> None:
    """
    Look at authentication properties that a client sends.

    Raises:
        InvalidArgument, HostConfigFault: they contradict themselves.
    """
    if auth is None:
        return
    mutual = (auth.mutualChapAuthenticationType or PROHIBITED) != PROHIBITED and not auth.mutualChapInherited
    for on, prefix in ((auth.chapAuthEnabled and not auth.chapInherited, "chap"), (mutual, "mutualChap")):
        for part in ("Name", "Secret"):
            if on and not getattr(auth, prefix + part):
                raise vmodl.fault.InvalidArgument(
                    invalidProperty=prefix + part, msg=f"A specified parameter was not correct: {prefix + part}"
                )
    if mutual and not auth.chapInherited and auth.chapAuthenticationType != REQUIRED:
        raise refused("Mutual CHAP needs CHAP to be required.")
    if auth.chapSecret is not None and auth.chapSecret == auth.mutualChapSecret:
        raise refused("The secrets of both sides must differ.")


def refused(words: str) -> Exception:
    """Make the fault of what a host does not do."""
    fault: Exception = vim.fault.HostConfigFault(msg=words)
    return fault
