# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The one file of a module's process that knows Ansible: options in, result or failure out.

A module is a function ``run(params, host, *, check_mode)``; everything that Ansible wants of a module besides is done
here. :func:`perform` does without Ansible, for whoever has read the options in another way.
"""

from __future__ import annotations

import gc
import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ._errors import EsxError, OptionError
from ._vi.connection import connect as connect_to_host


class Result(Protocol):
    """What a module's ``run`` returns: its result, and the failure that goes with it or None."""

    @property
    def error(self) -> EsxError | None: ...

    def to_json(self) -> dict[str, Any]: ...


Run = Callable[..., Result]
# What ``run`` gets instead of the options' host; told how to warn and what to hide, as connect() of the VI layer is.
Connect = Callable[..., AbstractContextManager[Any]]


def run_module(
    run: Run, argument_spec: Mapping[str, Mapping[str, Any]], *, connect: Connect = connect_to_host, **rules: Any
) -> None:
    """
    Run a module: read the options, log in, let ``run`` do its work, log out, report.

    ``rules`` are AnsibleModule's own (``mutually_exclusive``, ``required_one_of`` and so on); what ``connect`` yields
    is the second argument of ``run``, usually a Host that it is logged in to.
    """
    module = AnsibleModule(argument_spec=spec_for_ansible(argument_spec), supports_check_mode=True, **rules)
    failure, shown = perform(
        run,
        module.params,
        connect=connect,
        check_mode=module.check_mode,
        warn=module.warn,
        hide=module.no_log_values.add,
    )
    # What is left to be done is to print, and Ansible walks through every value for that, several times. Then the
    # process ends, and shall not look for cycles among pyVmomi's thousands of types before it does.
    gc.disable()
    gc.freeze()
    if failure is None:
        module.exit_json(**shown)
    else:
        module.fail_json(msg=str(failure), failure=failure.failure(), **shown)


def perform(
    run: Run,
    given: Mapping[str, Any],
    *,
    connect: Connect = connect_to_host,
    check_mode: bool,
    warn: Callable[[str], None],
    hide: Callable[[str], None],
) -> tuple[EsxError | None, dict[str, Any]]:
    """
    Log in, let ``run`` do its work, log out; return the failure, None if there is none, and the result.

    ``given`` are the options as Ansible has read them. ``warn`` is told what people should know and is no failure,
    ``hide`` what must not be shown anywhere.
    """
    # A URI with a password in it is refused, and even so Ansible would show it among the options.
    for secret in _secrets(given.get("uri")):
        hide(secret)
    try:
        params = effective_params(given)
        for warning in params.pop("warnings", ()):
            warn(warning)
        with connect(params, warn=warn, hide=hide) as host:
            result = run(params, host, check_mode=check_mode)
    except EsxError as error:
        return error, {}
    return result.error, result.to_json()


def spec_for_ansible(argument_spec: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the options' specification with what only Ansible itself can say in it."""
    return {name: _ansible_form(option) for name, option in argument_spec.items()}


def effective_params(params: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the options with ``uri`` and textual ``answers`` read; ``warnings`` lists what of the URI is ignored.

    Raises:
        OptionError: one of them cannot be read.
    """
    effective = dict(params)
    if effective.get("uri"):
        from ._flow.uri import apply_uri

        effective = apply_uri(effective)
    if isinstance(effective.get("answers"), str):
        effective["answers"] = load_text(effective["answers"])
    return effective


def load_text(text: str) -> Any:
    """
    Read rules that came as text, as surveys give them: JSON, or YAML where a YAML library is at hand.

    Raises:
        OptionError: the text is neither.
    """
    if not text.strip():
        # A survey's question that was left open; no YAML library is needed to know that.
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        import yaml
    except ImportError as error:
        raise OptionError(
            "'answers' is text that is not JSON, and PyYAML is not installed where this module runs", option="answers"
        ) from error
    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        # The library lets through what its readers of numbers and dates raise.
        problem = " ".join(str(error).split())
        raise OptionError(f"'answers' is text that is neither YAML nor JSON: {problem}", option="answers") from error


def _secrets(uri: str | None) -> set[str]:
    # In the authority or in "proxy=user:password@host": more is hidden rather than less.
    found = re.search(r":(?!//)(.+)@", uri or "")
    return {found.group(1)} if found else set()


def _ansible_form(option: Mapping[str, Any]) -> dict[str, Any]:
    form = dict(option)
    if "fallback" in form:
        form["fallback"] = (env_fallback, list(form["fallback"][1]))
    return form
