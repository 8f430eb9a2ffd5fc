# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which host, who logs in, whom to trust."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible looks for a class of this name."""

    DOCUMENTATION = r"""
options:
  hostname:
    description:
      - The ESXi host or the vCenter, by name or address.
      - If it is left out, the environment variable E(VMWARE_HOST) is used.
        Without that O(uri) must name the host, or the task fails.
    type: str
  port:
    description:
      - The port of the vSphere API.
      - If it is left out, the environment variable E(VMWARE_PORT) is used, then the usual port of O(uri), then 443.
    type: int
  username:
    description:
      - Who logs in, for example V(root) on a host or V(administrator@vsphere.local) on a vCenter.
      - If it is left out, the environment variable E(VMWARE_USER) is used.
        Without that the task fails; with O(uri) it is V(root), and V(administrator) with a V(vpx://) one.
    type: str
  password:
    description:
      - The password that goes with O(username).
      - Keep it in the environment, in a credential or in a vault.
        It is in no result, no message and no log of this module.
      - If it is left out, the environment variable E(VMWARE_PASSWORD) is used.
        Without that the task fails.
    type: str
  validate_certs:
    description:
      - Whether the certificate of the host must be one that is trusted, and issued for O(hostname).
      - With V(false) anybody who answers is trusted with the password, unless O(thumbprint) pins the certificate.
        For a laboratory only.
      - If it is left out, the environment variable E(VMWARE_VALIDATE_CERTS) is used.
        Without that the certificate is verified.
    type: bool
    default: true
  ca_path:
    description:
      - A file with the certificates, in PEM form, of the authorities that are trusted.
        It may be the host's own, self-signed certificate.
      - It is of no use with O(validate_certs=false) or with O(thumbprint).
      - If it is left out, the authorities of the system where the module runs are trusted.
    type: path
  thumbprint:
    description:
      - The SHA-256 fingerprint of the host's certificate, 64 hexadecimal digits with or without colons.
      - That certificate is trusted and no other, self-signed, expired or issued for another name as it may be.
        Nothing is sent to a host that has another.
      - If it is left out, O(validate_certs) and O(ca_path) decide.
    type: str
  proxy_host:
    description:
      - An HTTP proxy, by name or address, through which the host is reached.
      - If it is left out, the environment variable E(VMWARE_PROXY_HOST) is used.
        Without that the host is reached directly.
    type: str
  proxy_port:
    description:
      - The port of O(proxy_host).
      - If it is left out, the environment variable E(VMWARE_PROXY_PORT) is used, then 1080, as libvirt does.
    type: int
  connect_timeout:
    description:
      - The seconds that the host may take to accept the connection.
      - If it is left out, it has ten seconds.
    type: int
    default: 10
  datacenter:
    description:
      - Under a vCenter, the name of the datacenter that is meant. Virtual machines elsewhere are not seen.
      - If it is left out, all datacenters are meant.
    type: str
  esxi_hostname:
    description:
      - Under a vCenter, the name of the ESXi host that is meant. Virtual machines on other hosts are not seen.
      - If it is left out, all hosts are meant.
    type: str
  persist_session:
    description:
      - Whether the session is kept for the tasks that follow and for those that run beside this one,
        so that a play logs in once and not once per task.
      - There is one for each host, port, proxy, user and kind of trust, in a file that only the user whom the module
        runs as can read, below C(XDG_RUNTIME_DIR) or in C(~/.cache/virt.esx).
        While it is there it is as good as the password.
      - A session that the host has ended is replaced by a new login.
        A file that cannot be trusted, or not be written, is a warning, and the task logs in and out by itself.
      - M(virt.esx.esx_session) ends it. Without that it lasts until the host finds it idle for too long.
      - If it is left out, every task logs in and out.
    type: bool
    default: false
  uri:
    description:
      - A connection URI of libvirt, for example V(esx://root@esx1.example.com/?no_verify=1)
        or V(vpx://admin@vcenter.example.com/datacenter/cluster/esx1.example.com).
      - What it says counts, and what it leaves out comes from the other options and their environment variables.
      - Its C(auto_answer=1) has the effect of O(ignore:auto_answer=true), but does not weaken V(safe).
      - It may not hold a password, and of proxies only those of type V(http) are supported.
      - If it is left out, the other options say everything.
    type: str
"""

    # Added to the above for plugins that are no modules: Ansible itself reads their environment variables.
    PLUGIN = r"""
options:
  hostname:
    env:
      - name: VMWARE_HOST
  port:
    env:
      - name: VMWARE_PORT
  username:
    env:
      - name: VMWARE_USER
  password:
    env:
      - name: VMWARE_PASSWORD
  validate_certs:
    env:
      - name: VMWARE_VALIDATE_CERTS
  proxy_host:
    env:
      - name: VMWARE_PROXY_HOST
  proxy_port:
    env:
      - name: VMWARE_PROXY_PORT
"""
