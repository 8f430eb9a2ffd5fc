# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
An action that does its module's work in Ansible's own worker process.

A module that Ansible runs on the machine where it runs itself is packed, written to a file, and compiled and loaded by
another Python, for each task anew; that takes several times as long as what the module does. Where the module would
run on this very machine, as this very user, by no Python in particular or by this one, the worker does the same work
itself: what it loads, Ansible has loaded once, before it forked.

Law: options, environment, working directory, check mode, what is hidden and what is returned are as with the module
itself; in all other cases the module runs as ever.
"""

from __future__ import annotations

import os
import pathlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError
from ansible.plugins.action.normal import ActionModule as NormalAction

from ..module_utils import _shell
from ..module_utils._flow import failures, job, question
from ..module_utils._vi import crew, dispatch, sdk, watch
from ..module_utils._vi.connection import connect
from .ending import in_order
from .filters import plain
from .local import is_local

# A module loads these when it finds something to do. Here they are loaded once, for all tasks, before Ansible forks.
LOADED_BEFORE = (crew, dispatch, failures, job, question, watch)
# Whatever Python Ansible would find has fewer of our libraries than this one, or the same.
_ANY_PYTHON = ("auto", "auto_legacy", "auto_silent", "auto_legacy_silent")


class WorksHere(NormalAction):
    """The action of ``module``."""

    module: ModuleType

    def _execute_module(self, *arguments: Any, **options: Any) -> Any:
        """Do what the module does; called by Ansible's own action, which comes before and after it."""
        task_vars = options.get("task_vars") or {}
        if arguments or options.get("wrap_async") or not self._is_here(task_vars):
            return super()._execute_module(*arguments, **options)
        with in_order(), self._surroundings():
            return self._work()

    def _is_here(self, task_vars: Mapping[str, Any]) -> bool:
        if sdk.MISSING is not None or not is_local(self._connection):
            return False
        about = (task_vars.get("ansible_delegated_vars") or {}).get(self._task.delegate_to) or task_vars
        wanted = constants.config.get_config_value("INTERPRETER_PYTHON", variables=about)
        return self._templar.template(wanted) in (*_ANY_PYTHON, sys.executable)

    @contextmanager
    def _surroundings(self) -> Iterator[None]:
        """Set the variables of the task's ``environment`` and the playbook's directory, for this task alone."""
        given: dict[str, Any] = {}
        self._compute_environment_string(given)
        before, directory = dict(os.environ), pathlib.Path.cwd()
        os.environ.update({str(name): str(value) for name, value in given.items()})
        os.chdir(self._loader.get_basedir())
        try:
            yield
        finally:
            os.chdir(directory)
            os.environ.clear()
            os.environ.update(before)

    def _work(self) -> dict[str, Any]:
        module, warnings = self.module, list[str]()
        spec = _shell.spec_for_ansible(module.ARGUMENT_SPEC)
        options = self._options(spec)
        hidden = set(_secrets(spec, options))
        failure, shown = _shell.perform(
            module.run,
            options,
            connect=getattr(module, "CONNECT", connect),
            check_mode=self._task.check_mode,
            warn=warnings.append,
            hide=hidden.add,
        )
        result = {"changed": False, **shown}
        if failure is not None:
            result |= {"failed": True, "msg": str(failure), "failure": failure.failure()}
        if warnings:
            result["warnings"] = warnings
        # Before ansible-core 2.21 the options are always there, and what prints a result leaves them out.
        if getattr(constants, "INJECT_INVOCATION", True):
            result["invocation"] = {"module_args": options}
        kept = {name: value for name, value in result.items() if value is None or isinstance(value, bool)}
        return {**remove_values(result, hidden), **kept}

    def _options(self, spec: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """Return the options as the module would have them, or fail in the words in which it would."""
        checked = ArgumentSpecValidator(spec, **self.module.RULES).validate(plain(self._task.args))
        for error in checked.errors:
            unsupported = isinstance(error, UnsupportedError)
            name = self._task.resolved_action
            about = f"Unsupported parameters for ({name}) module: " if unsupported else ""
            raise AnsibleActionFail(f"{about}{checked.errors.msg}")
        return {name: checked.validated_parameters[name] for name in spec}


def _secrets(spec: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[str]:
    """Yield the values of all options that nobody may see, those within others included."""
    for name, option in spec.items():
        value = options.get(name)
        if value is None:
            continue
        if option.get("no_log"):
            yield str(value)
        for inner in value if isinstance(value, list) else [value]:
            if isinstance(inner, Mapping) and "options" in option:
                yield from _secrets(option["options"], inner)
