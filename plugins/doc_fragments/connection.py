# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of the connection; the spec beside it is CONNECTION."""

from __future__ import annotations


class ModuleDocFragment:
    """How to reach a host and log in."""

    DOCUMENTATION = r"""
options:
  hostname:
    description:
      - Name or address of the ESXi host or the vCenter.
      - If it is left out, the environment variable E(VMWARE_HOST) is used, and without that the host of O(uri).
    type: str
  port:
    description:
      - Port of the vSphere API.
      - If it is left out, the environment variable E(VMWARE_PORT) is used, and without that 443.
    type: int
  username:
    description:
      - Who logs in.
      - If it is left out, the environment variable E(VMWARE_USER) is used, and without that the user of O(uri).
    type: str
  password:
    description:
      - The password. It never appears in results, logs or messages.
      - If it is left out, the environment variable E(VMWARE_PASSWORD) is used.
    type: str
  validate_certs:
    description:
      - Whether the host's certificate must be valid, issued by a trusted authority and bear the host's name.
      - Do not set it to V(false) outside a laboratory. O(thumbprint) works with self-signed certificates, safely.
      - If it is left out, the environment variable E(VMWARE_VALIDATE_CERTS) is used.
        Without that certificates are verified.
    type: bool
    default: true
  ca_path:
    description:
      - File with the certificates of the authorities that are trusted, in PEM form.
      - If it is left out, the authorities of the system are trusted.
    type: path
  thumbprint:
    description:
      - SHA-256 fingerprint of the host's certificate, with or without colons.
      - The certificate must be exactly this one, whoever issued it; the login is sent only then.
      - If it is left out, the certificate is judged by its issuer and name.
    type: str
  proxy_host:
    description:
      - Name or address of an HTTP proxy to go through.
      - If it is left out, the environment variable E(VMWARE_PROXY_HOST) is used, and without that no proxy.
    type: str
  proxy_port:
    description:
      - Port of the HTTP proxy.
      - If it is left out, the environment variable E(VMWARE_PROXY_PORT) is used, and without that 1080.
    type: int
  connect_timeout:
    description:
      - Seconds after which a host that does not accept the connection is taken to be unreachable.
    type: int
    default: 10
  datacenter:
    description:
      - Under vCenter, the datacenter to look in, by name or inventory path.
      - If it is left out, all datacenters are looked in.
    type: str
  esxi_hostname:
    description:
      - Under vCenter, the ESXi host to look on, by the name it has in vCenter.
      - If it is left out, all hosts are looked on.
    type: str
  uri:
    description:
      - A connection URI in the form that libvirt's ESX driver reads, such as V(esx://root@esx01.example.com/?no_verify=1)
        or V(vpx://admin@vcenter.example.com/dc1/cluster1/esx01.example.com).
      - An option that is given beside it wins. A password has no place in it.
      - If it is left out, the other options say it all.
    type: str
requirements:
  - pyVmomi >= 8.0.3.0.1
notes:
  - The environment variables are those that AWX sets for its credential of type VMware vCenter.
"""
