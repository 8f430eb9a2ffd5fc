# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mapping between VMX keys and a machine's screen, firmware, start and tools, as data, in the order of writing."""

from __future__ import annotations

from .codec import BOOL, CAPITALS, KIB_AS_BYTES, NUMBER, words
from .definition import BootDevice, Firmware
from .escaped import BOOT_ORDER, FILE, TEXT
from .rows import Row, Table

VNC = Table(
    title="VNC",
    field="vnc",
    about="Hosts of version 7 and later have no VNC server of their own and ignore these keys.",
    rows=(
        Row(
            key="RemoteDisplay.vnc.enabled",
            default="false",
            libvirt="graphics type='vnc'",
            note="Without it there is no ``vnc``, and the other keys stay in ``extra``.",
        ),
        Row(key="RemoteDisplay.vnc.port", field="port", codec=NUMBER, libvirt="graphics@port, @autoport"),
        Row(key="RemoteDisplay.vnc.ip", field="listen", codec=TEXT, libvirt="graphics/listen"),
        Row(key="RemoteDisplay.vnc.keymap", field="keymap", codec=TEXT, libvirt="graphics@keymap"),
        Row(
            key="RemoteDisplay.vnc.password",
            field="password",
            codec=TEXT,
            libvirt="graphics@passwd",
            note="A secret: masked in every report.",
        ),
    ),
)

VIDEO = Table(
    title="Video",
    field="video",
    rows=(
        Row(
            key="svga.vramSize",
            field="ram_kib",
            codec=KIB_AS_BYTES,
            default="4194304",
            vsphere="VirtualVideoCard.videoRamSizeInKB",
            libvirt="video/model@vram",
            note="Bytes, rounded up to KiB when read.",
        ),
        Row(
            key="svga.autodetect",
            field="auto_detect",
            codec=BOOL,
            default="false",
            vsphere="VirtualVideoCard.useAutoDetect",
        ),
        Row(
            key="svga.numDisplays", field="displays", codec=NUMBER, default="1", vsphere="VirtualVideoCard.numDisplays"
        ),
    ),
)

TPM = Table(
    title="Virtual TPM",
    field="",
    rows=(
        Row(
            key="vtpm.present",
            since=14,
            field="vtpm",
            codec=CAPITALS,
            default="false",
            vsphere="VirtualTPM",
            libvirt="tpm",
            note="Needs EFI.",
        ),
    ),
)

START = Table(
    title="Firmware, start and tools",
    field="",
    rows=(
        Row(
            key="firmware",
            field="firmware",
            codec=words(Firmware),
            default="bios",
            vsphere="config.firmware",
            libvirt="os@firmware",
        ),
        Row(
            key="uefi.secureBoot.enabled",
            since=13,
            field="secure_boot",
            codec=BOOL,
            default="false",
            vsphere="config.bootOptions.efiSecureBootEnabled",
            libvirt="os/firmware/feature",
        ),
        Row(key="nvram", field="nvram", codec=FILE, libvirt="os/nvram"),
        Row(
            key="bios.bootOrder",
            field="boot_order",
            codec=BOOT_ORDER,
            vsphere="config.bootOptions.bootOrder",
            note="Words other than {} stay in ``extra``.".format(", ".join(f"``{item.value}``" for item in BootDevice)),
            lenient=True,
        ),
        Row(
            key="bios.bootDelay",
            field="boot_delay_ms",
            codec=NUMBER,
            default="0",
            vsphere="config.bootOptions.bootDelay",
        ),
        Row(
            key="bios.forceSetupOnce",
            field="enter_firmware_setup",
            codec=BOOL,
            default="false",
            vsphere="config.bootOptions.enterBIOSSetup",
        ),
        Row(
            key="ehci.present",
            field="usb2_controller",
            codec=BOOL,
            default="false",
            vsphere="VirtualUSBController",
            note="``usb.present`` is written with it.",
        ),
        Row(
            key="usb_xhci.present",
            since=8,
            field="usb3_controller",
            codec=BOOL,
            default="false",
            vsphere="VirtualUSBXHCIController",
        ),
        Row(
            key="tools.syncTime",
            field="tools_sync_time",
            codec=BOOL,
            default="false",
            vsphere="config.tools.syncTimeWithHost",
        ),
        Row(
            key="tools.upgrade.policy",
            field="tools_upgrade_policy",
            codec=TEXT,
            default="manual",
            vsphere="config.tools.toolsUpgradePolicy",
        ),
        Row(
            key="ctkEnabled",
            since=7,
            field="change_tracking",
            codec=BOOL,
            default="false",
            vsphere="config.changeTrackingEnabled",
        ),
    ),
)
