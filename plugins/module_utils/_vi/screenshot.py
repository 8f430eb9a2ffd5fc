# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Screenshots: got over HTTPS where the server shows screens, else taken as a task and fetched from the datastore.

Source: the host's ``/screen?id=``; vim.VirtualMachine.CreateScreenshot_Task, whose result is a datastore path.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from .._errors import ConnectionLost, EsxError, FaultError, TaskFailed
from .._flow.answers import Policy
from .._flow.outcome import VmResult
from .._flow.pace import Pace
from .._flow.screenshot import UNKNOWN, Picture, ScreenshotResult, check_on, take
from .._flow.state import Vm
from .._vmx.paths import DatastorePath
from . import local_file
from .files import Files
from .places import PLACE_PATHS, VM_PLACE_PATHS, Places
from .properties import all_vms, objects, read, running_host

if TYPE_CHECKING:
    from .connection import Session
    from .host import FoundVm, Host

NOT_TAKEN = "not known before it is taken"
# With these a server says that it does not show screens, or not this one now: the task will tell why.
_NOT_SHOWN = frozenset({400, 404, 405, 500, 501, 502, 503})


class Photographer:
    """
    Takes pictures of screens and keeps each in its file.

    ``dests`` are the files by moid, ``mode`` their permissions, None to leave them.
    """

    def __init__(
        self,
        host: Host,
        dests: Mapping[str, str],
        mode: int | None,
        policy: Policy,
        pace: Pace,
        *,
        check_mode: bool,
    ) -> None:
        self._host = host
        self._session: Session = host.session
        self._dests = dests
        self._mode = mode
        self._policy = policy
        self._pace = pace
        self._check_mode = check_mode
        self._results: dict[str, VmResult] = {}
        self._files: dict[str, Mapping[str, Any]] = {
            moid: {"dest": dest, **UNKNOWN} for moid, dest in self._dests.items()
        }

    def work(self, found: Sequence[FoundVm], *, single: bool) -> ScreenshotResult:
        """Take all pictures; one VM's failure stops no other."""
        unseen = [item for item in found if not self._look(item)]
        if unseen:
            self._take(unseen)
        results = [self._results[item.vm.moid] for item in found]
        return ScreenshotResult(results=results, single=single, files=self._files)

    def _look(self, item: FoundVm) -> bool:
        """Get a picture over HTTPS; False: the server does not show this screen."""
        result = VmResult(vm=item.vm, before=item.state, after=item.state, acted=True)
        try:
            check_on(item.vm, item.state)
            local_file.check_writable(self._dests[item.vm.moid])
            content = _shown(self._session, item.vm)
            if content is None:
                return False
            self._keep(result, Picture.parse(item.vm, content))
        except EsxError as error:
            self._results[item.vm.moid] = replace(result, acted=False, error=error)
        return True

    def _take(self, found: Sequence[FoundVm]) -> None:
        results = self._host.work_on(found, take, self._policy, self._pace, check_mode=self._check_mode)
        if self._check_mode:
            for result in results:
                self._foresee(result)
            return
        self._results |= {result.vm.moid: result for result in results}
        taken = {one.task.moid: one for one in results if one.error is None and one.task is not None}
        try:
            paths = _task_results(self._session, list(taken))
            where = _Datacenters(self._session, self._pace.timeout) if taken else None
        except EsxError as error:
            # What came of the others, and of the pictures before, is not lost with it.
            for one in taken.values():
                words = f"{one.vm}: the host took a picture, and it cannot be told where it is: {error}"
                self._results[one.vm.moid] = replace(one, error=FaultError(words, **error.details))
            return
        for task, one in taken.items():
            if where is not None:
                self._fetch(one, where, paths.get(task))

    def _fetch(self, result: VmResult, where: _Datacenters, path: str | None) -> None:
        left = None
        try:
            if path is None:
                raise TaskFailed(f"{result.vm}: the host took a picture and does not tell where it is")
            files, file = where.files_of(result.vm.moid), DatastorePath.parse(path)
            try:
                content = _fetched(files, file)
            finally:
                left = _delete(files, file)
            self._keep(result, Picture.parse(result.vm, content))
            if left is not None:
                raise left
        except EsxError as error:
            kept = self._results[result.vm.moid]
            self._results[result.vm.moid] = replace(kept, error=error)

    def _keep(self, result: VmResult, picture: Picture) -> None:
        moid = result.vm.moid
        dest, said = self._dests[moid], picture.to_json()
        before = local_file.look_at(dest)
        after = local_file.foresee(dest, said["sha256"], self._mode)
        if before != after and not self._check_mode:
            local_file.write(dest, picture.content, self._mode)
        self._files[moid] = {"dest": dest, **said}
        self._results[moid] = replace(
            result, acted=True, changed_before=_file(dest, before), changed_after=_file(dest, after)
        )

    def _foresee(self, result: VmResult) -> None:
        """Say of a picture that only a task could take what is known: a file will be written, and not what is in it."""
        dest = self._dests[result.vm.moid]
        before, after = local_file.look_at(dest), local_file.foresee(dest, NOT_TAKEN, self._mode)
        foreseen = replace(result, changed_before=_file(dest, before), changed_after=_file(dest, after))
        self._results[result.vm.moid] = result if result.error is not None else foreseen


class _Datacenters:
    """Which VM is in which datacenter, read when it is first asked for."""

    def __init__(self, session: Session, timeout: float) -> None:
        self._session = session
        self._timeout = timeout
        rows = read(session, all_vms(session, running_host()), {"VirtualMachine": VM_PLACE_PATHS, **PLACE_PATHS})
        self._places = Places(rows)
        self._centers = {
            self._places.datacenter_of(row.moid): session.reference("Datacenter", row.moid)
            for row in rows
            if row.type_name == "Datacenter"
        }

    def files_of(self, moid: str) -> Files:
        """Return the datastores that the VM's files are on."""
        datacenter = self._places.datacenter_of(moid)
        if datacenter is None:
            raise FaultError(f"the datacenter of the virtual machine {moid} cannot be read", moid=moid)
        return Files(self._session, datacenter, self._centers[datacenter], timeout=self._timeout)


def _file(dest: str, kept: local_file.Kept) -> dict[str, Any]:
    return {"file": {"path": dest, **kept.to_json()}}


def _shown(session: Session, vm: Vm) -> bytes | None:
    """
    Ask the server for a screen; None: it shows none.

    Raises:
        FaultError: the account may not look.
    """
    target = f"/screen?{urlencode({'id': vm.moid})}"
    status, content = _get(session, target)
    if status == 401:
        session.renew(session.logins)
        status, content = _get(session, target)
    if status == 200:
        return content
    if status in _NOT_SHOWN:
        return None
    why = {401: "the session may not", 403: "the account may not"}.get(status, f"HTTP status {status}")
    raise FaultError(f"{vm}: to look at its screen was refused: {why}", method="GET", fault=f"Http{status}")


def _get(session: Session, target: str) -> tuple[int, bytes]:
    try:
        reply: tuple[int, bytes] = session.stub.transfer("GET", target)
    except ConnectionLost:
        # To look again does nothing.
        reply = session.stub.transfer("GET", target)
    return reply


def _task_results(session: Session, moids: Sequence[str]) -> dict[str, str]:
    references = [session.reference("Task", moid) for moid in moids]
    rows = read(session, objects(references), {"Task": ["info.result"]}) if references else []
    return {row.moid: str(row.values["info.result"]) for row in rows if row.values.get("info.result") is not None}


def _fetched(files: Files, path: DatastorePath) -> bytes:
    try:
        return files.get(path)
    except ConnectionLost:
        return files.get(path)


def _delete(files: Files, path: DatastorePath) -> EsxError | None:
    try:
        try:
            files.delete(path)
        except ConnectionLost:
            # It may be gone already, and then another file may soon have its name.
            if files.exists(path):
                files.delete(path)
    except EsxError as error:
        return FaultError(f"the picture was left behind at {path}: {error}", **error.details)
    return None
