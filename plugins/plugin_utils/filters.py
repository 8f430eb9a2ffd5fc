# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What all filters share: plain values in, values that are no templates out, and a sentence where something is wrong.

Law: nothing but AnsibleFilterError leaves a filter, and what came from a host is never taken for a template.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._errors import EsxError, OptionError
from ..module_utils._vmx.paths import DatastorePath, FileNames

try:
    from ansible.utils.unsafe_proxy import wrap_var
except ImportError:

    def wrap_var(value: Any) -> Any:
        """Leave a value as it is: where this function is gone, nothing is a template unless it is marked as one."""
        return value


def filter_of(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    """Make a filter of a function that takes and returns plain values and raises our errors."""
    parameters = inspect.signature(work)

    def run(*values: Any, **options: Any) -> Any:
        try:
            bound = parameters.bind(*map(plain, values), **{key: plain(value) for key, value in options.items()})
        except TypeError as error:
            raise AnsibleFilterError(f"virt.esx.{name}: {error}") from error
        try:
            return wrap_var(work(*bound.args, **bound.kwargs))
        except EsxError as error:
            raise AnsibleFilterError(f"virt.esx.{name}: {error}") from error

    run.__name__ = name
    return run


def plain(value: Any) -> Any:
    """Return a value without the tags and the laziness that Ansible gives to values of playbooks."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, Mapping):
        return {plain(key): plain(inner) for key, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, (list, tuple)) else value


def text_of(value: Any, what: str) -> str:
    """
    Return a value that must be a text.

    Raises:
        OptionError: it is none.
    """
    if not isinstance(value, str):
        raise OptionError(f"wanted {what} as a text, and found {_kind(value)}", option="_input")
    return value


def dict_of(value: Any) -> dict[str, Any]:
    """
    Return a value that must be a definition.

    Raises:
        OptionError: it is none.
    """
    if not isinstance(value, dict):
        raise OptionError(f"wanted a definition as a dictionary, and found {_kind(value)}", option="_input")
    return value


def flag_of(value: Any, option: str) -> bool:
    """
    Return an option that must be true or false.

    Raises:
        OptionError: it is neither.
    """
    if not isinstance(value, bool):
        raise OptionError(f"{option}: wanted true or false, and found {_kind(value)}", option=option)
    return value


def version_of(value: Any) -> int | None:
    """
    Return a hardware version, from a number or the text of one; None for none.

    Raises:
        OptionError: it is none that there is.
    """
    if value is None:
        return None
    text = str(value)
    if isinstance(value, bool) or not text.isdecimal() or not 4 <= int(text[:3]) <= 99:
        raise OptionError(
            f"hardware_version: wanted a number from 4 to 99, and found {value!r}", option="hardware_version"
        )
    return int(text)


def names_of(datastore: Any, directory: Any) -> FileNames:
    """
    Return how files are named by a VMX that lies in a directory of a datastore, or nobody knows where.

    Raises:
        OptionError: it can lie in no such place.
    """
    if datastore is None:
        if directory not in (None, ""):
            raise OptionError("directory: of which datastore? Name it with datastore", option="directory")
        return FileNames()
    place = text_of(datastore, "datastore"), text_of("" if directory is None else directory, "directory")
    try:
        DatastorePath(*place)
    except ValueError as error:
        raise OptionError(str(error), option="datastore") from error
    return FileNames(datastore=place[0], directory=place[1], short=True)


def _kind(value: Any) -> str:
    return "nothing" if value is None else f"a value of type {type(value).__name__}"
