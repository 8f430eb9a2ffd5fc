# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
An action that runs its module as Ansible would, and shows meanwhile how far the module has come.

Where the module runs on another machine, as another user, or in the background, it runs just so and nothing is shown.
"""

from __future__ import annotations

import os
import pathlib
import select
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.utils.display import Display

from ..module_utils._flow.course import VARIABLE, Course
from .ending import in_order
from .local import is_local


class ShowsProgress(NormalAction):
    """The action of a module that tells its progress."""

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> Any:
        """Run the module, and show what it tells."""
        if not self._can_show():
            return super().run(tmp, task_vars)
        host = (task_vars or {}).get("inventory_hostname", "")
        before = self._task.environment
        with in_order(), ExitStack() as opened:
            try:
                pipe = opened.enter_context(listening(lambda line: Display().display(f"[{host}] {line}")))
            except OSError:
                # Nothing to show is no reason not to work.
                return super().run(tmp, task_vars)
            given = before if isinstance(before, list) else [before] if before else []
            self._task.environment = [*given, {VARIABLE: pipe}]
            try:
                return super().run(tmp, task_vars)
            finally:
                self._task.environment = before

    def _can_show(self) -> bool:
        task = self._task
        return is_local(self._connection) and not (task.async_val or task.no_log or task.check_mode)


@contextmanager
def listening(show: Callable[[str], None]) -> Iterator[str]:
    """Yield the name of a pipe; until the block ends, ``show`` is called with what there is to show of its records."""
    folder = tempfile.mkdtemp(prefix="virt.esx.")
    try:
        pipe = str(pathlib.Path(folder, "progress"))
        os.mkfifo(pipe, 0o600)
        # Open for writing as well, or it would end whenever the last writer closes it.
        records = os.open(pipe, os.O_RDWR | os.O_NONBLOCK)
        ended, end = os.pipe()
        thread = threading.Thread(target=_listen, args=(records, ended, show), daemon=True)
        thread.start()
        try:
            yield pipe
        finally:
            os.close(end)
            thread.join()
            os.close(ended)
            os.close(records)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _listen(records: int, ended: int, show: Callable[[str], None]) -> None:
    course, rest = Course(time.monotonic()), b""
    while True:
        readable, _writable, _exceptional = select.select([records, ended], [], [])
        if records in readable:
            *lines, rest = (rest + os.read(records, 65536)).split(b"\n")
            for record in lines:
                line = course.line(record, time.monotonic())
                if line is not None:
                    show(line)
        elif ended in readable:
            return
