# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
One datastore of a host: what a plan says is done, and whatever stops the work, what was done before is told.

Source: vim.host.DatastoreSystem, vim.Datastore. Law: nothing is sent twice without a look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._errors import ConnectionLost, EsxError, NotFound, PlanError
from .._flow.datastore_plan import Change, diff_of, meant, plan
from .._flow.datastore_wish import DatastoreWish
from .._flow.datastores import Fact
from .._flow.wording import listed
from . import sdk
from .datastore_read import StoreHost, lookup_store_host
from .tasks import run_task, wait_for_task

if TYPE_CHECKING:
    from .connection import Session

_NAS_TYPES = {"nfs": "NFS", "nfs41": "NFS41"}
_ACCESS = {"read-write": "readWrite", "read-only": "readOnly"}


@dataclass(frozen=True, kw_only=True)
class DatastoreResult:
    """What came of it: the datastore as it was and is now, the changes made (in check mode: to be made), a failure."""

    host: Mapping[str, Any]
    before: Fact | None
    now: Fact | None
    changes: Sequence[Change] = ()
    error: EsxError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        before, after = diff_of(self.before, self.changes)
        return {
            "changed": bool(self.changes),
            "diff": {"before": before, "after": after},
            "host": self.host,
            "datastore": self.now,
        }


def bring_about(
    session: Session, wish: DatastoreWish, *, datacenter: str | None, esxi_hostname: str | None, check_mode: bool
) -> DatastoreResult:
    """Make it so on one host, or only foresee it."""
    work = _Work(session, wish, datacenter=datacenter, esxi_hostname=esxi_hostname)
    before = meant(work.host.have, wish)
    changes = plan(work.host.have, wish)
    work.look_at_disks(changes)
    host = {"name": work.host.have.host, "moid": work.host.have.moid}
    if check_mode:
        return DatastoreResult(host=host, before=before, now=before, changes=changes)
    done = list[Change]()
    error: EsxError | None = None
    try:
        for change in changes:
            work.do(change)
            done.append(change)
        if wish.refresh:
            work.refresh()
        if changes or wish.refresh:
            work.look()
    except EsxError as failed:
        error = failed
        error.details["done"] = [change.text for change in done]
        with suppress(EsxError):
            work.look()
    return DatastoreResult(host=host, before=before, now=meant(work.host.have, wish), changes=done, error=error)


class _Work:
    """The work on one host; ``host`` is what it said last."""

    def __init__(self, session: Session, wish: DatastoreWish, **narrowed: str | None) -> None:
        self.session = session
        self.wish = wish
        self._narrowed = narrowed
        self._disks: dict[str, Any] = {}
        self.host = self._read()

    def look(self) -> None:
        """Read the host anew."""
        self.host = self._read()

    def _read(self) -> StoreHost:
        return lookup_store_host(
            self.session,
            self.wish,
            datacenter=self._narrowed["datacenter"],
            esxi_hostname=self._narrowed["esxi_hostname"],
        )

    def look_at_disks(self, changes: Sequence[Change]) -> None:
        """
        See that each disk that would be taken is there, and blank.

        Raises:
            NotFound: there is none of that name that could be taken.
            PlanError: there are partitions on it.
        """
        wanted = [change.disk for change in changes if change.disk is not None]
        if not wanted:
            return
        found = self.session.call(self.host.system, "QueryAvailableDisksForVmfs") or ()
        self._disks = {str(disk.canonicalName): disk for disk in found}
        missing = [disk for disk in wanted if disk not in self._disks]
        if missing:
            raise NotFound(
                f"the host '{self.host.have.host}' has no disk {listed(missing)} for a VMFS; it has "
                f"{listed(self._disks)}",
                missing=missing,
            )
        paths = {str(self._disks[disk].devicePath): disk for disk in wanted}
        for info in self.session.call(self.host.storage, "RetrieveDiskPartitionInfo", devicePath=list(paths)) or ():
            if info.spec.partition:
                raise PlanError(
                    f"there are partitions on the disk {paths.get(str(info.deviceName), info.deviceName)}, and a VMFS "
                    "would take all of it: if nobody needs them, delete them first, for example with partedUtil"
                )

    def do(self, change: Change) -> None:
        """Make one change; after a lost reply the host is looked at."""
        try:
            _ACTS[change.verb](self, change)
        except ConnectionLost:
            self.look()
            if change.key in {one.key for one in plan(self.host.have, self.wish)}:
                raise

    def refresh(self) -> None:
        """Let the host look how much is free."""
        try:
            self.session.call(self._store(), "RefreshDatastore")
        except ConnectionLost:
            # To look twice does no harm.
            self.session.call(self._store(), "RefreshDatastore")

    def mount(self, change: Change) -> None:
        """Mount a file server."""
        said = change.after or {}
        hosts = said["remote_hosts"]
        is_41 = said["type"] == "nfs41"
        spec = sdk.vim.host.NasVolume.Specification(
            type=_NAS_TYPES[said["type"]],
            remoteHost=hosts[0],
            remotePath=said["remote_path"],
            localPath=said["name"],
            accessMode=_ACCESS[said["access_mode"]],
            **({"remoteHostNames": hosts, "securityType": said["security_type"]} if is_41 else {}),
        )
        self.session.call(self.host.system, "CreateNasDatastore", spec=spec)

    def create(self, change: Change) -> None:
        """Make a VMFS on a disk."""
        version = {} if self.wish.vmfs_version is None else {"vmfsMajorVersion": self.wish.vmfs_version}
        spec = self._option("QueryVmfsDatastoreCreateOptions", change, **version)
        spec.vmfs.volumeName = (change.after or {})["name"]
        self.session.call(self.host.system, "CreateVmfsDatastore", spec=spec)

    def extend(self, change: Change) -> None:
        """Let a VMFS have a disk more."""
        store = self._store()
        spec = self._option("QueryVmfsDatastoreExtendOptions", change, datastore=store, suppressExpandCandidates=True)
        self.session.call(self.host.system, "ExtendVmfsDatastore", datastore=store, spec=spec)

    def rename(self, _change: Change) -> None:
        """Give it another name."""
        self.session.call(self._store(), "RenameDatastore", newName=self.wish.new_name)

    def enter(self, _change: Change) -> None:
        """Enter maintenance mode."""
        method = "DatastoreEnterMaintenanceMode"
        result = self.session.call(self._store(), method)
        if result.task is None:
            raise PlanError("vCenter has not begun to enter maintenance mode: Storage DRS wants something moved first")
        wait_for_task(self.session, result.task, method, timeout=self.wish.timeout)

    def leave(self, _change: Change) -> None:
        """Leave maintenance mode."""
        method = "DatastoreExitMaintenanceMode_Task"
        run_task(self.session, self._store(), method, timeout=self.wish.timeout, is_quick=True)

    def remove(self, _change: Change) -> None:
        """Unmount it, or destroy it."""
        self.session.call(self.host.system, "RemoveDatastore", datastore=self._store())

    def _option(self, method: str, change: Change, **arguments: Any) -> Any:
        """Ask how the disk can be taken, and choose to take all of it."""
        disk = self._disks[str(change.disk)]
        options = self.session.call(self.host.system, method, devicePath=disk.devicePath, **arguments) or ()
        whole = [one for one in options if isinstance(one.info, sdk.vim.host.VmfsDatastoreOption.AllExtentInfo)]
        if not options:
            raise PlanError(f"the host '{self.host.have.host}' has no way to put a VMFS on the disk {change.disk}")
        return (whole or options)[0].spec

    def _store(self) -> Any:
        """Return the datastore; one that has just been made is looked for."""
        fact = meant(self.host.have, self.wish)
        if fact is None:
            self.look()
            fact = meant(self.host.have, self.wish)
        if fact is None:
            raise NotFound(f"the datastore '{self.wish.name}' is not there any more", missing=[self.wish.name])
        return self.session.reference("Datastore", fact["moid"])


_ACTS = {
    "mount": _Work.mount,
    "create": _Work.create,
    "extend": _Work.extend,
    "rename": _Work.rename,
    "enter": _Work.enter,
    "leave": _Work.leave,
    "unmount": _Work.remove,
    "destroy": _Work.remove,
}
