# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep what tasks returned: lines of JSON with ``action`` and ``result``, in the file that KEPT_RESULTS names."""

from __future__ import annotations

import json
import os
import pathlib
from typing import Any

from ansible.parsing.ajson import AnsibleJSONEncoder
from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: keep_results
type: aggregate
short_description: Keep what each task returned
description: For tests.
"""


class CallbackModule(CallbackBase):
    """Ansible looks for a class of this name."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "keep_results"

    def v2_runner_on_ok(self, result: Any) -> None:
        self._keep(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._keep(result)

    def _keep(self, result: Any) -> None:
        entry = {"action": result._task.action, "result": result._result}
        with pathlib.Path(os.environ["KEPT_RESULTS"]).open("a", encoding="utf-8") as kept:
            kept.write(json.dumps(entry, cls=AnsibleJSONEncoder) + "\n")
