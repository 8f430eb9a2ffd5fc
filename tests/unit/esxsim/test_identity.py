# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Questions that come from what a machine is, without any rule: was it moved or copied, and may its CD-ROM go."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.tests.unit.esxsim.define_world import (
    added,
    api,
    card,
    client_of,
    config_spec,
    device,
    edited,
    kind_of,
    made,
    of_class,
    reconfigured,
    registered,
    removed,
)
from ansible_collections.virt.esx.tests.unit.esxsim.host_world import Client, machine

MOVED, COPIED = "1", "2"
ISO = {"name": "datastore1", "files": {"iso/a.iso": "an image", "iso/b.iso": "another"}}
LOCKING = {
    "name": "web01", "power_state": "powered-on", "iso": "[datastore1] iso/a.iso", "guest_locks_cdrom": True,
}  # fmt: skip


def elsewhere(client: Client, **options: str) -> Any:
    """A machine that was made, unregistered, moved with its folder, and registered where it is now."""
    extra = [api.option.OptionValue(key=key, value=value) for key, value in options.items()]
    vm = made(client, config_spec(extraConfig=extra, deviceChange=[added(card())]))
    client.after(1, vm.PowerOnVM_Task())
    client.after(1, vm.PowerOffVM_Task())
    vm.UnregisterVM()
    files = client.content.fileManager
    client.after(1, files.MoveDatastoreFile_Task("[datastore1] new01", None, "[datastore1] moved", None, None))
    return registered(client, "[datastore1] moved/new01.vmx")


def identity(vm: Any) -> tuple[str, str, str]:
    (nic,) = of_class(vm, device.VirtualEthernetCard)
    return vm.config.uuid, vm.config.instanceUuid, nic.macAddress


def test_a_machine_that_was_moved_or_copied_asks_once() -> None:
    client = client_of()
    vm = elsewhere(client)
    before = identity(vm)
    task = vm.PowerOnVM_Task()
    client.world.clock.advance(1)
    question = vm.runtime.question
    vm.AnswerVM(question.id, MOVED)

    assert question.message[0].id == "msg.uuid.altered"
    assert [(one.key, one.label) for one in question.choice.choiceInfo] == [
        ("0", "button.uuid.cancel"),
        ("1", "button.uuid.movedTheVM"),
        ("2", "button.uuid.copiedTheVM"),
    ]
    assert question.choice.defaultIndex == 2
    assert (client.after(1, task).state, vm.runtime.powerState) == ("success", "poweredOn")
    assert identity(vm) == before
    client.after(1, vm.PowerOffVM_Task())
    assert client.after(1, vm.PowerOnVM_Task()).state == "success"


def test_a_copy_gets_an_identity_of_its_own() -> None:
    client = client_of()
    vm = elsewhere(client)
    before = identity(vm)
    task = vm.PowerOnVM_Task()
    client.world.clock.advance(1)
    vm.AnswerVM(vm.runtime.question.id, COPIED)
    client.world.clock.advance(1)
    after = identity(vm)

    assert task.info.state == "success"
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, False]
    assert after[2].startswith("00:0c:29:")


def test_who_cancels_starts_nothing_and_is_asked_again() -> None:
    client = client_of()
    vm = elsewhere(client)
    for _round in range(2):
        task = vm.PowerOnVM_Task()
        client.world.clock.advance(1)
        vm.AnswerVM(vm.runtime.question.id, "0")
        client.world.clock.advance(1)

        assert (task.info.state, vm.runtime.powerState) == ("error", "poweredOff")


@pytest.mark.parametrize(
    ("options", "keeps"),
    [
        ({"uuid.action": "keep"}, True),
        ({"uuid.action": "create"}, False),
        ({"uuid.action": "change"}, False),
        ({"answer.msg.uuid.altered": "I moved it"}, True),
        ({"answer.msg.uuid.altered": "I copied it"}, False),
    ],
)
def test_what_the_vmx_answers_is_not_asked(options: dict[str, str], keeps: bool) -> None:
    client = client_of()
    vm = elsewhere(client, **options)
    before = identity(vm)
    info = client.after(1, vm.PowerOnVM_Task())

    assert (info.state, vm.runtime.question) == ("success", None)
    assert (identity(vm) == before) == keeps


def test_a_machine_that_never_ran_elsewhere_is_not_asked() -> None:
    client = client_of({"name": "web01"})
    path = client.vm().config.files.vmPathName
    client.vm().UnregisterVM()
    store: Any = client.world.of_type("Datastore")[0]
    store.files.upload("hand/hand.vmx", b'config.version = "8"\nvirtualHW.version = "19"\ndisplayName = "hand"\n')
    back, hand = registered(client, path), registered(client, "[datastore1] hand/hand.vmx")

    assert [client.after(1, vm.PowerOnVM_Task()).state for vm in (back, hand)] == ["success", "success"]
    assert 'uuid.location = "56 4d' in machine(client.world, "hand").vmx()


def drive(client: Client) -> Any:
    (one,) = of_class(client.vm(), device.VirtualCdrom)
    return one


def ejected(client: Client) -> Any:
    one = drive(client)
    one.backing = device.VirtualCdrom.RemotePassthroughBackingInfo(deviceName="")
    return edited(one)


def disconnected(client: Client) -> Any:
    one = drive(client)
    one.connectable.connected = False
    return edited(one)


def exchanged(client: Client) -> Any:
    one = drive(client)
    one.backing.fileName = "[datastore1] iso/b.iso"
    return edited(one)


@pytest.mark.parametrize("change", [ejected, disconnected, exchanged])
@pytest.mark.parametrize(("key", "fault"), [("0", None), ("1", "GenericVmConfigFault")])
def test_a_guest_that_holds_its_drive_is_asked_for_it(change: Any, key: str, fault: str | None) -> None:
    client = client_of(LOCKING, datastores=[ISO])
    before = drive(client).backing.fileName
    task = client.vm().ReconfigVM_Task(api.vm.ConfigSpec(deviceChange=[change(client)], annotation="changed"))
    client.world.clock.advance(1)
    question = client.vm().runtime.question
    client.vm().AnswerVM(question.id, key)
    info = client.after(1, task)

    assert question.message[0].id == "msg.cdromdisconnect.locked"
    assert (None if info.error is None else kind_of(info.error)) == fault
    assert (client.vm().config.annotation == "changed") == (fault is None)
    if fault is not None:
        assert drive(client).backing.fileName == before


def test_what_leaves_the_drive_alone_is_not_asked() -> None:
    client = client_of(LOCKING, datastores=[ISO])

    assert reconfigured(client, client.vm(), annotation="words") is None
    assert reconfigured(client, client.vm(), added(card())) is None
    client.after(1, client.vm().PowerOffVM_Task())
    assert reconfigured(client, client.vm(), removed(drive(client))) is None


def test_machines_that_come_later_behave_as_the_scenario_says() -> None:
    rules = [{"question": "msg.serial.file.open"}, {"question": "msg.cdromdisconnect.locked", "during": "reconfigure"}]
    client = client_of(new_vms={"questions": rules, "task_seconds": 0.5, "tools": "not-installed"})
    vm = made(client, config_spec())
    change = vm.ReconfigVM_Task(api.vm.ConfigSpec(annotation="words"))
    client.world.clock.advance(1)
    first = vm.runtime.question
    vm.AnswerVM(first.id, "0")
    info = client.after(1, change)
    client.after(0, vm.PowerOnVM_Task())
    second = vm.runtime.question

    assert [one.message[0].id for one in (first, second)] == ["msg.cdromdisconnect.locked", "msg.serial.file.open"]
    assert (info.state, vm.config.annotation) == ("success", "words")
    assert vm.guest.toolsStatus == "toolsNotInstalled"


def test_a_drive_is_connected_while_the_machine_runs() -> None:
    client = client_of({**LOCKING, "guest_locks_cdrom": False}, datastores=[ISO])
    running = drive(client).connectable
    client.after(1, client.vm().PowerOffVM_Task())
    off = drive(client).connectable
    client.after(1, client.vm().PowerOnVM_Task())
    on = drive(client).connectable

    assert [(one.connected, one.status) for one in (running, off, on)] == [
        (True, "ok"),
        (False, "untried"),
        (True, "ok"),
    ]
