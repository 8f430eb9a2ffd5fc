# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The one import of pyVmomi.

Ansible's sanity tests import every file where pyVmomi is not installed, so the import is tried once, here; nothing else
touches an attribute of ``vim`` while it is being imported, and :func:`require` says in plain words what is missing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .._errors import MissingLibrary

MISSING: str | None = None


@contextmanager
def no_collection() -> Iterator[None]:
    """Do without the search for cycles while very many objects are made that have none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


if TYPE_CHECKING:
    from datetime import datetime

    vim: Any
    vmodl: Any
    Enum: Any
    SoapDeserializer: Any
    SoapResponseDeserializer: Any
    version_names: dict[str, str]

    def find_type(name: str) -> Any: ...
    def parse_time(text: str) -> datetime | None: ...

    class SoapStubAdapterBase:
        """What we use of pyVmomi's class of this name."""

        version: str
        versionId: str

        def __init__(self, version: str) -> None: ...
        def ComputeVersionInfo(self, version: str) -> None: ...
        def SerializeRequest(self, mo: Any, info: Any, args: Any) -> bytes: ...

else:
    try:
        # It registers thousands of types.
        with no_collection():
            from pyVmomi import vim, vmodl
            from pyVmomi.Iso8601 import ParseISO8601 as parse_time
            from pyVmomi.SoapAdapter import SoapDeserializer, SoapResponseDeserializer, SoapStubAdapterBase
            from pyVmomi.VmomiSupport import Enum
            from pyVmomi.VmomiSupport import GuessWsdlType as find_type
            from pyVmomi.VmomiSupport import versionMap as version_names
    except ImportError as error:
        vim, vmodl, version_names = None, None, {}
        SoapStubAdapterBase, SoapDeserializer, SoapResponseDeserializer, Enum = object, object, object, object
        find_type, parse_time = None, None
        MISSING = str(error)

# The oldest API that this collection speaks, ESXi 5.5's; the service content is asked for in it.
OLDEST = "vim.version.version9"


def require() -> None:
    """
    Make sure that pyVmomi is there.

    Raises:
        MissingLibrary: it is not; the message says how to install it.
    """
    if MISSING is not None:
        raise MissingLibrary(
            f"pyVmomi is not installed for the Python that runs this module ({MISSING}); "
            "install it with 'pip install pyvmomi', or use an execution environment that has it",
            library="pyvmomi",
        )


def wsdl_type(name: str) -> Any:
    """Return pyVmomi's class of that WSDL name; None where it does not know one, as of a newer host."""
    try:
        return find_type(name)
    except KeyError:
        return None


def wsdl_name(reference: Any) -> str:
    """Return the WSDL name of a managed object's type: ``VirtualMachine``."""
    return str(reference._wsdlName)


def api_version(reported: str) -> str:
    """
    Return the newest API version of pyVmomi that is not newer than what a host reports.

    ``reported`` is ``about.apiVersion``, for example ``8.0.3.0``; the result is pyVmomi's name for a version.
    A host older than everything pyVmomi knows is spoken to in :data:`OLDEST`.
    """
    wanted = _numbers(reported)
    known = [(_numbers(key[6:]), name) for key, name in version_names.items() if key.startswith("vim25/")]
    return max((pair for pair in known if pair[0] and pair[0] <= wanted), default=((), OLDEST))[1]


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()
