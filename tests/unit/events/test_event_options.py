# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The event source's options: what a rulebook may write, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.plugin_utils.event_options import OPTIONS, read_options
from ansible_collections.virt.esx.tests.support.events import ROOT, load, shown


def test_the_documented_options_are_those_that_are_read() -> None:
    documented = yaml.safe_load(load()["DOCUMENTATION"])["options"]

    assert documented.keys() == OPTIONS.keys()
    for name, option in OPTIONS.items():
        assert documented[name]["type"] == option["type"]
        assert documented[name].get("default") == option.get("default")
        assert documented[name].get("elements") == option.get("elements")


def test_the_examples_use_options_that_exist() -> None:
    rulebook = yaml.safe_load((ROOT / "extensions" / "eda" / "rulebooks" / "answer_questions.yml").read_text("utf-8"))
    plays = [*yaml.safe_load(load()["EXAMPLES"]), *shown("events", "sources"), *rulebook]
    used = [source["virt.esx.esx_question"] for play in plays for source in play["sources"]]

    assert len(used) == 4
    assert all(given.keys() <= OPTIONS.keys() for given in used)


def test_text_is_as_good_as_what_it_says() -> None:
    read = read_options({"hostname": "h", "port": "8443", "validate_certs": "no", "vms": "a*, b", "heartbeat": "5"})

    assert read.hosts[0]["port"] == 8443
    assert read.hosts[0]["validate_certs"] is False
    assert (read.vms, read.heartbeat) == (["a*", "b"], 5)


def test_hosts_take_from_the_options_beside_them_what_they_leave_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMWARE_HOST", "elsewhere")
    monkeypatch.setenv("VMWARE_USER", "watcher")
    monkeypatch.setenv("VMWARE_VALIDATE_CERTS", "false")

    read = read_options({"hosts": ["a", {"hostname": "b", "username": "root"}, "esx://admin@c:444/?no_verify=0"]})

    assert [(host["hostname"], host["username"]) for host in read.hosts] == [
        ("a", "watcher"),
        ("b", "root"),
        ("c", "admin"),
    ]
    assert [host["validate_certs"] for host in read.hosts] == [False, False, True]
    assert read_options({"eda_feedback_queue": object()}).hosts[0]["hostname"] == "elsewhere"


@pytest.mark.parametrize(
    ("given", "option"),
    [
        ({"host": "a"}, "host"),
        ({"hosts": []}, "hosts"),
        ({"hosts": [""]}, "hosts"),
        ({"hosts": [["a"]]}, "hosts"),
        ({"hosts": ["a", "A"]}, "hosts"),
        ({"hosts": [{"hostname": "a", "vms": "x"}]}, "vms"),
        ({"hosts": 3}, "hosts"),
        ({"vms": [3]}, "vms"),
        ({"port": "many"}, "port"),
        ({"port": True}, "port"),
        ({"hostname": ["a"]}, "hostname"),
        ({"validate_certs": "perhaps"}, "validate_certs"),
        ({"heartbeat": -1}, "heartbeat"),
        ({"reconnect_pause": 5, "reconnect_pause_max": 4}, "reconnect_pause_max"),
        ({"persist_session": True}, "persist_session"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(given: dict[str, Any], option: str) -> None:
    with pytest.raises(OptionError) as raised:
        read_options(given)

    assert raised.value.failure()["option"] == option


def test_a_password_in_the_wrong_place_is_not_repeated() -> None:
    for given in ({"password": ["hush"]}, {"port": "hush"}, {"validate_certs": "hush"}, {"uri": "esx://root:hush@a/"}):
        with pytest.raises(OptionError) as raised:
            read_options(given)
        assert "hush" not in str(raised.value)
