# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
Run a command and write what it took to a file: ``launcher.py FILE PROGRAM ARGUMENT...``.

A process begins with the peak memory of the one that started it. This one is small, whatever the benchmarks have read.
"""

import json
import os
import sys
import time
from pathlib import Path

began = time.monotonic()
pid = os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ)
_pid, status, used = os.wait4(pid, 0)
seconds = time.monotonic() - began
took = [seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, os.waitstatus_to_exitcode(status)]
Path(sys.argv[1]).write_text(json.dumps(took), "utf-8")
