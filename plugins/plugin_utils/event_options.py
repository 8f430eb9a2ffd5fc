# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The options of the event source, as a rulebook gives them.

Nobody has checked them, and templates make text of numbers.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..module_utils._argspec import CONNECTION
from ..module_utils._errors import OptionError
from ..module_utils._flow.pace import number_of
from ..module_utils._flow.uri import apply_uri

_TRUE: Final = ("true", "yes", "on", "1", "y", "t")
_FALSE: Final = ("false", "no", "off", "0", "n", "f")

# Which host and who logs in; a source keeps its session as long as it runs.
HOST: Final[dict[str, dict[str, Any]]] = {
    name: option for name, option in CONNECTION.items() if name != "persist_session"
}
SOURCE: Final[dict[str, dict[str, Any]]] = {
    "hosts": {"type": "list", "elements": "raw"},
    "vms": {"type": "list", "elements": "str"},
    "query": {"type": "str"},
    "heartbeat": {"type": "int", "default": 0},
    "connection_events": {"type": "bool", "default": False},
    "reconnect_pause": {"type": "int", "default": 1},
    "reconnect_pause_max": {"type": "int", "default": 60},
}
OPTIONS: Final = {**HOST, **SOURCE}


@dataclass(frozen=True, kw_only=True)
class Options:
    """
    What the source is to do.

    ``hosts`` are the connection options of each host; ``pauses`` the first and the longest pause before the next try;
    ``heartbeat`` is 0 where none is wanted; ``warnings`` are what people should know.
    """

    hosts: Sequence[Mapping[str, Any]]
    vms: Sequence[str]
    query: str | None
    heartbeat: int
    connection_events: bool
    pauses: tuple[int, int]
    warnings: Sequence[str]


def read_options(args: Mapping[str, Any]) -> Options:
    """
    Read what a rulebook says.

    Raises:
        OptionError: an option is not known, or its value cannot be used.
    """
    # What the rulebook's engine adds is not for us.
    given = {name: value for name, value in args.items() if not name.startswith("eda_")}
    _refuse_unknown(given, OPTIONS, "this event source")
    params = {name: _read(name, spec, given.get(name)) for name, spec in OPTIONS.items()}
    hosts = [apply_uri(host) for host in _hosts(params)]
    _refuse_twice(hosts)
    pause = number_of(params, "reconnect_pause", least=0, most=3600)
    return Options(
        hosts=hosts,
        vms=params["vms"] or (),
        query=params["query"],
        heartbeat=number_of(params, "heartbeat", least=0, most=86400),
        connection_events=params["connection_events"],
        pauses=(pause, number_of(params, "reconnect_pause_max", least=pause, most=86400)),
        warnings=[warning for host in hosts for warning in host.get("warnings", ())],
    )


def _hosts(params: Mapping[str, Any]) -> list[dict[str, Any]]:
    shared = {name: params[name] for name in HOST}
    if params["hosts"] is None:
        return [shared]
    if not params["hosts"]:
        raise OptionError("'hosts' is empty: it must say which hosts are meant", option="hosts")
    return [{**shared, **_host(entry)} for entry in params["hosts"]]


def _host(entry: Any) -> dict[str, Any]:
    if isinstance(entry, str) and entry.strip():
        return {"uri": entry} if "://" in entry else {"hostname": entry.strip(), "uri": None}
    if not isinstance(entry, Mapping) or not entry:
        raise OptionError("an entry of 'hosts' must be a name, or connection options with their values", option="hosts")
    _refuse_unknown(entry, HOST, "an entry of 'hosts'")
    own = {name: _typed(name, HOST[name]["type"], value) for name, value in entry.items() if value is not None}
    return own if own.get("uri") else {"uri": None, **own}


def _refuse_unknown(given: Mapping[str, Any], known: Mapping[str, Any], whose: str) -> None:
    unknown = sorted(str(name) for name in given if name not in known)
    if unknown:
        raise OptionError(f"{whose} has no option '{unknown[0]}'; it has {', '.join(sorted(known))}", option=unknown[0])


def _refuse_twice(hosts: Sequence[Mapping[str, Any]]) -> None:
    places = [(str(host.get("hostname")).lower(), host.get("port")) for host in hosts]
    twice = [name for name, port in places if places.count((name, port)) > 1]
    if twice:
        raise OptionError(f"'hosts' names '{twice[0]}' twice; each would be watched twice", option="hosts")


def _read(name: str, spec: Mapping[str, Any], value: Any) -> Any:
    if value is None and "fallback" in spec:
        found = [os.environ[variable] for variable in spec["fallback"][1] if os.environ.get(variable)]
        value = found[0] if found else None
    if value is None:
        return spec.get("default")
    return _typed(name, spec["type"], value)


def _typed(name: str, kind: str, value: Any) -> Any:
    if kind == "list":
        return _list(name, value)
    if isinstance(value, (Mapping, list)):
        raise OptionError(f"'{name}' must be a single value", option=name)
    if kind == "bool":
        return _flag(name, value)
    if kind == "int":
        return _whole(name, value)
    text = str(value)
    return str(pathlib.Path(os.path.expandvars(text)).expanduser()) if kind == "path" else text


def _list(name: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list) or (name == "vms" and not all(isinstance(item, str) and item for item in value)):
        raise OptionError(f"'{name}' must be a list", option=name)
    return value


def _flag(name: str, value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in (*_TRUE, *_FALSE):
        raise OptionError(f"'{name}' must be true or false", option=name)
    return word in _TRUE


def _whole(name: str, value: Any) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not text.isascii() or not text.isdigit():
        raise OptionError(f"'{name}' must be a whole number", option=name)
    return int(text)
