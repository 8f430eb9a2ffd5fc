# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host serves beside the API: the files of its datastores, and screenshots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pyVmomi import vim, vmodl

from .faults import WireFailure, is_full, spoil_after, spoil_before
from .filestore import OutOfSpace, normalised
from .http import GARBAGE, Request, Response, authenticated
from .locks import check_free
from .screens import picture
from .stores import Datastore
from .world import World

DATACENTERS = ("ha-datacenter", "")
MAX_UPLOAD = 256 * 1024 * 1024
BLOCK = 1024 * 1024
NO_SPACE = "Insufficient Storage"
Handler = Callable[[Request], Response]


def routes(world: World) -> Mapping[str, Handler]:
    """The handlers of a world's files and screenshots, by path prefix."""
    return {
        "/folder": lambda request: _as_ruled(world, request, folder),
        "/screen": lambda request: _as_ruled(world, request, screen),
    }


def _as_ruled(world: World, request: Request, serve: Callable[..., Response]) -> Response:
    """
    Answer a request as the fault rules say.

    Raises:
        WireFailure, HostDown: what the door has to show.
    """
    try:
        with world.clock.call(), world.lock:
            rules = spoil_before(world, request.method, request.path, request.session)
    except vmodl.MethodFault as error:
        fault: Any = error
        return _text(500, fault.msg)
    # The lock is free while the bytes go over the wire.
    response = _text(507, NO_SPACE) if is_full(rules) and request.method == "PUT" else serve(world, request)
    try:
        with world.lock:
            spoil_after(world, rules, response)
    except WireFailure as failure:
        if failure.action == "garbage":
            return Response(response.status, GARBAGE, response.headers)
        if failure.action != "truncate":
            raise
        response.spoilt = failure.action
    return response


def _text(status: int, text: str) -> Response:
    headers = {"Content-Type": "text/plain; charset=utf-8"}
    if status == 401:
        headers["WWW-Authenticate"] = 'Basic realm="VMware HTTP server"'
    return Response(status, f"{text}\n".encode(), headers)


def folder(world: World, request: Request) -> Response:
    """GET, HEAD, PUT and DELETE of ``/folder/<path>?dcPath=…&dsName=…``."""
    if not authenticated(world, request):
        return _text(401, "Log in first")
    if request.query.get("dcPath", "").strip("/") not in DATACENTERS:
        return _text(404, f"No datacenter is at {request.query.get('dcPath')!r}")
    with world.lock:
        store = next(
            (one for one in world.of_type("Datastore") if one.get("name") == request.query.get("dsName")), None
        )
    if store is None:
        return _text(404, f"No datastore is named {request.query.get('dsName')!r}")
    # Clients that send the slash as %2F and those that do not mean the same.
    try:
        path = normalised(unquote(urlsplit(request.target).path).removeprefix("/folder"))
    except ValueError as error:
        return _text(400, str(error))
    if request.method in ("GET", "HEAD"):
        return _read(world, store, path, request)
    if request.method == "PUT":
        return _write(world, store, path, request)
    if request.method == "DELETE":
        return _delete(world, store, path)
    return _text(405, "Allowed are GET, HEAD, PUT and DELETE")


def _delete(world: World, store: Datastore, path: str) -> Response:
    with world.lock:
        locked = _locked(world, store, path)
        if locked is not None:
            return locked
        gone = store.files.discard(path)
        store.touch("summary", "info")
    return _text(200, "Deleted") if gone else _text(404, f"{path} is not there")


def _locked(world: World, store: Datastore, path: str) -> Response | None:
    """Refuse to touch what a running machine holds open; None: it may be touched."""
    try:
        check_free(world, store, path)
    except vim.fault.FileLocked as error:
        fault: Any = error
        return _text(500, fault.msg)
    return None


def _read(world: World, store: Datastore, path: str, request: Request) -> Response:
    with world.lock:
        file = store.files.get(path)
        content = file.read() if file is not None else None
        listing = _listing(store, path) if file is None and store.files.is_folder(path) else None
    if listing is not None:
        return Response(200, listing, {"Content-Type": "text/html; charset=utf-8"})
    if file is None:
        return _text(404, f"{path} is not there")
    headers = {"Content-Type": "application/octet-stream", "Accept-Ranges": "bytes"}
    length = file.size if content is None else len(content)
    first, last = _range(request.headers.get("range", ""), length)
    if first > last and length:
        return Response(416, b"", {"Content-Range": f"bytes */{length}"})
    whole = last - first + 1 == length
    if not whole:
        headers["Content-Range"] = f"bytes {first}-{last}/{length}"
    status = 200 if whole else 206
    if content is not None:
        return Response(status, content[first : last + 1], headers)
    return Response(status, _zeros(last - first + 1), headers, length=last - first + 1)


def _range(header: str, length: int) -> tuple[int, int]:
    """Read a Range header: the first and the last byte; the whole where there is none that is understood."""
    start, dash, end = header.removeprefix("bytes=").partition("-")
    if not header.startswith("bytes=") or not dash or not start.isdigit() or (end and not end.isdigit()):
        return 0, length - 1
    return int(start), min(int(end), length - 1) if end else length - 1


def _zeros(length: int) -> Iterator[bytes]:
    block = bytes(BLOCK)
    while length > 0:
        yield block[:length]
        length -= BLOCK


def _listing(store: Datastore, path: str) -> bytes:
    folders, files = store.files.below(path)
    names = [f"{name}/" for name in folders] + [name for name, _rest in files]
    return "".join(f"<li>{name}</li>\n" for name in names).encode()


def _write(world: World, store: Datastore, path: str, request: Request) -> Response:
    if not path or request.path.endswith("/"):
        return _text(400, "A file needs a name")
    announced = int(request.headers.get("content-length", "0"))
    with world.lock:
        if not store.files.is_folder(path.rpartition("/")[0]):
            return _text(404, f"The folder of {path} is not there")
        if announced > store.files.free:
            return _text(507, NO_SPACE)
    body = request.body.all(MAX_UPLOAD)
    with world.lock:
        locked = _locked(world, store, path)
        if locked is not None:
            return locked
        try:
            new = store.files.upload(path, body)
        except OutOfSpace:
            return _text(507, NO_SPACE)
        store.touch("summary", "info")
    # Without a body, as from a host: libvirt's upload would write one into memory that it has given back.
    return Response(201 if new else 200)


def screen(world: World, request: Request) -> Response:
    """``GET /screen?id=<moid>``: a picture of a running VM's screen."""
    if not authenticated(world, request):
        return _text(401, "Log in first")
    with world.lock:
        vm: Any = world.find_or_none("VirtualMachine", request.query.get("id", ""))
        shown = picture(vm) if vm is not None and vm.get("runtime.powerState") == "poweredOn" else None
    if vm is None:
        return _text(404, f"No virtual machine has the id {request.query.get('id')!r}")
    if shown is None:
        return _text(500, "The virtual machine is not powered on")
    return Response(200, shown, {"Content-Type": "image/png"})
