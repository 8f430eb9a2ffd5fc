# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
What an inventory of many virtual machines costs: ``./dev benchmark inventory``.

Ansible's inventory with the plugin, as a play begins with it, beside a script written by hand that reads the same
properties in one bulk read and prints them: promised is at most its time. ``ansible-inventory --list`` goes on from
there, asks for the variables of each host and prints them all, which is Ansible's own work; it stands beside the same
program on as many hosts, with about as many variables, that nobody has to ask a machine for.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from typing import Any

from .contestants import Place
from .measuring import Command
from .scale import READ, Ways, grown

SIZES = (1000, 2000, 5000)
SOURCE = "plugin: virt.esx.esx_vms\n"
# What ansible-playbook does before it begins with the plays.
PLAY = """
import sys
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader()
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
found = len(InventoryManager(DataLoader(), [sys.argv[1]]).hosts)
sys.exit(found != int(sys.argv[2]))
"""
# As many values, as deep, as the facts of a machine have.
VARIABLES: dict[str, Any] = {
    "esx_vm": {f"fact_{number}": "value" for number in range(14)}
    | {group: {f"fact_{number}": "value" for number in range(8)} for group in ("hardware", "guest")}
}


def inventory(size: int) -> Ways:
    """Make an inventory of all machines, read them by hand, list them, and list as many that are ready."""
    return {
        "inventory": lambda place: place.python("-c", PLAY, str(place.text("hosts.esx_vms.yml", SOURCE)), str(size)),
        "by hand": lambda place: place.script("facts", *READ),
        "inventory, --list": lambda place: listing(place, "hosts.esx_vms.yml", SOURCE),
        "ready, --list": lambda place: listing(place, "hosts.json", ready(size)),
    }


def listing(place: Place, name: str, text: str) -> Command:
    """Run ansible-inventory on a source."""
    path = place.text(name, text)
    return place.python("-m", "ansible", "inventory", "--inventory", str(path), "--list")


def ready(size: int) -> str:
    """Return a source of Ansible's own with as many hosts."""
    return json.dumps({"all": {"hosts": {f"vm-{number:05}": VARIABLES for number in range(1, size + 1)}}})


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./dev benchmark inventory", description="What an inventory costs.")
    parser.add_argument("--runs", type=int, default=3, help="how often each is done, default 3")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="leave out what is larger")
    options = parser.parse_args(given)
    sizes = [size for size in SIZES if size <= options.most]
    for line in grown(sizes, inventory, options.runs, power_state="powered-on"):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
