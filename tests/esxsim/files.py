# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host serves beside the API: the files of its datastores, and screenshots."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pyVmomi import vim, vmodl

from .faults import WireFailure, is_full, spoil_after, spoil_before
from .filestore import normalised
from .http import GARBAGE, Request, Response, authenticated
from .locks import check_free
from .screens import picture
from .stores import Datastore
from .transfers import download, spoiling, upload
from .world import World

DATACENTERS = ("ha-datacenter", "")
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
    request.spoiling = spoiling(rules)
    is_refused = request.method == "PUT" and any(is_full([rule]) and not rule.after_bytes for rule in rules)
    # The lock is free while the bytes go over the wire.
    response = _text(507, NO_SPACE) if is_refused else serve(world, request)
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
    decoded = unquote if world.decodes_twice else str
    name = decoded(request.query.get("dsName", ""))
    with world.lock:
        store = next((one for one in world.of_type("Datastore") if one.get("name") == name), None)
    if store is None:
        return _text(404, f"No datastore is named {name!r}")
    # Clients that send the slash as %2F and those that do not mean the same.
    try:
        path = normalised(decoded(unquote(urlsplit(request.target).path)).removeprefix("/folder"))
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
        listing = _listing(store, path) if file is None and store.files.is_folder(path) else None
    if listing is not None:
        return Response(200, listing, {"Content-Type": "text/html; charset=utf-8"})
    return _text(404, f"{path} is not there") if file is None else download(world, file, request)


def _listing(store: Datastore, path: str) -> bytes:
    folders, files = store.files.below(path)
    names = [f"{name}/" for name in folders] + [name for name, _rest in files]
    return "".join(f"<li>{name}</li>\n" for name in names).encode()


def _write(world: World, store: Datastore, path: str, request: Request) -> Response:
    if not path or request.path.endswith("/"):
        return _text(400, "A file needs a name")
    announced = int(request.headers.get("content-length", "0"))
    with world.lock:
        if store.profile.access_mode != "read-write" or not store.profile.accessible:
            return _text(403, f"Nothing can be written to {store.get('name')}")
        if not store.files.is_folder(path.rpartition("/")[0]):
            return _text(404, f"The folder of {path} is not there")
        if store.files.is_folder(path):
            return _text(403, f"{path} is a folder")
        locked = _locked(world, store, path)
        if locked is not None:
            return locked
        old = store.files.get(path)
        if announced - (old.charged if old is not None else 0) > store.files.free:
            return _text(507, NO_SPACE)
    return upload(world, store, path, request)


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
