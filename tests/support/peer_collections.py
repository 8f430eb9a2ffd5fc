# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The collections of others that drive the simulator: community.vmware and vmware.vmware, in .cache/peers.

They come out of the package ``ansible`` whose release belongs to the ansible-core that runs this file, and with them
the libraries that they import and this collection does not need. Nothing is installed into anybody's environment.
"""

from __future__ import annotations

import importlib.metadata
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
COLLECTIONS = ("community/vmware", "vmware/vmware")
LIBRARIES = (
    "requests",
    "certifi",
    "charset-normalizer",
    "idna",
    "urllib3",
    # What reaches vCenter's other interface; a module may log in to that first.
    "vmware-vcenter",
    "vmware-vapi-common-client",
    "vmware-vapi-runtime",
)
# ansible 12 came with ansible-core 2.19, and so on.
CORE_BEFORE_ANSIBLE = 7
# The next community.vmware has no vmware_guest_powerstate any more.
LAST_ANSIBLE = 14


def release() -> int:
    """Return the major release of the package ``ansible`` that belongs to this ansible-core."""
    _major, minor, *_rest = importlib.metadata.version("ansible-core").split(".")
    return min(int(minor) - CORE_BEFORE_ANSIBLE, LAST_ANSIBLE)


def place() -> pathlib.Path:
    """Return the folder that has ``ansible_collections`` and ``lib`` once they were fetched, for this Python too."""
    return ROOT / ".cache" / "peers" / f"ansible-{release()}-python-{sys.version_info[0]}.{sys.version_info[1]}"


def fetch() -> None:
    """Fetch what is not there yet."""
    wanted = place()
    if wanted.is_dir():
        return
    wanted.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=wanted.parent) as name:
        folder = pathlib.Path(name)
        _pip("download", "--no-deps", "--dest", str(folder), f"ansible=={release()}.*")
        (wheel,) = folder.glob("ansible-*.whl")
        made = folder / "made"
        _unpack(wheel, made)
        _pip("install", "--no-deps", "--target", str(made / "lib"), *LIBRARIES)
        # Only what is whole gets the name that tests look for.
        shutil.move(made, wanted)


def _pip(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments],
        stdin=subprocess.DEVNULL,
        check=True,
    )


def _unpack(wheel: pathlib.Path, folder: pathlib.Path) -> None:
    inside = tuple(f"ansible_collections/{name}/" for name in COLLECTIONS)
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder, [name for name in packed.namelist() if name.startswith(inside)])


if __name__ == "__main__":
    fetch()
