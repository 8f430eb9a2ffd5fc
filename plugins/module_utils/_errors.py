# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What can go wrong, as one tree.

::

    EsxError                    kind
    ├── OptionError             option               a value the user gave cannot be used
    ├── MissingLibrary          missing_library      pyVmomi or jmespath is not installed
    ├── ConnectError            unreachable          no connection to the host
    │   ├── UntrustedHost       untrusted            the certificate or the thumbprint is not the expected one
    │   ├── NotVsphere          not_vsphere          something answers, but it is not ESXi or vCenter
    │   └── LoginRefused        login_refused        user or password is wrong, or the account may not log in
    ├── ConnectionLost          connection_lost      a request was sent and no reply came
    ├── SessionExpired          session_expired      the host forgot the session
    ├── LookupFailed            lookup
    │   ├── NotFound            not_found
    │   ├── Ambiguous           ambiguous            carries the candidates
    │   └── VmGone              vm_gone              the virtual machine disappeared while we worked
    ├── PlanError               plan                 the wish cannot be met from the state that was found
    ├── FaultError              fault                the host said no; carries the fault's name
    │   └── RestrictedLicence   restricted_licence   the free licence's API is read-only
    ├── TaskFailed              task_failed          a task ended in error
    ├── TaskLost                task_lost            a task is gone and the state does not show its effect
    ├── Expired                 timeout              the time is up; carries the last observation
    ├── QuestionBlocked         question_blocked     carries the question, the task and what became of it
    ├── SomeFailed              some_failed          of several virtual machines, some failed
    └── CodecError              codec                a text or a value is not what its format says
        ├── VmxError            vmx                  a VMX cannot be read; carries line and column
        ├── DomainXmlError      domain_xml           a domain XML cannot be read; carries the element's path
        └── NotRepresentable    not_representable    a format cannot say what a definition states; carries the field

Every error is a sentence for people (``str(error)``) and a dict for ``rescue`` and rulebooks (``error.failure()``).
Neither ever holds a password, a cookie or a ticket.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from collections.abc import Mapping


class EsxError(Exception):
    """
    Any failure of this collection that a user can read.

    Keyword arguments become fields of :meth:`failure`; those that are None are left out.
    """

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details: dict[str, Any] = {name: value for name, value in details.items() if value is not None}

    def failure(self) -> dict[str, Any]:
        """Return the machine-readable form: ``kind`` and the details of this class."""
        return {"kind": self.kind, **self.details}


class OptionError(EsxError):
    """A value the user gave cannot be used; ``option`` names it."""

    kind = "option"


class MissingLibrary(EsxError):
    """A Python library that the work needs is not installed where the module runs."""

    kind = "missing_library"


class ConnectError(EsxError):
    """The host cannot be reached."""

    kind = "unreachable"


class UntrustedHost(ConnectError):
    """The host's certificate is not trusted, or its thumbprint is not the pinned one."""

    kind = "untrusted"


class NotVsphere(ConnectError):
    """Something answers at the address, but it does not speak the vSphere API."""

    kind = "not_vsphere"


class LoginRefused(ConnectError):
    """The host refuses the login."""

    kind = "login_refused"


class ConnectionLost(EsxError):
    """
    A request was sent and no usable reply came: the host may have carried it out, or not.

    Whoever catches this looks at the state before doing anything again.
    """

    kind = "connection_lost"


class SessionExpired(EsxError):
    """The host does not know our session any more (vim.fault.NotAuthenticated)."""

    kind = "session_expired"


class LookupFailed(EsxError):
    """An object that was asked for cannot be named."""

    kind = "lookup"


class NotFound(LookupFailed):
    """Nothing answers to the selection."""

    kind = "not_found"


class Ambiguous(LookupFailed):
    """More than one object answers; ``candidates`` lists them with ``moid`` and ``path``."""

    kind = "ambiguous"


class VmGone(LookupFailed):
    """The virtual machine was removed while we worked on it."""

    kind = "vm_gone"


class PlanError(EsxError):
    """The wish cannot be met from the state that was found; nothing was started."""

    kind = "plan"


class FaultError(EsxError):
    """
    The host refused a call.

    ``fault`` is the name of the vSphere fault (``InvalidState``), ``method`` the call that it answers.
    """

    kind = "fault"


class RestrictedLicence(FaultError):
    """The host's free licence allows reading through the API, and nothing else (vim.fault.RestrictedVersion)."""

    kind = "restricted_licence"


class TaskFailed(EsxError):
    """A task ended in error; ``task`` describes it, ``fault`` names the vSphere fault."""

    kind = "task_failed"


class TaskLost(EsxError):
    """A task is not known to the host any more, and the state does not show its effect."""

    kind = "task_lost"


class Expired(EsxError):
    """The time that a virtual machine may take is up; ``last`` is the last observation."""

    kind = "timeout"


class QuestionBlocked(EsxError):
    """
    A question holds up a virtual machine and the policy does not answer it.

    ``question`` is the question with its choices, ``task`` the task it blocks or None, ``outcome`` what became of
    that task, ``reason`` why the policy did not answer, ``rule`` a rule for ``answers`` to start from.
    """

    kind = "question_blocked"


class SomeFailed(EsxError):
    """Of several virtual machines some failed; ``failed`` names them, their own failures stand in ``vms``."""

    kind = "some_failed"


class CodecError(EsxError):
    """A text or a value is not what its format says."""

    kind = "codec"


class VmxError(CodecError):
    """A VMX cannot be read; ``line`` and ``column`` count from 1, ``key`` is the entry's name where there is one."""

    kind = "vmx"


class DomainXmlError(CodecError):
    """A domain XML cannot be read; ``path`` leads to the element or the attribute."""

    kind = "domain_xml"


class NotRepresentable(CodecError):
    """A format cannot say what a definition states; ``field`` is the field of the definition."""

    kind = "not_representable"


class FailedWith(Exception):
    """Carries a failure and the result that goes with it: what was done before and beside it is still reported."""

    def __init__(self, error: EsxError, result: Mapping[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.result = result
