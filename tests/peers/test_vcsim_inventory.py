# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Our inventory plugin reads govmomi's vcsim, a host and a vCenter that nobody here wrote."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
import yaml
from ansible_collections.virt.esx.tests.support.playbooks import inventory

ESX = ["-esx", "-vm", "3"]
VCENTER = ["-dc", "2", "-vm", "3", "-folder", "1"]


def listed(home: pathlib.Path, place: dict[str, str], **options: Any) -> dict[str, Any]:
    path = home / "lab.esx_vms.yml"
    path.write_text(yaml.safe_dump({"plugin": "virt.esx.esx_vms", **options}), "utf-8")
    done = inventory(path, home, variables=place)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("vcsim", [ESX], indirect=True, ids=["esx"])
def test_the_inventory_of_a_host(vcsim: dict[str, str], tmp_path: pathlib.Path) -> None:
    found = listed(tmp_path, vcsim, keyed_groups=[{"key": "power_state", "prefix": "power"}])

    assert len(found["power_powered_on"]["hosts"]) == 3
    assert all("esx_vm" in host for host in found["_meta"]["hostvars"].values())


@pytest.mark.parametrize("vcsim", [VCENTER], indirect=True, ids=["vcenter"])
def test_the_inventory_of_a_vcenter(vcsim: dict[str, str], tmp_path: pathlib.Path) -> None:
    everything = listed(tmp_path, vcsim)["_meta"]["hostvars"]
    narrowed = listed(tmp_path, vcsim, datacenter="DC1", hostnames=["name ~ '.' ~ esxi_hostname"])["_meta"]["hostvars"]

    paths = {host["esx_vm"]["path"] for host in everything.values()}
    assert len(paths) == len(everything)
    assert {host["esx_vm"]["path"] for host in narrowed.values()} == {
        path for path in paths if path.startswith("/F0/DC1/")
    }
    assert all(name.endswith(f".{host['esx_vm']['esxi_hostname']}") for name, host in narrowed.items())
