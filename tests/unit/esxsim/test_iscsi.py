# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated host's iSCSI adapter: who it knows, who lets it in, what a rescan brings, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim import World
from ansible_collections.virt.esx.tests.esxsim.scenario import ScenarioError
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, fault_of, world_of
from pyVmomi import SoapAdapter, vim, vmodl

Hba = vim.host.InternetScsiHba
ARRAY = "iqn.2026-01.com.example:array"
GUARDED = "iqn.2026-01.com.example:guarded"
CHAP = {"name": "esx1", "secret": "open sesame 1", "mutual_name": "array", "mutual_secret": "sesame open 2"}
NETWORK: dict[str, Any] = {
    "targets": [
        {
            "name": ARRAY,
            "portals": ["192.0.2.20", "192.0.2.21:3261"],
            "luns": [{"datastore": "iscsi01", "lun": 3}, {"id": "shared", "lun": 4, "capacity_gib": 7}],
        },
        {"name": GUARDED, "portals": ["192.0.2.30"], "luns": [{"id": "shared"}], "chap": CHAP},
    ]
}


class Storage:
    """A client of a host's storage system."""

    def __init__(self, **iscsi: Any) -> None:
        stores = [{"name": "datastore1"}, {"name": "iscsi01"}]
        self.world: World = world_of(datastores=stores, iscsi={**NETWORK, **iscsi})
        self.client = Client(self.world)
        self.system: Any = vim.host.StorageSystem("storageSystem", self.client.stub)

    @property
    def info(self) -> Any:
        return self.system.storageDeviceInfo

    @property
    def adapter(self) -> Any:
        return next(iter(one for one in self.info.hostBusAdapter if isinstance(one, Hba)), None)

    @property
    def disks(self) -> list[str]:
        return sorted(lun.displayName for lun in self.info.scsiLun if "iSCSI" in lun.displayName)

    def accessible(self, name: str) -> bool:
        (store,) = [one for one in self.world.of_type("Datastore") if one.get("name") == name]
        mounted = store.get("host")[0].mountInfo.accessible
        assert store.get("summary").accessible == mounted
        return bool(mounted)


def static(name: str, address: str, port: int | None = None, **auth: Any) -> Any:
    said = Hba.AuthenticationProperties(**{"chapAuthEnabled": True, **auth}) if auth else None
    return Hba.StaticTarget(iScsiName=name, address=address, port=port, authenticationProperties=said)


def send(address: str, port: int | None = None) -> Any:
    return Hba.SendTarget(address=address, port=port)


def auth(**said: Any) -> Any:
    return Hba.AuthenticationProperties(**{"chapAuthEnabled": True, **said})


FULL = {
    "chapName": "esx1",
    "chapSecret": CHAP["secret"],
    "chapAuthenticationType": "chapRequired",
    "mutualChapName": "array",
    "mutualChapSecret": CHAP["mutual_secret"],
    "mutualChapAuthenticationType": "chapRequired",
}


def test_a_rescan_brings_what_a_send_target_tells_of() -> None:
    storage = Storage()
    storage.system.AddInternetScsiSendTargets("vmhba64", [send("192.0.2.20")])
    assert (storage.disks, storage.accessible("iscsi01")) == ([], False)

    storage.system.RescanHba("vmhba64")

    found = storage.adapter.configuredStaticTarget
    assert [(one.iScsiName, one.address, one.port, one.discoveryMethod, one.parent) for one in found] == [
        (ARRAY, "192.0.2.20", 3260, "sendTargetMethod", "192.0.2.20:3260"),
        (ARRAY, "192.0.2.21", 3261, "sendTargetMethod", "192.0.2.20:3260"),
    ]
    assert (len(storage.disks), storage.accessible("iscsi01")) == (2, True)
    assert [len(one.path) for one in storage.info.multipathInfo.lun] == [2, 2]
    topology = storage.info.scsiTopology.adapter[1]
    assert [(one.transport.address[0], [lun.lun for lun in one.lun]) for one in topology.target] == [
        ("192.0.2.20:3260", [3, 4]),
        ("192.0.2.21:3261", [3, 4]),
    ]
    keys = {lun.key: lun for lun in storage.info.scsiLun}
    assert all(lun.scsiLun in keys for one in topology.target for lun in one.lun)

    storage.system.RemoveInternetScsiSendTargets("vmhba64", [send("192.0.2.20", 3260)])
    assert storage.adapter.configuredStaticTarget == []
    assert len(storage.disks) == 2
    storage.system.RescanAllHba()
    assert (storage.disks, storage.accessible("iscsi01")) == ([], False)


def test_a_static_target_is_one_way_to_its_disks() -> None:
    storage = Storage(static_targets=[{"name": ARRAY, "portal": "192.0.2.21:3261"}])

    assert (len(storage.disks), storage.accessible("iscsi01")) == (2, True)
    assert storage.adapter.configuredStaticTarget[0].discoveryMethod == "staticMethod"
    storage.system.RemoveInternetScsiStaticTargets("vmhba64", [static(ARRAY, "192.0.2.21", 3261)])
    storage.system.RescanHba("vmhba64")
    assert storage.disks == []


def test_what_was_added_twice_or_is_not_there_is_told_and_the_rest_is_done() -> None:
    storage = Storage(send_targets=["192.0.2.20"])
    fault = fault_of(storage.system.AddInternetScsiSendTargets, "vmhba64", [send("192.0.2.20"), send("192.0.2.30")])

    assert isinstance(fault, vim.fault.HostConfigFault)
    assert len(storage.adapter.configuredSendTarget) == 2
    fault = fault_of(storage.system.RemoveInternetScsiSendTargets, "vmhba64", [send("192.0.2.9"), send("192.0.2.30")])
    assert isinstance(fault, vim.fault.NotFound)
    assert [one.address for one in storage.adapter.configuredSendTarget] == ["192.0.2.20"]


@pytest.mark.parametrize(
    ("said", "lets_in"),
    [
        ({}, False),
        ({"chapName": "esx1", "chapSecret": CHAP["secret"], "chapAuthenticationType": "chapPreferred"}, True),
        ({"chapName": "esx2", "chapSecret": CHAP["secret"], "chapAuthenticationType": "chapPreferred"}, False),
        ({"chapName": "esx1", "chapSecret": "another one 3", "chapAuthenticationType": "chapRequired"}, False),
        (FULL, True),
        ({**FULL, "mutualChapSecret": "another one 3"}, False),
    ],
)
def test_a_target_may_demand_chap(said: Mapping[str, Any], lets_in: bool) -> None:
    for level in ("adapter", "target"):
        storage = Storage()
        if said and level == "adapter":
            storage.system.UpdateInternetScsiAuthenticationProperties("vmhba64", auth(**said))
        own = said if level == "target" else {}
        storage.system.AddInternetScsiStaticTargets("vmhba64", [static(GUARDED, "192.0.2.30", **own)])
        storage.system.RescanHba("vmhba64")

        assert bool(storage.disks) == lets_in
        events = [one for one in storage.world.events if "login.error" in getattr(one.event, "eventTypeId", "")]
        assert bool(events) != lets_in


def test_what_a_target_inherits_can_be_overruled_and_nobody_is_told_a_secret() -> None:
    storage = Storage(send_targets=["192.0.2.30"])
    meant = Hba.TargetSet(sendTargets=[send("192.0.2.30")])
    storage.system.UpdateInternetScsiAuthenticationProperties("vmhba64", auth(**FULL), meant)
    storage.system.RescanHba("vmhba64")

    assert len(storage.disks) == 1
    shown = storage.adapter.configuredSendTarget[0].authenticationProperties
    assert (shown.chapName, shown.mutualChapName) == ("esx1", "array")
    assert CHAP["secret"] not in str(storage.info)
    assert CHAP["mutual_secret"] not in str(storage.info)
    alone = Hba.TargetSet(staticTargets=[static(GUARDED, "192.0.2.30")])
    storage.system.UpdateInternetScsiAuthenticationProperties("vmhba64", auth(chapAuthEnabled=False), alone)
    storage.system.RescanHba("vmhba64")
    assert storage.disks == []


def test_a_chap_that_a_target_does_not_know_is_only_demanded_where_it_is_required() -> None:
    for level, lets_in in (("chapPreferred", True), ("chapRequired", False)):
        storage = Storage(static_targets=[{"name": ARRAY, "portal": "192.0.2.20"}])
        said = auth(chapName="esx1", chapSecret="open sesame 1", chapAuthenticationType=level)
        storage.system.UpdateInternetScsiAuthenticationProperties("vmhba64", said)
        storage.system.RescanHba("vmhba64")

        assert bool(storage.disks) == lets_in


REFUSED: list[tuple[Callable[[Any], Any], Any]] = [
    (lambda system: system.RescanHba("vmhba9"), vim.fault.NotFound),
    (lambda system: system.UpdateInternetScsiName("vmhba0", ARRAY), vim.fault.NotFound),
    (lambda system: system.UpdateInternetScsiName("vmhba64", "nonsense"), vim.fault.HostConfigFault),
    (lambda system: system.RemoveInternetScsiStaticTargets("vmhba64", [static("a", "b")]), vim.fault.NotFound),
    (
        lambda system: system.UpdateInternetScsiAuthenticationProperties("vmhba64", auth(chapName="esx1")),
        vmodl.fault.InvalidArgument,
    ),
    (
        lambda system: system.UpdateInternetScsiAuthenticationProperties(
            "vmhba64", auth(**{**FULL, "mutualChapSecret": FULL["chapSecret"]})
        ),
        vim.fault.HostConfigFault,
    ),
    (
        lambda system: system.UpdateInternetScsiAuthenticationProperties(
            "vmhba64", auth(**{**FULL, "chapAuthenticationType": "chapPreferred"})
        ),
        vim.fault.HostConfigFault,
    ),
    (
        lambda system: system.UpdateInternetScsiAuthenticationProperties(
            "vmhba64", auth(**FULL), Hba.TargetSet(sendTargets=[send("192.0.2.9")])
        ),
        vim.fault.NotFound,
    ),
]


@pytest.mark.parametrize("number", range(len(REFUSED)))
def test_what_makes_no_sense_is_refused(number: int) -> None:
    storage = Storage()
    before = str(storage.info)
    call, fault = REFUSED[number]

    assert isinstance(fault_of(call, storage.system), fault)
    assert str(storage.info) == before


def test_the_adapter_comes_and_goes() -> None:
    storage = Storage(send_targets=["192.0.2.20"])
    storage.system.UpdateInternetScsiName("vmhba64", "iqn.2026-01.com.example:esx9")
    storage.system.UpdateInternetScsiAlias("vmhba64", "nine")
    assert (storage.adapter.iScsiName, storage.adapter.iScsiAlias) == ("iqn.2026-01.com.example:esx9", "nine")

    storage.system.UpdateSoftwareInternetScsiEnabled(enabled=False)
    assert (storage.adapter, storage.info.softwareInternetScsiEnabled, storage.disks) == (None, False, [])
    assert not storage.accessible("iscsi01")
    assert isinstance(fault_of(storage.system.RescanHba, "vmhba64"), vim.fault.NotFound)

    storage.system.UpdateSoftwareInternetScsiEnabled(enabled=True)
    assert (storage.adapter.configuredSendTarget, storage.adapter.iScsiName) == ([], "iqn.1998-01.com.vmware:esx1")


def test_what_a_host_says_is_complete_by_pyvmomis_own_serializer() -> None:
    storage = Storage(send_targets=["192.0.2.20"])
    (system,) = storage.world.of_type("HostStorageSystem")
    prop = vmodl.DynamicProperty(name="storageDeviceInfo", val=system.get("storageDeviceInfo"))

    assert "InternetScsiHba" in SoapAdapter.Serialize(prop, version=storage.world.vmodl_version).decode()


def test_a_host_says_the_same_of_its_devices_in_both_places() -> None:
    storage = Storage(send_targets=["192.0.2.20"])
    (host,) = storage.world.of_type("HostSystem")

    assert str(host.get("config.storageDevice")) == str(storage.info)


def test_the_adapter_is_bound_to_others_and_let_go_where_nothing_is_lost() -> None:
    storage = Storage(nics=["vmk1"])
    manager: Any = vim.host.IscsiManager("iscsiManager", storage.client.stub)

    def bound() -> dict[str, str]:
        return {one.vnicDevice: one.pathStatus for one in manager.QueryBoundVnics("vmhba64")}

    assert [one.vnicDevice for one in manager.QueryCandidateNics("vmhba64")] == ["vmk0", "vmk1"]
    for name in ("vmk0", "vmk1"):
        manager.BindVnic("vmhba64", name)
    assert bound() == {"vmk0": "notUsed", "vmk1": "notUsed"}
    storage.system.AddInternetScsiSendTargets("vmhba64", [send("192.0.2.20")])
    storage.system.RescanHba("vmhba64")
    assert isinstance(fault_of(manager.UnbindVnic, "vmhba64", "vmk1", False), vim.fault.IscsiFaultVnicHasActivePaths)
    manager.UnbindVnic("vmhba64", "vmk1", True)
    assert bound() == {"vmk0": "lastActive"}
    assert isinstance(fault_of(manager.UnbindVnic, "vmhba64", "vmk0", False), vim.fault.IscsiFaultVnicIsLastPath)
    assert isinstance(fault_of(manager.UnbindVnic, "vmhba64", "vmk1", True), vim.fault.IscsiFaultVnicNotBound)
    assert isinstance(fault_of(manager.BindVnic, "vmhba64", "vmk0"), vim.fault.IscsiFaultVnicAlreadyBound)
    assert isinstance(fault_of(manager.BindVnic, "vmhba64", "vmk9"), vim.fault.IscsiFaultVnicNotFound)
    assert isinstance(fault_of(manager.QueryBoundVnics, "vmhba0"), vim.fault.IscsiFault)


@pytest.mark.parametrize(
    ("iscsi", "says"),
    [
        ({"targets": [{"name": "x"}]}, "a mapping that has portals"),
        ({"targets": [{"name": "x", "portals": ["here"]}]}, "an IP address"),
        ({"targets": [{"name": "x", "portals": ["192.0.2.1:x"]}]}, "a whole number, 1 to 65535"),
        ({"targets": [{"name": "x", "portals": [], "luns": [{"datastore": "nas"}]}]}, "allowed is one of datastore1"),
        ({"targets": [{"name": "x", "portals": [], "chap": {"name": "y"}}]}, "a mapping that has secret"),
    ],
)
def test_a_scenario_says_what_is_wrong_with_its_network(iscsi: dict[str, Any], says: str) -> None:
    with pytest.raises(ScenarioError, match="iscsi") as caught:
        world_of(iscsi=iscsi)

    assert says in str(caught.value)
