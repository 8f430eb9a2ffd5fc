#!/usr/bin/python

# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Set up iSCSI on a host, and see what is there."""

from __future__ import annotations

DOCUMENTATION = r"""
module: esx_iscsi
short_description: Set up iSCSI on a host, and see what is there
version_added: 0.1.0
author: virt.esx maintainers (@virt-esx)
description:
  - Switches the software iSCSI adapter of a host on and off, names it, and says which targets it knows and how the two
    sides prove who they are, with CHAP in one direction or in both.
  - Looks for disks when something has been changed, and returns targets and disks as they are then, also as libvirt's
    ESX driver has them, as storage pools and volumes.
  - With nothing to change it only reads, in one round trip on ESXi.
  - What a datastore lies on is not taken away, unless O(force=true).
extends_documentation_fragment:
  - virt.esx.attributes
  - virt.esx.connection
options:
  enabled:
    description:
      - Whether the software adapter is on. A host may show it until it restarts after it was switched off.
      - If it is left out, it is neither switched on nor off.
    type: bool
  adapter:
    description:
      - The device of the adapter that is meant, such as V(vmhba64). It may be a hardware adapter.
      - If it is left out, the software adapter is meant.
    type: str
  name:
    description:
      - The name by which targets know the adapter, such as V(iqn.1998-01.com.vmware:esx01).
        Names that begin with V(eui.) and V(naa.) are read too.
      - If it is left out, it is not changed.
    type: str
  alias:
    description:
      - What people call the adapter. An empty string takes the alias away.
      - If it is left out, it is not changed.
    type: str
  chap:
    description:
      - How the adapter proves to targets who it is, where a target has nothing of its own.
      - If it is left out, it is not changed.
    type: dict
    suboptions:
      level:
        description:
          - Whether it does. V(prohibited) never, V(discouraged) only if the target insists, V(preferred) unless
            the target cannot, V(required) always.
          - If it is left out, it is V(required).
        type: str
        default: required
        choices: [prohibited, discouraged, preferred, required]
      name:
        description:
          - The name that goes with the secret.
          - It must be there unless O(chap.level) is V(prohibited), for then it must be left out.
        type: str
      secret:
        description:
          - The secret, from 12 to 255 printable ASCII characters. It is never returned or shown.
          - If it is left out, CHAP must be set up as wished already, for a host tells no secret to be sent again.
        type: str
  mutual_chap:
    description:
      - How targets prove to the adapter who they are, where a target has nothing of its own.
        It needs O(chap.level=required) and another secret than that of O(chap).
      - If it is left out, it is not changed.
    type: dict
    suboptions:
      level:
        description:
          - Whether they must, V(required) or V(prohibited).
          - If it is left out, it is V(required).
        type: str
        default: required
        choices: [prohibited, required]
      name:
        description:
          - The name that goes with the secret.
          - It must be there unless O(mutual_chap.level) is V(prohibited), for then it must be left out.
        type: str
      secret:
        description:
          - The secret of the targets, as with O(chap.secret).
          - If it is left out, CHAP must be set up as wished already.
        type: str
  send_targets:
    description:
      - Addresses at which the adapter asks which targets there are (dynamic discovery).
      - If it is left out, none is added or removed.
    type: list
    elements: dict
    suboptions:
      address:
        description:
          - IP address or host name.
        type: str
        required: true
      port:
        description:
          - The port.
          - If it is left out, it is V(3260).
        type: int
        default: 3260
      chap:
        description:
          - As O(chap), for what is found there. With V(inherited) as O(send_targets[].chap.level) it is the adapter's.
          - If it is left out, it is not changed, and for what is new it is the adapter's.
        type: dict
        suboptions: &own_chap
          level:
            description:
              - As O(chap.level), or V(inherited).
              - If it is left out, it is V(required).
            type: str
            default: required
            choices: [prohibited, discouraged, preferred, required, inherited]
          name:
            description:
              - As O(chap.name).
              - It must be left out if the level is V(prohibited) or V(inherited).
            type: str
          secret:
            description:
              - As O(chap.secret).
              - If it is left out, CHAP must be set up as wished already.
            type: str
      mutual_chap:
        description:
          - As O(mutual_chap), for what is found there.
          - If it is left out, it is not changed, and for what is new it is the adapter's.
        type: dict
        suboptions: &own_mutual_chap
          level:
            description:
              - As O(mutual_chap.level), or V(inherited).
              - If it is left out, it is V(required).
            type: str
            default: required
            choices: [prohibited, required, inherited]
          name:
            description:
              - As O(mutual_chap.name).
              - It must be left out if the level is V(prohibited) or V(inherited).
            type: str
          secret:
            description:
              - As O(mutual_chap.secret).
              - If it is left out, CHAP must be set up as wished already.
            type: str
  static_targets:
    description:
      - Targets that the adapter knows without asking.
      - One that was found through a send target counts as known. It is not removed, for it would come back.
      - If it is left out, none is added or removed.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The iSCSI name of the target, such as V(iqn.2026-01.com.example:storage).
        type: str
        required: true
      address:
        description:
          - IP address or host name.
        type: str
        required: true
      port:
        description:
          - The port.
          - If it is left out, it is V(3260).
        type: int
        default: 3260
      chap:
        description:
          - As O(chap), for this target.
          - If it is left out, it is not changed, and for a new target it is the adapter's.
        type: dict
        suboptions: *own_chap
      mutual_chap:
        description:
          - As O(mutual_chap), for this target.
          - If it is left out, it is not changed, and for a new target it is the adapter's.
        type: dict
        suboptions: *own_mutual_chap
  bound_nics:
    description:
      - The VMkernel adapters, such as V(vmk1), that the adapter is bound to.
      - If it is left out, none is bound or let go of, and RV(adapter.bound_nics) is null.
    type: list
    elements: str
  state:
    description:
      - V(present) lets the adapter know the targets of O(send_targets) and O(static_targets), and binds it to
        O(bound_nics). V(absent) lets it forget them and let go of them.
      - If it is left out, they are made V(present).
    type: str
    default: present
    choices: [present, absent]
  purge:
    description:
      - Whether O(send_targets), O(static_targets) and O(bound_nics) are all that there shall be. Others are removed, of
        the kinds that are given; an empty list removes all of its kind. What was found through a send target is left
        alone.
      - If it is left out, others are left alone.
    type: bool
    default: false
  update_secret:
    description:
      - When secrets are sent. A host does not tell whether it has the same.
      - V(on_create) sends them with a new target, and where level or name of CHAP is changed.
      - V(always) sends them every time, which is then a change every time.
      - If it is left out, it is V(on_create).
    type: str
    default: on_create
    choices: [on_create, always]
  rescan:
    description:
      - When the adapter looks for targets and disks, V(changed) if something has been changed that could matter,
        V(always) or V(never). Looking alone is no change.
      - If it is left out, it is V(changed).
    type: str
    default: changed
    choices: [changed, always, never]
  rescan_vmfs:
    description:
      - Whether the host then also looks for VMFS datastores on the disks.
      - If it is left out, it does.
    type: bool
    default: true
  force:
    description:
      - Whether targets are removed, and the adapter is switched off, though a mounted VMFS datastore lies on a disk
        that cannot be reached otherwise, and VMkernel adapters are let go of though paths through them are in use.
        Raw device mappings of virtual machines are not looked for.
      - If it is left out, that is refused, and the datastores are named.
    type: bool
    default: false
notes:
  - Under a vCenter O(esxi_hostname) says which host is meant. It may be left out where there is only one.
  - A host does not say that a target has refused its CHAP. RV(targets[].connected) is V(false) then.
seealso:
  - module: virt.esx.esx_datastore_info
"""

EXAMPLES = r"""
- name: Switch software iSCSI on and ask an array which targets it has
  virt.esx.esx_iscsi:
    hostname: esx01.example.com
    username: root
    password: "{{ esx_password }}"
    enabled: true
    send_targets:
      - address: 192.0.2.20

- name: Know these two targets and no other static one, the second with CHAP in both directions
  virt.esx.esx_iscsi:
    static_targets:
      - name: iqn.2026-01.com.example:storage1
        address: 192.0.2.21
      - name: iqn.2026-01.com.example:storage2
        address: 192.0.2.22
        chap:
          name: esx01
          secret: "{{ chap_secret }}"
        mutual_chap:
          name: storage2
          secret: "{{ storage2_secret }}"
    purge: true

- name: See which disks there are
  virt.esx.esx_iscsi:
    rescan: always
  register: iscsi

- name: Stop if a target did not let us in
  ansible.builtin.assert:
    that: iscsi.targets | rejectattr('connected') | length == 0

- name: Give the adapter a new secret
  virt.esx.esx_iscsi:
    chap:
      level: preferred
      name: esx01
      secret: "{{ new_chap_secret }}"
    update_secret: always

- name: Go through these two VMkernel adapters and no other
  virt.esx.esx_iscsi:
    bound_nics: [vmk1, vmk2]
    purge: true

- name: Forget an array, unless a datastore lies on it
  virt.esx.esx_iscsi:
    send_targets:
      - address: 192.0.2.20
    state: absent
"""

RETURN = r"""
host:
  description: The host.
  returned: success, and when a change failed
  type: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: esx01.example.com
    moid:
      description: Its managed object id.
      type: str
      sample: ha-host
enabled:
  description: Whether the software adapter is on; in check mode, whether it would be.
  returned: success, and when a change failed
  type: bool
  sample: true
adapters:
  description: The devices of all iSCSI adapters of the host.
  returned: success, and when a change failed
  type: list
  elements: str
  sample: [vmhba64]
adapter:
  description: >-
    The adapter that is meant, as it is set up now; in check mode, as it would be. It is null if there is none.
    What only the host can say of an adapter that is not there yet, is null in check mode.
  returned: success, and when a change failed
  type: dict
  contains:
    device:
      description: Its device.
      type: str
      sample: vmhba64
    model:
      description: What it is.
      type: str
      sample: iSCSI Software Adapter
    driver:
      description: Its driver.
      type: str
      sample: iscsi_vmk
    status:
      description: Its status in the words of the API.
      type: str
      sample: online
    software:
      description: Whether it is the software adapter.
      type: bool
      sample: true
    name:
      description: The name by which targets know it.
      type: str
      sample: iqn.1998-01.com.vmware:esx01
    alias:
      description: What people call it.
      type: str
      sample: ""
    chap: &chap
      description: How the host proves who it is; no secret is ever returned.
      type: dict
      contains:
        level:
          description: V(prohibited), V(discouraged), V(preferred) or V(required), of a target V(inherited) too.
          type: str
          sample: required
        name:
          description: The name, null where nothing is proved.
          type: str
          sample: esx01
    mutual_chap: &mutual_chap
      description: How targets prove who they are.
      type: dict
      contains:
        level:
          description: V(prohibited) or V(required), of a target V(inherited) too.
          type: str
          sample: prohibited
        name:
          description: The name, null where nothing is proved.
          type: str
          sample: null
    send_targets:
      description: Where it asks which targets there are.
      type: list
      elements: dict
      contains:
        address:
          description: The address.
          type: str
          sample: 192.0.2.20
        port:
          description: The port.
          type: int
          sample: 3260
        chap: *chap
        mutual_chap: *mutual_chap
    static_targets:
      description: The targets that it knows without asking.
      type: list
      elements: dict
      contains:
        name:
          description: The iSCSI name.
          type: str
          sample: iqn.2026-01.com.example:storage1
        address:
          description: The address.
          type: str
          sample: 192.0.2.21
        port:
          description: The port.
          type: int
          sample: 3260
        chap: *chap
        mutual_chap: *mutual_chap
    bound_nics:
      description: The VMkernel adapters that it is bound to, null unless O(bound_nics) is given.
      type: list
      elements: str
      sample: [vmk1]
targets:
  description: All targets that the adapter knows now, also in check mode, with those that send targets told of.
  returned: success, and when a change failed
  type: list
  elements: dict
  contains:
    name:
      description: The iSCSI name.
      type: str
      sample: iqn.2026-01.com.example:storage1
    address:
      description: The address.
      type: str
      sample: 192.0.2.20
    port:
      description: The port.
      type: int
      sample: 3260
    found_through:
      description: The send target that told of it, null for a static one.
      type: str
      sample: 192.0.2.20:3260
    connected:
      description: Whether disks can be reached through it.
      type: bool
      sample: true
    luns:
      description: How many.
      type: int
      sample: 2
    chap: *chap
    mutual_chap: *mutual_chap
    pool:
      description: What libvirt's ESX driver says of it as a storage pool.
      type: dict
      contains:
        name:
          description: The name of the pool. libvirt lists it once for each portal of a target.
          type: str
          sample: iqn.2026-01.com.example:storage1
        uuid:
          description: Its UUID, made of the name.
          type: str
          sample: 42e3e0a0-9181-b827-e721-35caa877f11a
        state:
          description: Its state. libvirt always says V(running).
          type: str
          sample: running
        type:
          description: Its type.
          type: str
          sample: iscsi
        source_host:
          description: The address. libvirt shows that of the first portal.
          type: str
          sample: 192.0.2.20
        source_port:
          description: The port.
          type: int
          sample: 3260
        capacity:
          description: Its size, of which libvirt knows nothing.
          type: int
          sample: 0
        allocation:
          description: What is taken of it, of which libvirt knows nothing.
          type: int
          sample: 0
        available:
          description: What is free of it, of which libvirt knows nothing.
          type: int
          sample: 0
luns:
  description: The disks that can be reached through the adapter now, also in check mode.
  returned: success, and when a change failed
  type: list
  elements: dict
  contains:
    name:
      description: The canonical name.
      type: str
      sample: naa.600508b1001c3a6f
    display_name:
      description: What the host calls it.
      type: str
      sample: EXAMPLE iSCSI Disk (naa.600508b1001c3a6f)
    device_name:
      description: Its name as a device.
      type: str
      sample: /vmfs/devices/disks/naa.600508b1001c3a6f
    device_path:
      description: Its path, null unless it is a disk.
      type: str
      sample: /vmfs/devices/disks/naa.600508b1001c3a6f
    uuid:
      description: What the host calls its UUID, which is none.
      type: str
      sample: 0200000000600508b1001c3a6f564952545541
    lun_type:
      description: What it is, in the words of the API.
      type: str
      sample: disk
    vendor:
      description: Who made it.
      type: str
      sample: EXAMPLE
    model:
      description: Its model.
      type: str
      sample: VIRTUAL-DISK
    revision:
      description: The revision of that.
      type: str
      sample: "1.0"
    capacity_bytes:
      description: Its size, V(0) unless it is a disk.
      type: int
      sample: 107374182400
    block_size_bytes:
      description: The size of a block, null unless it is a disk.
      type: int
      sample: 512
    ssd:
      description: Whether it is flash memory, null where the host does not say.
      type: bool
      sample: false
    state:
      description: Its states in the words of the API.
      type: list
      elements: str
      sample: [ok]
    targets:
      description: The targets that offer it to this adapter.
      type: list
      elements: dict
      contains:
        name:
          description: The iSCSI name.
          type: str
          sample: iqn.2026-01.com.example:storage1
        portals:
          description: Where.
          type: list
          elements: str
          sample: ["192.0.2.20:3260"]
        lun:
          description: Its number there.
          type: int
          sample: 0
    path_policy:
      description: How the host chooses among the paths, null where it does not say.
      type: str
      sample: VMW_PSP_FIXED
    paths:
      description: The paths that lead to it, through other adapters too.
      type: list
      elements: dict
      contains:
        name:
          description: The name of the path.
          type: str
          sample: vmhba64:C0:T0:L0
        state:
          description: Its state in the words of the API, such as V(active), V(standby) or V(dead).
          type: str
          sample: active
        working:
          description: Whether it is the one in use, null where the host does not say.
          type: bool
          sample: true
        target:
          description: The iSCSI name of its target, null where it is none.
          type: str
          sample: iqn.2026-01.com.example:storage1
        portals:
          description: Where that is.
          type: list
          elements: str
          sample: ["192.0.2.20:3260"]
    datastores:
      description: The names of the mounted VMFS datastores that lie on it.
      type: list
      elements: str
      sample: [iscsi01]
    volumes:
      description: What libvirt's ESX driver says of it as a storage volume, once for each target.
      type: list
      elements: dict
      contains:
        pool:
          description: The name of the pool.
          type: str
          sample: iqn.2026-01.com.example:storage1
        name:
          description: The name of the volume.
          type: str
          sample: /vmfs/devices/disks/naa.600508b1001c3a6f
        key:
          description: Its key, the MD5 sum of RV(luns[].uuid) written as a UUID.
          type: str
          sample: c0545b03-e24e-bac7-633e-940c49db90ed
        path:
          description: Its path.
          type: str
          sample: /vmfs/devices/disks/naa.600508b1001c3a6f
        type:
          description: Its type.
          type: str
          sample: block
        format:
          description: Its format.
          type: str
          sample: raw
        capacity:
          description: Its size in bytes.
          type: int
          sample: 107374182400
        allocation:
          description: What it takes, in bytes.
          type: int
          sample: 107374182400
rescanned:
  description: Whether the adapter has looked for targets and disks; it never does in check mode.
  returned: success, and when a change failed
  type: bool
  sample: true
failure:
  description: Why the task failed, for C(rescue) and for programs.
  returned: on failure
  type: dict
  contains:
    kind:
      description: >-
        The kind of failure, such as V(option), V(not_found) where there is no such adapter, V(plan) where a datastore
        would lose its disk, V(fault) or V(restricted_licence).
      type: str
      sample: plan
    in_use:
      description: The disks that are in use, each with C(disk) and C(datastores).
      returned: if they would be lost
      type: list
      elements: dict
      sample: [{disk: naa.600508b1001c3a6f, datastores: [iscsi01]}]
    done:
      description: What was changed before the failure, in words; C(changed) is true if there is any.
      returned: if a request failed
      type: list
      elements: str
      sample: [the software adapter is on]
    option:
      description: The option that cannot be.
      returned: if it is one
      type: str
      sample: static_targets[0].name
    missing:
      description: What is not there.
      returned: if it was named
      type: list
      elements: str
      sample: [vmhba65]
    candidates:
      description: The hosts among which O(esxi_hostname) must choose, each with C(moid) and C(path).
      returned: if there are several
      type: list
      elements: dict
      sample: [{moid: host-12, path: /DC/host/esx01.example.com}]
    fault:
      description: The name of vSphere's fault.
      returned: if the host refused something
      type: str
      sample: HostConfigFault
    method:
      description: The call that it refused.
      returned: if the host refused something
      type: str
      sample: AddInternetScsiStaticTargets
    privilege:
      description: The privilege that the account lacks.
      returned: if it lacks one
      type: str
      sample: Host.Config.Storage
  sample: {kind: plan}
"""

from typing import TYPE_CHECKING, Any

from ..module_utils._argspec import CONNECTION
from ..module_utils._flow.iscsi import INHERITED, LEVELS, MUTUAL_LEVELS, PORT, REQUIRED
from ..module_utils._flow.iscsi_wish import RESCANS, SECRETS, IscsiWish
from ..module_utils._shell import run_module
from ..module_utils._vi.iscsi import IscsiResult, bring_about

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..module_utils._vi.host import Host


def _chap(levels: Sequence[str]) -> dict[str, Any]:
    return {
        "type": "dict",
        "options": {
            "level": {"type": "str", "default": REQUIRED, "choices": list(levels)},
            "name": {"type": "str"},
            "secret": {"type": "str", "no_log": True},
        },
    }


def _targets(**more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "list",
        "elements": "dict",
        "options": {
            **more,
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": PORT},
            "chap": _chap((*LEVELS, INHERITED)),
            "mutual_chap": _chap((*MUTUAL_LEVELS, INHERITED)),
        },
    }


ARGUMENT_SPEC = {
    **CONNECTION,
    "enabled": {"type": "bool"},
    "adapter": {"type": "str"},
    "name": {"type": "str"},
    "alias": {"type": "str"},
    "chap": _chap(LEVELS),
    "mutual_chap": _chap(MUTUAL_LEVELS),
    "send_targets": _targets(),
    "static_targets": _targets(name={"type": "str", "required": True}),
    "bound_nics": {"type": "list", "elements": "str"},
    "state": {"type": "str", "default": "present", "choices": ["present", "absent"]},
    "purge": {"type": "bool", "default": False},
    # When secrets are sent, which is none itself.
    "update_secret": {"type": "str", "default": SECRETS[0], "choices": list(SECRETS), "no_log": False},
    "rescan": {"type": "str", "default": RESCANS[0], "choices": list(RESCANS)},
    "rescan_vmfs": {"type": "bool", "default": True},
    "force": {"type": "bool", "default": False},
}
RULES: Mapping[str, Any] = {}


def run(params: Mapping[str, Any], host: Host, *, check_mode: bool) -> IscsiResult:
    """Set up iSCSI on the host that is meant."""
    wish = IscsiWish.from_params(params)
    return bring_about(
        host.session,
        wish,
        datacenter=params["datacenter"],
        esxi_hostname=params["esxi_hostname"],
        check_mode=check_mode,
    )


def main() -> None:
    """Run the module."""
    run_module(run, ARGUMENT_SPEC, **RULES)


if __name__ == "__main__":
    main()
