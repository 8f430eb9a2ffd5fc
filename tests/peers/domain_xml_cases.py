# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What virsh and we are asked to convert: VMX lines and domains, said alike, said differently, refused by both."""

from __future__ import annotations

from dataclasses import dataclass

# What virsh 9.0 writes for.
HARDWARE = 8
HEAD = 'config.version = "8"\nvirtualHW.version = "{}"\ndisplayName = "peer"\n'
SCSI = 'scsi0.present = "TRUE"\nscsi0.virtualDev = "pvscsi"\nscsi0:0.present = "TRUE"\nscsi0:0.fileName = "a.vmdk"\n'


def _disk(index: str, name: str, *more: str) -> str:
    lines = ['present = "TRUE"', f'fileName = "{name}"', *more]
    return "".join(f"{index}.{line}\n" for line in lines)


def _nic(*lines: str) -> str:
    return "".join(f"ethernet0.{line}\n" for line in ('present = "TRUE"', *lines))


def _serial(*lines: str) -> str:
    return "".join(f"serial2.{line}\n" for line in ('present = "TRUE"', *lines))


# Name -> lines of a VMX that both say in the same words.
SAME: dict[str, str] = {
    "memory": 'memsize = "512"\nsched.mem.max = "400"\nsched.mem.minSize = "256"\n',
    "memory, more than there is": 'memsize = "512"\nsched.mem.max = "unlimited"\nsched.mem.minSize = "1024"\n',
    "processors": (
        'numvcpus = "8"\ncpuid.coresPerSocket = "2"\nsched.cpu.shares = "high"\n'
        'sched.cpu.affinity = "7,6,5,4,3,2,1,0"\n'
    ),
    "shares that are a number": 'numvcpus = "3"\nsched.cpu.shares = "1501"\n',
    "affinity to all": 'numvcpus = "2"\nsched.cpu.affinity = "ALL"\nsched.cpu.shares = "LOW"\n',
    "generation": 'vm.genid = "1424963296993694319"\nvm.genidX = "-5704120239402535687"\n',
    "no generation": 'vm.genid = "0"\nvm.genidX = "0"\n',
    "host's SMBIOS and EFI": 'smbios.reflecthost = "true"\nfirmware = "efi"\n',
    "video memory that is no power of two": 'svga.vramSize = "9437184"\n',
    "VNC without a port": 'RemoteDisplay.vnc.enabled = "TRUE"\nRemoteDisplay.vnc.ip = "127.0.0.1"\n',
    "VNC": (
        'RemoteDisplay.vnc.enabled = "TRUE"\nRemoteDisplay.vnc.port = "9999"\n'
        'RemoteDisplay.vnc.ip = "127.0.0.1"\nRemoteDisplay.vnc.keymap = "de"\n'
    ),
    "VNC that is off": 'RemoteDisplay.vnc.enabled = "FALSE"\nRemoteDisplay.vnc.port = "5901"\n',
    "every bus": (
        SCSI
        + 'scsi0:0.mode = "independent-nonpersistent"\nscsi0:0.writeThrough = "TRUE"\nsata0.present = "TRUE"\n'
        + _disk("sata0:0", "/vmfs/volumes/storage/a.iso", 'deviceType = "cdrom-image"')
        + _disk("ide0:0", "/dev/x", 'deviceType = "atapi-cdrom"')
        + _disk("ide1:0", "b.vmdk", 'writeThrough = "TRUE"')
        + 'floppy0.present = "TRUE"\nfloppy0.fileType = "file"\n'
    ),
    "a wide controller": (
        SCSI + _disk("scsi0:8", "b.vmdk") + _disk("scsi0:16", "c.vmdk") + _disk("scsi0:63", "d.vmdk")
    ),
    "a controller that is not used": SCSI + 'scsi3.present = "TRUE"\nscsi3.virtualDev = "buslogic"\n',
    "a controller before the used one": (
        'scsi0.virtualDev = "buslogic"\nscsi1.present = "TRUE"\nscsi1.virtualDev = "LsiLogic"\n'
        + _disk("scsi1:0", "a.vmdk")
    ),
    "a disk without a controller": _disk("scsi0:0", "a.vmdk"),
    "a disk at unit 7": SCSI + _disk("scsi0:7", "b.vmdk"),
    "an empty CD-ROM drive": _disk("ide0:0", "emptyBackingString"),
    "a CD-ROM drive of the host": _disk("ide0:0", "auto detect", 'deviceType = "atapi-cdrom"', 'autodetect = "TRUE"'),
    "a CD-ROM drive that is passed through": (
        'scsi0.present = "TRUE"\n' + _disk("scsi0:0", "/vmfs/devices/cdrom/a", 'deviceType = "scsi-passthru"')
    ),
    "a raw CD-ROM drive": _disk("ide0:1", "/dev/x", 'deviceType = "cdrom-raw"'),
    "a CD-ROM drive of the client": _disk("ide0:0", "x", 'clientDevice = "TRUE"'),
    "an image on a datastore that is not there": _disk("ide0:0", "/vmfs/volumes/nowhere/x.iso"),
    "an image of the host": _disk("ide0:0", "/usr/lib/vmware/isoimages/linux.iso"),
    "a floppy drive without a device": 'floppy1.present = "TRUE"\nfloppy1.fileType = "device"\nfloppy1.fileName = ""\n',
    "a floppy drive of the client": 'floppy1.present = "TRUE"\nfloppy1.clientDevice = "TRUE"\n',
    "vCenter's address": _nic('networkName = "n"', 'addressType = "vpx"', 'generatedAddress = "00:50:56:9A:00:01"'),
    "vCenter's word, another range": _nic(
        'networkName = "n"', 'addressType = "vpx"', 'generatedAddress = "00:0c:29:9A:00:01"'
    ),
    "an address of nobody": _nic('networkName = "n"', 'generatedAddress = "00:50:56:9A:00:01"'),
    "a static address": _nic('networkName = "n"', 'addressType = "static"', 'address = "00:50:56:11:22:33"'),
    "a check of addresses": _nic('networkName = "n"', 'checkMACAddress = "true"'),
    "vmxnet2": _nic('networkName = "n"', 'virtualDev = "vmxnet"', 'features = "15"'),
    "vmxnet": _nic('networkName = "n"', 'virtualDev = "VMXNET"', 'features = "14"'),
    "NAT": _nic('networkName = "n"', 'connectionType = "NAT"'),
    "a custom network": _nic('networkName = "n"', 'connectionType = "custom"', 'vnet = "v"'),
    "an opaque network": _nic('opaqueNetwork.id = "x"', 'opaqueNetwork.type = "nsx.LogicalSwitch"'),
    "cards with gaps between them": (
        'ethernet1.present = "TRUE"\nethernet1.networkName = "n"\nethernet3.present = "TRUE"\n'
        'ethernet4.networkName = "p"\n'
    ),
    "a connection": _serial('fileType = "network"', 'fileName = "tcp://h:1"'),
    "a connection of a client": _serial(
        'fileType = "network"', 'fileName = "tcp4+ssl://h:1"', 'network.endPoint = "client"'
    ),
    "a connection to IPv6": _serial('fileType = "network"', 'fileName = "tcp6://[::1]:1"'),
    "a connection through a concentrator": _serial(
        'fileType = "network"', 'fileName = "telnet://h:1"', 'vspc = "telnet://x:2"'
    ),
    "a pipe": _serial('fileType = "pipe"', 'fileName = "p"', 'pipe.endPoint = "server"'),
    "a device": _serial('fileName = "/dev/x"'),
    "folders": 'isolation.tools.hgfs.disable = "FALSE"\nsharedFolder.maxNum = "2"\n'
    + "".join(
        f'sharedFolder{index}.present = "TRUE"\nsharedFolder{index}.enabled = "TRUE"\n'
        f'sharedFolder{index}.hostPath = "/h"\n'
        f'sharedFolder{index}.guestName = "g{index}"\nsharedFolder{index}.writeAccess = "{write}"\n'
        for index, write in enumerate(("TRUE", "FALSE", "TRUE"))
    ),
    "folders that are off": 'sharedFolder.maxNum = "1"\nsharedFolder0.present = "TRUE"\n',
    "escapes": 'annotation = "a|22b|7cc|0Ad"\nguestOS = "other-64"\n',
    "keys twice": 'memsize = "64"\nMEMSIZE = "128"\n',
    "other ways to write": 'memsize = \'64\'; numvcpus = "2" # two\n\tguestOS="x-64"\r\n',
}


@dataclass(frozen=True)
class Different:
    """Lines of a VMX, and what virsh and we say of it; a pattern of an error where it fails."""

    lines: str
    virsh: str
    ours: str
    hardware: int = HARDWARE


NVME = 'nvme0.present = "TRUE"\n' + _disk("nvme0:0", "a.vmdk")
DIFFERENT: dict[str, Different] = {
    "topology": Different(
        'numvcpus = "2"\ncpuid.coresPerSocket = "2"\n', "dies='1' cores='2'", "clusters='1' cores='2'"
    ),
    "topology that does not divide": Different(
        'numvcpus = "3"\ncpuid.coresPerSocket = "2"\n', "sockets='1'", "<vcpu placement='static'>3"
    ),
    "EFI with secure boot": Different(
        'firmware = "efi"\nuefi.secureBoot.enabled = "TRUE"\n', "<os firmware='efi'>", "name='secure-boot'", 20
    ),
    "firmware bios": Different('firmware = "bios"\n', "error: .*firmware", "<os>"),
    "a virtual TPM": Different('firmware = "efi"\nvtpm.present = "TRUE"\n', "<domain", "model='tpm-crb'", 20),
    "NVMe": Different(NVME, "<devices>", "dev='nvme0n1' bus='nvme'", 14),
    "the second wide controller": Different(
        SCSI + 'scsi1.present = "TRUE"\n' + _disk("scsi1:0", "b.vmdk"),
        "controller='0' bus='0' target='0' unit='16'",
        "controller='1' bus='0' target='0' unit='0'",
        14,
    ),
    "SATA from unit 6 on": Different(
        'sata0.present = "TRUE"\n' + _disk("sata0:6", "b.vmdk"),
        "controller='1' bus='0' target='0' unit='0'",
        "controller='0' bus='0' target='0' unit='6'",
        10,
    ),
    "hostonly": Different(_nic('networkName = "n"', 'connectionType = "hostonly"'), "error: .*hostonly", "type='null'"),
    "a check in capitals": Different(
        _nic('networkName = "n"', 'checkMACAddress = "TRUE"'), "check='no'", "check='yes'"
    ),
    "a distributed port without a port": Different(
        _nic('dvs.switchId = "50 34 26 b2 94 e9 3b 16-1d 68 87 bf ff 4a 54 40"'), "error: .*portgroupId", "type='vds'"
    ),
    "a connection without a port": Different(
        _serial('fileType = "network"', 'fileName = "tcp://h"'), "error: .*port part", "<serial type='null'>"
    ),
    "an unknown scheme": Different(
        _serial('fileType = "network"', 'fileName = "http://h:1"'), "error: .*scheme", "<serial type='null'>"
    ),
    "an empty file name": Different(
        _disk("ide0:0", "", 'deviceType = "cdrom-image"'), "error: .*fileName", "<disk type='file' device='cdrom'>"
    ),
    "detection without a name": Different(
        'ide0:0.present = "TRUE"\nide0:0.deviceType = "cdrom-raw"\nide0:0.autodetect = "TRUE"\n',
        "device='lun'",
        "startupPolicy='optional'",
    ),
    "a file in a folder": Different(
        _disk("ide0:0", "sub/a.vmdk"), "error: .*sub/a.vmdk", r"\[storage\] here/sub/a.vmdk"
    ),
}

DOMAIN = (
    "<domain type='vmware'><name>p</name>{0}<memory>{1}</memory>"
    "<os><type>hvm</type></os><devices>{2}</devices></domain>"
)
SOURCE = "<source file='[storage] a/b.vmdk'/>"


def _domain(devices: str = "", *, general: str = "", memory: str = "4096") -> str:
    uuid = "<uuid>564d9bef-acd9-b4e0-c8f0-aea8b9103515</uuid>"
    return DOMAIN.format(general if "<uuid>" in general else uuid + general, memory, devices)


def _card(mac: str, more: str = "") -> str:
    return _domain(f"<interface type='bridge'><mac address='{mac}' {more}/><source bridge='n'/></interface>")


RANGES = ("00:0c:29:11:22:33", "00:50:56:11:22:33", "00:50:56:87:65:43", "00:50:56:c0:00:01", "00:12:34:56:78:90")
# Name -> a domain of which both make the same VMX.
WRITTEN: dict[str, str] = {
    **{
        f"address {mac} {kind} {check}".strip(): _card(mac, f"{kind} {check}")
        for mac in RANGES
        for kind in ("", "type='static'", "type='generated'")
        for check in ("", "check='yes'", "check='no'")
    },
    "memory that is no multiple": _domain(memory="4097"),
    "a balloon": _domain(memory="8192", general="<currentMemory>4097</currentMemory>"),
    "a balloon of nothing": _domain(memory="8192", general="<currentMemory>0</currentMemory>"),
    "a guarantee": _domain(memory="8192", general="<memtune><min_guarantee unit='MiB'>9</min_guarantee></memtune>"),
    "a topology": _domain(
        general="<vcpu>16</vcpu><cputune><shares>16000</shares></cputune>"
        "<cpu><topology sockets='4' cores='4' threads='1'/></cpu>"
    ),
    "one core to a socket": _domain(general="<vcpu>2</vcpu><cpu><topology sockets='2' cores='1' threads='1'/></cpu>"),
    "a set of processors": _domain(general="<vcpu cpuset='0-3,^1'>2</vcpu>"),
    "no identity": _domain(general="<uuid>00000000-0000-0000-0000-000000000000</uuid>"),
    "a title": _domain(general='<title>x</title><description>a|"%/</description>'),
    "no description": _domain(general="<description/>"),
    "VNC": _domain(
        "<graphics type='vnc' port='5903' keymap='de' passwd='password'><listen type='address'/></graphics>"
    ),
    "VNC on any port": _domain("<graphics type='vnc' autoport='yes' listen='1.2.3.4'/>"),
    "a video card": _domain("<video><model type='vmvga' vram='9000'/></video>"),
    "a video card of no size": _domain("<video/>"),
    "a disk by its name": _domain(f"<disk>{SOURCE}<target dev='sdo'/></disk>"),
    "a disk that forgets": _domain(f"<disk><driver cache='default'/>{SOURCE}<target dev='sdh'/><transient/></disk>"),
    "a disk on IDE with a driver": _domain(f"<disk><driver name='x' cache='none'/>{SOURCE}<target dev='hda'/></disk>"),
    "a model at the disk": _domain(f"<disk><driver name='BusLogic'/>{SOURCE}<target dev='sda'/></disk>"),
    "a controller without a disk": _domain("<controller type='scsi' index='0' model='lsilogic'/>"),
    "a second controller": _domain(f"<disk>{SOURCE}<target dev='sdp'/></disk>"),
    "an empty drive of the host": _domain("<disk type='block' device='cdrom'><target dev='hda' bus='ide'/></disk>"),
    "a drive of the host on IDE": _domain(
        "<disk type='block' device='lun'><source dev='/vmfs/devices/cdrom/x'/><target dev='hda' bus='ide'/></disk>"
    ),
    "a floppy drive": _domain("<disk type='file' device='floppy'><target dev='fdb' bus='fdc'/></disk>"),
    "a name that libvirt made up": _domain(
        "<interface type='bridge'><mac address='00:0c:29:00:00:01'/>"
        "<source bridge='n'/><target dev='vnet0'/></interface>"
    ),
    "a model in capitals": _domain(
        "<interface type='null'><mac address='00:0c:29:00:00:01'/><model type='VMXNET3'/></interface>"
    ),
    "a connection": _domain(
        "<serial type='tcp'><source mode='bind' host='h' service='23'/><protocol type='tls'/></serial>"
    ),
    "two ports": _domain(
        "<serial type='file'><source path='[storage] a/b'/></serial><serial type='dev'><source path='/dev/y'/></serial>"
    ),
    "a console alone": _domain("<console type='dev'><source path='/dev/z'/></console>"),
    "folders": _domain(
        "<filesystem><source dir='/a'/><target dir='a'/></filesystem>"
        "<filesystem><source dir='/b'/><target dir='b'/><readonly/></filesystem>"
    ),
    "what is ignored": _domain(
        "<controller type='usb' index='0'/><input type='mouse' bus='ps2'/><memballoon model='none'/>"
    ),
}

# Domain -> a pattern of virsh's error; ours names the element.
REFUSED = {
    "not all processors": (_domain(general="<vcpu current='1'>2</vcpu>"), "'vcpu' attribute 'current'"),
    "a name and another address": (
        _domain(f"<disk>{SOURCE}<target dev='sdb'/><address type='drive' controller='0' bus='0' unit='0'/></disk>"),
        "doesn't match target device 'sdb'",
    ),
    "two models": (
        _domain(
            f"<disk><driver name='buslogic'/>{SOURCE}<target dev='sda'/></disk>"
            "<controller type='scsi' index='0' model='lsilogic'/>"
        ),
        "Inconsistent SCSI controller model",
    ),
    "another bus": (_domain(f"<disk>{SOURCE}<target dev='vda' bus='virtio'/></disk>"), "Unsupported disk address"),
    "another interface": (
        _domain("<interface type='ethernet'><mac address='00:0c:29:00:00:01'/></interface>"),
        "'ethernet'",
    ),
    "another screen": (_domain("<graphics type='spice'/>"), "'spice'"),
    "another port": (_domain("<serial type='pty'/>"), "'pty'"),
    "another suffix": (_domain("<disk><source file='[storage] a.img'/><target dev='sda'/></disk>"), "vmdk"),
}
