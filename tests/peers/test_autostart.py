# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virsh, govc and our module say the same about which virtual machines start with one simulated host."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.virt.esx.tests.esxsim.http import Server
from ansible_collections.virt.esx.tests.support.clients import Govc, Virsh, variables
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

Record = Callable[[str, object], None]
AUTOSTART = "virt.esx.esx_vm_autostart"
SCENARIO: dict[str, Any] = {"vms": [{"name": "web01"}, {"name": "web02"}, {"name": "web03"}]}


def ours(server: Server, folder: pathlib.Path, *given: dict[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Run our module once for each dict of options."""
    return run_tasks([{AUTOSTART: one} for one in given], folder, variables=variables(server)).results


def listed(virsh: Virsh) -> set[str]:
    """Return what virsh says starts with the host."""
    done = virsh("list", "--all", "--autostart", "--name")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def shown(govc: Govc) -> dict[str, list[str]]:
    """Return what govc says of each machine: start action, delay and order, stop action."""
    done = govc("host.autostart.info")
    assert done.returncode == 0, done.stderr
    rows = [re.split(r"\s{2,}", line.strip()) for line in done.stdout.splitlines()[1:]]
    return {row[0].rpartition("/")[2]: row[1:] for row in rows}


def test_what_virsh_switches_on_and_off_we_find_as_wished(
    virsh: Virsh, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "autostart, autostart --disable, list --autostart")
    assert virsh("autostart", "web01").returncode == 0
    [found] = ours(virsh.server, tmp_path, {"name": "web01"})
    assert (found["changed"], found["vm"]["autostart"]["enabled"]) == (False, True)

    assert virsh("autostart", "web01", "--disable").returncode == 0
    [gone] = ours(virsh.server, tmp_path, {"name": "web01", "state": "absent"})
    assert (gone["changed"], listed(virsh)) == (False, set())
    assert virsh.server.world.errors == []


def test_what_we_switch_on_and_off_virsh_lists(virsh: Virsh, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "list --autostart, dominfo of what ours has set")
    [done] = ours(virsh.server, tmp_path, {"names": ["web01", "web02"], "start_order": 1})
    assert (done["changed"], listed(virsh)) == (True, {"web01", "web02"})

    ours(virsh.server, tmp_path, {"name": "web01", "state": "absent"})
    assert listed(virsh) == {"web02"}
    assert re.search(r"Autostart: +enable", virsh("dominfo", "web02").stdout)


def test_both_refuse_to_switch_on_what_nobody_asked_for(
    virsh: Virsh, tmp_path: pathlib.Path, record_property: Record
) -> None:
    record_property("command", "autostart beside another machine's entry (refused)")
    off = {"manage_defaults": True, "defaults": {"enabled": False}}
    ours(virsh.server, tmp_path, {"name": "web01"}, off)

    theirs = virsh("autostart", "web02")
    [refused] = ours(virsh.server, tmp_path, {"name": "web02"})

    assert theirs.returncode != 0
    assert "without affecting other domains" in theirs.stderr
    assert refused["failure"]["kind"] == "plan"
    assert listed(virsh) == set()


def test_govc_and_ours_agree_on_order_and_delays(govc: Govc, tmp_path: pathlib.Path, record_property: Record) -> None:
    record_property("command", "host.autostart.add, configure, info, remove")
    assert govc("host.autostart.configure", "-enabled=true", "-start-delay=33").returncode == 0
    assert govc("host.autostart.add", "-start-order=1", "-start-delay=5", "-wait=yes", "web01").returncode == 0
    same = {"name": "web01", "start_order": 1, "start_delay": 5, "wait_for_heartbeat": "yes"}
    found, second = ours(govc.server, tmp_path, same, {"name": "web02", "start_order": 1, "stop_action": "suspend"})

    assert (found["changed"], found["hosts"][0]["defaults"]["start_delay"]) == (False, 33)
    assert [one["name"] for one in second["hosts"][0]["moved"]] == ["web01"]
    rows = shown(govc)
    assert {name: row[:4] for name, row in rows.items()} == {
        "web01": ["powerOn", "5", "2", "systemDefault"],
        "web02": ["powerOn", "-1", "1", "suspend"],
    }

    assert govc("host.autostart.remove", "web01", "web02").returncode == 0
    [gone] = ours(govc.server, tmp_path, {"names": ["web01", "web02"], "state": "absent"})
    assert (gone["changed"], shown(govc)) == (False, {})
    assert govc.server.world.errors == []
