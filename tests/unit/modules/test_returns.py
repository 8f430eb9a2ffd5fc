# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules return is what their documentation says."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.modules import (
    esx_datastore_info,
    esx_firewall,
    esx_host_info,
    esx_interface_info,
    esx_network,
    esx_network_info,
    esx_question,
    esx_question_info,
    esx_vm_clone,
    esx_vm_define,
    esx_vm_info,
    esx_vm_power,
    esx_vm_snapshot,
    esx_vm_snapshot_info,
    esx_volume,
    esx_volume_download,
    esx_volume_info,
    esx_volume_upload,
)
from ansible_collections.virt.esx.tests.support.documented import differences
from ansible_collections.virt.esx.tests.support.worlds import run, world_of

BLOCKED = {"name": "web01", "questions": [{"question": "msg.serial.file.open", "during": "now", "task": "power-on"}]}
PLAIN = {"name": "web02", "power_state": "powered-on", "ip_addresses": ["192.0.2.10"], "nics": [{}]}
CALLS: list[tuple[ModuleType, dict[str, Any]]] = [
    (esx_vm_power, {"name": "web01", "state": "powered-on"}),
    (esx_vm_power, {"name": "web01", "state": "powered-on", "auto_answer": "true"}),
    (esx_vm_power, {"query": "[]", "state": "powered-off"}),
    (esx_question, {"name": "web01"}),
    (esx_question, {"auto_answer": "safe"}),
    (esx_question_info, {}),
    (esx_vm_info, {}),
    (esx_vm_info, {"name": "web02"}),
    (esx_vm_define, {"name": "web02", "definition": {"annotation": "changed"}}),
    (esx_vm_define, {"name": "web02", "definition": {"memory_mib": 4096}}),
    (esx_vm_define, {"name": "new01", "definition": {"memory_mib": 512}}),
    (esx_vm_define, {"name": "web01", "state": "absent"}),
    (esx_vm_define, {"name": "nobody", "state": "absent"}),
    (esx_vm_snapshot, {"name": "web02", "snapshot": "base"}),
    (esx_vm_snapshot, {"name": "web02", "snapshot": "no/where"}),
    (esx_vm_snapshot, {"name": "web02", "snapshot": "nobody", "state": "reverted"}),
    (esx_vm_snapshot, {"name": "web01", "snapshot": "base"}),
    (esx_vm_snapshot, {"query": "[]", "snapshot": "base", "auto_answer": "true"}),
    (esx_vm_snapshot_info, {"with_snapshot_xml": True}),
    (esx_vm_snapshot_info, {"name": "web02"}),
    (esx_datastore_info, {}),
    (esx_datastore_info, {"name": "datastore1"}),
    (esx_datastore_info, {"names": ["nowhere"]}),
    (esx_volume, {"path": "[datastore1] new/a.vmdk", "capacity_kib": 1024}),
    (esx_volume, {"path": "[datastore1] nobody", "state": "absent"}),
    (esx_volume_download, {"src": "[datastore1] web02/web02.vmx", "dest": "/nowhere/web02.vmx"}),
    (esx_volume_upload, {"src": __file__, "dest": "[datastore1] new/a.txt", "compare": "content"}),
    (esx_volume_info, {}),
    (esx_volume_info, {"path": "[datastore1] web02/web02.vmx", "with_users": True, "with_uuid": True}),
    (esx_host_info, {}),
    (esx_host_info, {"with_devices": True, "with_services": True, "with_capabilities": True}),
    (esx_firewall, {}),
    (esx_firewall, {"rulesets": [{"name": "sshClient", "enabled": True}]}),
    (esx_firewall, {"rulesets": [{"name": "nowhere"}]}),
    (esx_interface_info, {}),
    (esx_interface_info, {"name": "vmk0", "with_interface_xml": True}),
    (esx_interface_info, {"names": ["nowhere"]}),
    (esx_network, {"name": "vSwitch1", "port_groups": [{"name": "web", "vlan_id": 7}]}),
    (esx_network, {"name": "vSwitch0", "state": "absent"}),
    (esx_network_info, {"with_users": True, "with_network_xml": True}),
    (esx_network_info, {"name": "vSwitch0"}),
    (esx_network_info, {"uuid": "0"}),
    (esx_vm_clone, {"source": "web02", "name": "web03"}),
    (esx_vm_clone, {"source": "web01", "names": ["web03", "web02"]}),
]


@pytest.mark.parametrize(("module", "given"), CALLS)
def test_a_result_is_as_documented(module: ModuleType, given: dict[str, Any]) -> None:
    outcome = run(module, world_of(BLOCKED, PLAIN), **given)

    failure = {"msg": str(outcome.error), "failure": outcome.error.failure()} if outcome.error else {}
    assert differences(module.__name__.rpartition(".")[2], {**outcome.result, **failure}) == []
