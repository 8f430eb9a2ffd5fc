# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Files on the machine where the module runs.

Law: a file is there whole or not at all, and one that was there stays until the new one is.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from stat import S_IMODE, S_ISREG

from .._errors import OptionError

DEFAULT_MODE = 0o666
# A path that no system takes, or a chain of links without an end, is told in several ways.
UNUSABLE = (OSError, ValueError, RuntimeError)


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What is in a file, as its SHA-256 in hexadecimal digits, and its permissions; None: there is no such file."""

    sha256: str | None = None
    mode: int | None = None

    def to_json(self) -> dict[str, str | None]:
        """Return it as a result shows it; ``mode`` is octal: ``0644``."""
        return {"sha256": self.sha256, "mode": None if self.mode is None else f"{self.mode:04o}"}


def is_folder(path: str) -> bool:
    """
    Tell whether a path is meant as a folder: one is there, or it ends with a slash.

    Raises:
        OptionError: it ends with a slash, and there is none; or the folder of the file is not there; or it is no path.
    """
    if not path:
        raise OptionError("'dest' is empty: it must be a file or a folder", option="dest")
    try:
        meant = path.endswith("/") or Path(path).is_dir()
        folder = Path(path) if meant else Path(path).parent
        is_there = folder.is_dir()
    except UNUSABLE as error:
        raise _refused(path, error) from error
    if not is_there:
        raise OptionError(f"'dest': the folder {folder} is not there", option="dest")
    return meant


def mode_of(text: object) -> int | None:
    """
    Read permissions in octal digits.

    Raises:
        OptionError: they are none, or a number, of which nobody knows any more whether it was octal.
    """
    if text is None:
        return None
    digits = text.removeprefix("0o") if isinstance(text, str) else ""
    if not digits or set(digits) - set("01234567") or int(digits, 8) > 0o7777:
        raise OptionError(f"'mode' must be octal digits in quotes, such as '0600'; found {text!r}", option="mode")
    return int(digits, 8)


def look_at(path: str) -> Kept:
    """
    Return what is in a file now.

    Raises:
        OptionError: it cannot be read.
    """
    file = Path(path)
    try:
        return Kept(sha256=sha256(file.read_bytes()).hexdigest(), mode=S_IMODE(file.stat().st_mode))
    except FileNotFoundError:
        return Kept()
    except UNUSABLE as error:
        raise _refused(path, error) from error


def foresee(path: str, digest: str | None, mode: int | None) -> Kept:
    """Return what will be in a file; ``mode`` None: the permissions that it has, or those of a new one."""
    return Kept(sha256=digest, mode=_mode_of(path) if mode is None else mode)


def check_writable(path: str) -> None:
    """
    Make sure that a file can be replaced or made.

    Raises:
        OptionError: it cannot, or something is there that is no file, such as a pipe or a device.
    """
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        found = None
    except UNUSABLE as error:
        raise _refused(path, error) from error
    if found is not None and not S_ISREG(found.st_mode):
        raise OptionError(f"'dest': {path} cannot be written, for it is no file", option="dest")
    if not os.access(Path(path).resolve().parent, os.W_OK | os.X_OK):
        raise OptionError(f"'dest': {path} cannot be written, for nothing can in its folder", option="dest")


def write(path: str, content: bytes, mode: int | None) -> None:
    """
    Make or replace a file; a link to it stays a link, and ``mode`` is as for :func:`foresee`.

    Raises:
        OptionError: it cannot be written.
    """
    try:
        target = Path(path).resolve()
        # Of a name in any script, so much fits four times over.
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name[:50]}.", dir=target.parent)
    except UNUSABLE as error:
        raise _refused(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(_mode_of(path) if mode is None else mode)
        temporary.replace(target)
    except OSError as error:
        raise _refused(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _mode_of(path: str) -> int:
    try:
        return S_IMODE(Path(path).stat().st_mode)
    except OSError:
        mask = os.umask(0)
        os.umask(mask)
        return DEFAULT_MODE & ~mask


def _refused(path: str, error: Exception) -> OptionError:
    why = getattr(error, "strerror", None) or str(error)
    return OptionError(f"'dest': {path!r} cannot be used: {why}", option="dest")
