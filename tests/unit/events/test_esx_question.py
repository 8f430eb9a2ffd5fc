# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source on simulated hosts, over HTTPS, as ansible-rulebook would run it."""

from __future__ import annotations

import asyncio
import json
import logging
import pathlib
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.esxsim.control import Control
from ansible_collections.virt.esx.tests.esxsim.faults import FaultRule
from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import serving
from ansible_collections.virt.esx.tests.support.events import Listener, listen, load, options, shown

SERIAL = "msg.serial.file.open"
SCENARIO: dict[str, Any] = {
    "host": {"licence": "free"},
    "vms": [{"name": "web01"}, {"name": "web02"}, {"name": "db01"}],
}
READS = {
    "RetrieveServiceContent",
    "Login",
    "CreateFilter",
    "WaitForUpdatesEx",
    "RetrievePropertiesEx",
    "CancelWaitForUpdates",
    "Logout",
}


@pytest.fixture
def server(tmp_path: pathlib.Path) -> Iterator[Server]:
    with serving(SCENARIO, tmp_path) as served:
        yield served


def ask(server: Server, vm: str, question: str = SERIAL, task: str | None = "power-on") -> None:
    """Let a machine ask, in the midst of a task or out of nothing."""
    during = {"task": task} if task else {}
    Control(server.world).raise_question({"vm": vm, "question": question, **during})


def answer(server: Server, vm: str, key: str = "0") -> None:
    Control(server.world).answer({"vm": vm, "answer": key})


def test_a_question_is_told_when_it_is_asked_and_when_it_is_over(server: Server) -> None:
    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected")
        ask(server, "web01")
        asked = await listener.next("asked")
        answer(server, "web01")
        answered = await listener.next("answered")

        assert (asked["host"], asked["port"], asked["replayed"]) == ("127.0.0.1", server.port, False)
        assert asked["vm"]["name"] == "web01"
        assert asked["vm"].keys() == {"name", "moid", "uuid", "power_state"}
        assert asked["question"]["message_ids"] == [SERIAL]
        assert [choice["summary"] for choice in asked["question"]["choices"]] == ["Append", "Replace", "Cancel"]
        assert asked["task"]["operation"] == "VirtualMachine.powerOn"
        assert asked["known"] is True
        assert asked["has_safe_answer"] is True
        assert asked["safe_answer"]["summary"] == "Append"
        assert asked["default_is_harmful"] is False
        assert asked["rule"] == {"question": SERIAL, "answer": "Append"}
        assert asked["meaning"]
        assert asked["since"]
        assert {**answered, "type": "asked", "task": None} == {**asked, "task": None}

    listen(options(server, connection_events=True), check)
    assert server.world.errors == []


def test_it_only_reads(server: Server) -> None:
    async def check(listener: Listener) -> None:
        ask(server, "web01")
        await listener.next("asked")
        answer(server, "web01")
        await listener.next("answered")

    listen(options(server, query="[?name=='web01']"), check)

    assert set(server.world.calls.methods()) <= READS
    assert server.world.sessions.alive() == []


def test_questions_that_are_pending_come_first_and_once(server: Server) -> None:
    ask(server, "web01")
    ask(server, "web02", "msg.uuid.altered")

    async def check(listener: Listener) -> None:
        await listener.next("asked")
        await listener.next("asked")
        assert await listener.rest() == []

    events = listen(options(server), check)

    assert {event["vm"]["name"] for event in events} == {"web01", "web02"}
    assert all(event["replayed"] for event in events)


@pytest.mark.parametrize("how", ["restart", "expired", "dropped", "collector"])
def test_what_was_told_is_not_told_again_after_a_gap(server: Server, how: str) -> None:
    spoilt = {"dropped": "drop-before", "collector": "fault InvalidCollectorVersion"}

    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected")
        ask(server, "web01", task=None)
        ask(server, "web02", task=None)
        await listener.next("asked")
        await listener.next("asked")
        if how in spoilt:
            server.world.faults.add(
                FaultRule(method="WaitForUpdatesEx", action=spoilt[how], count=3 if how == "dropped" else 1)
            )
        elif how == "restart":
            server.world.restart(0.5, keep_tasks=True)
        else:
            server.world.sessions.clear()
        # It wakes the wait, where nothing else does; then the next one is spoilt.
        answer(server, "web02")
        await listener.next("connection", state="connected")
        ask(server, "db01", task=None)
        await listener.next("asked")

    events = listen(options(server, connection_events=True), check)

    told = [(event["type"], event["vm"]["name"]) for event in events if "vm" in event]
    assert sorted(name for kind, name in told if kind == "asked") == ["db01", "web01", "web02"]
    assert [name for kind, name in told if kind in ("answered", "gone")] == ["web02"]
    assert [event["state"] for event in events if event["type"] == "connection"] == ["connected", "lost", "connected"]


def test_a_question_that_came_up_in_a_gap_is_told(server: Server) -> None:
    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected")
        server.world.restart(1)
        ask(server, "web01", task=None)
        await listener.next("asked")

    listen(options(server, connection_events=True), check)


def test_machines_come_and_go_while_they_are_watched(server: Server) -> None:
    async def check(listener: Listener) -> None:
        ask(server, "web01", task=None)
        await listener.next("asked")
        Control(server.world).delete({"vm": "web01"})
        gone = await listener.next("gone")
        assert gone["vm"]["name"] == "web01"

    listen(options(server), check)


def test_the_next_question_of_a_machine_is_another_one(server: Server) -> None:
    async def check(listener: Listener) -> None:
        for _number in range(3):
            ask(server, "web01", task=None)
            await listener.next("asked")
            answer(server, "web01")
            await listener.next("answered")

    events = listen(options(server), check)

    assert len({event["question"]["id"] for event in events}) == 3


@pytest.mark.parametrize(
    "narrowed", [{"vms": ["web*"]}, {"vms": "web*, app*"}, {"query": "[?starts_with(name, 'web')]"}]
)
def test_only_wanted_machines_are_told_of(server: Server, narrowed: dict[str, Any]) -> None:
    ask(server, "db01")
    ask(server, "web02")

    async def check(listener: Listener) -> None:
        await listener.next("asked")
        assert await listener.rest(0.2) == []

    events = listen(options(server, **narrowed), check)

    assert [event["vm"]["name"] for event in events] == ["web02"]


def test_a_dead_host_keeps_nobody_from_the_others(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    hosts = [{"port": 1}, {"port": server.port}]
    given = {**options(server, connection_events=True), "hosts": [{"hostname": "127.0.0.1", **one} for one in hosts]}

    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected", port=server.port)
        ask(server, "web01")
        await listener.next("asked", port=server.port)
        await listener.rest(1.5)

    with caplog.at_level(logging.WARNING, logger="virt.esx.esx_question"):
        events = listen(given, check)

    # Tried more than once, and said once.
    assert [event["port"] for event in events if event.get("state") == "lost"] == [1]
    assert len(caplog.records) == 1


def test_a_refused_login_is_the_end(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        await asyncio.wait_for(load()["main"](asyncio.Queue(), options(server, password="not it")), 20)

    with pytest.raises(Exception, match="refuses the login"):
        asyncio.run(run())

    assert len(server.world.calls.of("Login")) == 1
    assert "not it" not in caplog.text


def test_it_ends_at_once_and_logs_out(server: Server) -> None:
    took: list[float] = []

    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected")
        await asyncio.sleep(0.3)
        assert len(server.world.sessions.alive()) == 1
        start = time.monotonic()
        await listener.end()
        took.append(time.monotonic() - start)

    listen(options(server, connection_events=True), check)

    assert took[0] < 2
    assert server.world.sessions.alive() == []
    for thread in [thread for thread in threading.enumerate() if thread.name == "esx_question"]:
        thread.join(1)
        assert not thread.is_alive()


def test_it_ends_at_once_where_the_host_is_mute(server: Server) -> None:
    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected")
        server.world.faults.add(FaultRule(method="*", action="latency", seconds=6, count=None))
        ask(server, "web01")
        await asyncio.sleep(0.5)
        start = time.monotonic()
        await listener.end()
        took = time.monotonic() - start
        server.world.faults.clear()
        assert took < 4

    listen(options(server, connection_events=True), check)


def test_the_heart_beats_and_says_what_is_pending(server: Server) -> None:
    ask(server, "web01")

    async def check(listener: Listener) -> None:
        await listener.next("asked")
        beat = await listener.next("heartbeat")
        assert (beat["connected"], beat["pending"], beat["port"]) == (True, 1, server.port)

    listen(options(server, heartbeat=1), check)


def test_no_secret_is_in_an_event_or_in_a_log(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    async def check(listener: Listener) -> None:
        await listener.next("connection", state="connected")
        ask(server, "web01")
        await listener.next("asked")
        server.world.restart(0.2)
        await listener.next("connection", state="lost")
        await listener.next("connection", state="connected")

    with caplog.at_level(logging.DEBUG):
        events = listen(options(server, connection_events=True, heartbeat=1), check)

    said = json.dumps(events) + caplog.text
    assert server.world.password not in said
    assert all(session.cookie not in said for session in server.world.sessions.alive())


def test_an_event_has_the_form_that_the_guide_shows(server: Server) -> None:
    async def check(listener: Listener) -> None:
        ask(server, "web01")
        await listener.next("asked")
        await listener.next("heartbeat")

    events = listen(options(server, connection_events=True, heartbeat=1), check)

    found = {event["type"]: event for event in events}
    guide = {event["type"]: event for event in shown("events", "type")}
    assert found.keys() == guide.keys() == {"asked", "connection", "heartbeat"}
    for kind, event in found.items():
        assert event.keys() == guide[kind].keys()
        assert all(event[key].keys() == value.keys() for key, value in guide[kind].items() if isinstance(value, dict))


def test_the_loop_is_never_blocked(server: Server) -> None:
    gaps: list[float] = []

    async def check(listener: Listener) -> None:
        server.world.faults.add(FaultRule(method="RetrievePropertiesEx", action="latency", seconds=2, count=1))
        ask(server, "web01")
        coming = asyncio.ensure_future(listener.next("asked"))
        while not coming.done():
            before = time.monotonic()
            await asyncio.sleep(0.01)
            gaps.append(time.monotonic() - before)

    listen(options(server), check)

    assert max(gaps) < 1.5
