# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers among the options: what Ansible takes for an integer may still be none that makes sense."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._errors import OptionError

# What a 32-bit signed number of milliseconds can hold, about 24 days: no wait needs more, and no clock overflows.
LONGEST_SECONDS = 2_000_000
# How often one kind of question is answered for one VM, where nothing else is said.
MAX_ANSWERS = 3


def number_of(params: Mapping[str, Any], option: str, *, least: int, most: int) -> int:
    """
    Return the option's value.

    Raises:
        OptionError: it is less than ``least`` or more than ``most``.
    """
    value: int = params[option]
    if not least <= value <= most:
        raise OptionError(f"'{option}' must be from {least} to {most}; found {value}", option=option)
    return value


def seconds_of(params: Mapping[str, Any], option: str, *, least: int = 0) -> int | None:
    """Return the option's seconds, None where it is not given; errors as for :func:`number_of`."""
    return None if params.get(option) is None else number_of(params, option, least=least, most=LONGEST_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Pace:
    """
    How long the work on one VM may take, in seconds, and on how many VMs it goes on at a time.

    Source: the options ``timeout`` and ``concurrency`` of the fragment ``questions``.
    """

    timeout: int
    concurrency: int

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> Pace:
        """Read the options; errors as for :func:`number_of`."""
        return cls(
            timeout=number_of(params, "timeout", least=1, most=LONGEST_SECONDS),
            concurrency=number_of(params, "concurrency", least=1, most=1000),
        )


def seconds_within(params: Mapping[str, Any], option: str, pace: Pace) -> int | None:
    """
    Return the option's seconds, None where it is not given.

    Raises:
        OptionError: as for :func:`number_of`, or what is to happen then would never, for the VM's time is up before.
    """
    seconds = seconds_of(params, option)
    if seconds is not None and seconds >= pace.timeout:
        raise OptionError(f"'{option}' ({seconds}) must be less than 'timeout' ({pace.timeout})", option=option)
    return seconds
