# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What the property collector answers, as plain tuples: a reading of 5,000 VMs makes tens of thousands of them.

``declared`` is the declared type of the property: it decides the ``xsi:type`` on the wire.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple


class Property(NamedTuple):
    name: str
    value: Any
    declared: Any


class Missing(NamedTuple):
    path: str
    fault: Any


class Content(NamedTuple):
    """vmodl.query.PropertyCollector.ObjectContent."""

    ref: Any
    properties: Sequence[Property]
    missing: Sequence[Missing] = ()


class Page(NamedTuple):
    """vmodl.query.PropertyCollector.RetrieveResult; ``token`` None: nothing is left."""

    token: str | None
    objects: Sequence[Content]


class Change(NamedTuple):
    """vmodl.query.PropertyCollector.Change; ``value`` None: unset."""

    name: str
    op: str
    value: Any
    declared: Any


class ObjectUpdate(NamedTuple):
    """vmodl.query.PropertyCollector.ObjectUpdate; ``kind`` is enter, modify or leave."""

    kind: str
    ref: Any
    changes: Sequence[Change]
    missing: Sequence[Missing] = ()


class FilterUpdate(NamedTuple):
    """vmodl.query.PropertyCollector.FilterUpdate."""

    ref: Any
    objects: Sequence[ObjectUpdate]


class UpdateSet(NamedTuple):
    """vmodl.query.PropertyCollector.UpdateSet."""

    version: str
    filters: Sequence[FilterUpdate]
    truncated: bool | None = None
