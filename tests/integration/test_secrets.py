# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No password is in what Ansible prints, however much it is asked to print."""

from __future__ import annotations

import pathlib

from ansible_collections.virt.esx.tests.esxsim.http import serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.support.playbooks import run_tasks

PASSWORD = "hunter2-Tr0ub4dor"
INFO = "virt.esx.esx_vm_info"


def test_neither_a_success_nor_a_failure_shows_the_password(tmp_path: pathlib.Path) -> None:
    world = load_scenario({"vms": [{"name": "web01"}]}, password=PASSWORD)
    with serve(world) as server:
        place = {"VMWARE_HOST": "127.0.0.1", "VMWARE_PORT": str(server.port), "VMWARE_USER": "root"}
        variables = {**place, "VMWARE_PASSWORD": PASSWORD, "VMWARE_VALIDATE_CERTS": "false"}

        played = run_tasks(
            [
                {INFO: {}},
                {INFO: {"username": "nobody"}},
                {INFO: {"name": "nobody"}},
                {INFO: {"uri": f"esx://root:{PASSWORD}@127.0.0.1/?no_verify=1"}},
            ],
            tmp_path,
            "-vvvv",
            "--diff",
            variables=variables,
        )

    kinds = [result.get("failure", {}).get("kind") for result in played.results]
    assert kinds == [None, "login_refused", "not_found", "option"], played.output
    # The playbook itself is the user's, and ansible-playbook -vvvv does not print its own environment.
    shown = [line for line in played.output.splitlines() if PASSWORD in line]
    assert shown == []
