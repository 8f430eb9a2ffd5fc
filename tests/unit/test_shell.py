# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options as Ansible hands them over: read, or refused in clear words."""

from __future__ import annotations

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._shell import _secrets, effective_params

RULES = [{"question": "msg.uuid.altered", "answer": "default"}]


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("", None),
        (" \n", None),
        ('[{"question": "msg.uuid.altered", "answer": "default"}]', RULES),
        ("- question: msg.uuid.altered\n  answer: default\n", RULES),
    ],
)
def test_rules_may_come_as_text(text: str, rules: object) -> None:
    assert effective_params({"answers": text}) == {"answers": rules}


@pytest.mark.parametrize(
    "text",
    ["'", "[a: b", "[" * 100_000, "- 2026-99-99", "- !!float x", "- !!timestamp x", "- !!bool x", "- !!int ''", "\0"],
)
def test_a_text_that_holds_no_rules_is_a_clear_error(text: str) -> None:
    with pytest.raises(OptionError, match="neither YAML nor JSON"):
        effective_params({"answers": text})


@pytest.mark.parametrize(
    "uri",
    [
        *("esx://root:hunter2@esx01", "esx://:hunter2@esx01", "esx://root:hun/ter2@esx01/", "root:hunter2@esx01"),
        *("esx://root@esx01/?proxy=u:hunter2@p", "esx://root@esx01/?proxy=http://u:hunter2@p:1"),
        "esx://esx01/?proxy=socks5://u:hunter2@p&no_verify=1",
    ],
)
def test_what_may_be_a_password_in_a_uri_is_not_shown(uri: str) -> None:
    shown = uri
    for secret in _secrets(uri):
        shown = shown.replace(secret, "***")

    assert "ter2" not in shown


@pytest.mark.parametrize("uri", [None, "", "esx://root@esx01:443/?no_verify=1", "vpx://admin@[2001:db8::1]/dc/esx01"])
def test_a_uri_without_a_password_hides_nothing(uri: str | None) -> None:
    assert _secrets(uri) == set()
