# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files of datastores as they go over the network: in blocks, whole or in part, and spoilt on the way where rules say so.

As on a host, an upload writes to the file itself: what was there is gone with the first byte, and what has come when
the connection is cut, or the datastore is full, stays there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from email.utils import format_datetime
from typing import Any

from .faults import STREAM, FaultRule, HostDown, WireFailure, is_full
from .filestore import Arriving, File, OutOfSpace
from .spool import BLOCK
from .stores import Datastore
from .wire import BadHttp, Request, Response
from .world import World

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def download(world: World, file: File, request: Request) -> Response:
    """Answer GET and HEAD of a file: 200, or with a range 206 or 416."""
    with world.lock:
        content, length = file.content_now(), file.length
    stamp = format_datetime(file.modified.replace(microsecond=0), usegmt=True)
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes", "Last-Modified": stamp}
    wanted = request.headers.get("range", "")
    if request.headers.get("if-range", stamp) != stamp:
        wanted = ""
    found = _range(wanted, length)
    if found is None:
        return Response(416, b"", {"Content-Range": f"bytes */{length}"})
    first, last, is_part = found
    if is_part:
        headers["Content-Range"] = f"bytes {first}-{last}/{length}"
    size, status = last - first + 1, 206 if is_part else 200
    if isinstance(content, bytes) and not request.spoiling:
        return Response(status, content[first : last + 1], headers)
    parts: Iterable[bytes] = _zeros(size)
    if content is not None:
        parts = [content[first : last + 1]] if isinstance(content, bytes) else content.parts(first, size)
    is_cut = any(rule.action == "cut" and rule.after_bytes < size for rule in request.spoiling)
    body = _until_cut(passed(world, request.spoiling, parts))
    return Response(status, body, headers, length=size, spoilt="cut" if is_cut else "")


def upload(world: World, store: Datastore, path: str, request: Request) -> Response:
    """
    Answer PUT of a file: 201 for a new one, 200 for one that was there, 507 where it does not fit.

    Raises:
        WireFailure: a rule cuts the connection.
        BadHttp: the client has.
    """
    with world.lock:
        arriving = Arriving(store.files, path)
    try:
        for part in passed(world, request.spoiling, request.body.blocks(BLOCK)):
            with world.lock:
                arriving.make_room(len(part))
            arriving.write(part)
    except OutOfSpace:
        return Response(507, b"Insufficient Storage\n", {"Content-Type": "text/plain; charset=utf-8"})
    finally:
        with world.lock:
            arriving.end()
            store.touch("summary", "info")
    # Without a body, as from a host: libvirt's upload would write one into memory that it has given back.
    return Response(201 if arriving.is_new else 200)


def passed(world: World, rules: Sequence[FaultRule], parts: Iterable[bytes]) -> Iterator[bytes]:
    """
    Yield what comes through, in pieces that end where a rule acts.

    Raises:
        WireFailure: a rule cuts the connection.
        OutOfSpace: a rule says that the disk is full.
    """
    ahead = sorted((rule for rule in rules if rule.action in STREAM), key=lambda rule: rule.after_bytes)
    came = 0
    for part in parts:
        rest = part
        while ahead and came + len(rest) > ahead[0].after_bytes:
            rule = ahead.pop(0)
            head, rest = rest[: rule.after_bytes - came], rest[rule.after_bytes - came :]
            if head:
                yield head
            came += len(head)
            _act(world, rule)
        if rest:
            yield rest
        came += len(rest)


def _act(world: World, rule: FaultRule) -> None:
    if rule.action == "cut":
        raise WireFailure(rule.action)
    if is_full([rule]):
        raise OutOfSpace(rule.moid)
    with world.clock.call(), world.lock:
        world.clock.sleep(rule.seconds)


def _until_cut(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what a client gets: what is behind a cut, it does not."""
    try:
        yield from parts
    except (WireFailure, HostDown, OutOfSpace, BadHttp):
        return


def _range(header: str, length: int) -> tuple[int, int, bool] | None:
    """Return the first and the last byte that are asked for, and whether by a range; None: there are no such bytes."""
    found = _RANGE.fullmatch(header)
    if found is None or not any(found.groups()):
        return 0, length - 1, False
    start, end = found.groups()
    if not start:
        first, last = max(0, length - int(end)), length - 1
    else:
        first, last = int(start), min(int(end), length - 1) if end else length - 1
    return (first, last, True) if first <= last else None


def _zeros(length: int) -> Iterator[bytes]:
    block = bytes(BLOCK)
    while length > 0:
        yield block[:length]
        length -= BLOCK


def spoiling(rules: Sequence[Any]) -> list[FaultRule]:
    """Return the rules that act on what goes over the network."""
    return [rule for rule in rules if rule.action in STREAM and (rule.action != "disk-full" or rule.after_bytes)]
