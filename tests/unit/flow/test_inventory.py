# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory's decisions: which connections, which names, which address, what tells cached inventories apart."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._flow import inventory
from ansible_collections.virt.esx.plugins.module_utils._flow.inventory import Source
from hypothesis import given
from hypothesis import strategies as st

KNOWN = ("hostname", "port", "username", "password", "uri")
COMMON = {"hostname": None, "port": None, "username": "root", "password": "s3cret", "uri": None}


def nothing(_expression: str, _variables: Any) -> Any:
    raise AssertionError("nobody should be asked")


def test_without_hosts_the_source_is_the_connection() -> None:
    assert inventory.merge_connections(COMMON, None, KNOWN) == [("", COMMON)]


def test_an_entry_overrides_what_all_have_in_common() -> None:
    given_hosts = ["esx1", {"hostname": "esx2", "username": "reader", "port": None}]

    found = inventory.merge_connections({**COMMON, "port": 8443}, given_hosts, KNOWN)

    assert [where for where, _params in found] == ["hosts[0]", "hosts[1]"]
    assert [(one["hostname"], one["username"], one["port"]) for _where, one in found] == [
        ("esx1", "root", 8443),
        ("esx2", "reader", 8443),
    ]


def test_a_hostname_is_not_overruled_by_the_uri_of_the_source() -> None:
    common = {**COMMON, "uri": "esx://esx0"}

    (_w1, by_name), (_w2, by_uri) = inventory.merge_connections(common, ["esx1", {"uri": "esx://esx2"}], KNOWN)

    assert (by_name["hostname"], by_name["uri"]) == ("esx1", None)
    assert by_uri["uri"] == "esx://esx2"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([], "at least one host"),
        ("esx1", "must be a list"),
        ([7], r"'hosts\[0\]' must be"),
        (["esx1", {"hostnam": "esx2"}], r"no option 'hosts\[1\]\.hostnam'; did you mean 'hostname'"),
        ([{"zzz": 1}], r"no option 'hosts\[0\]\.zzz'$"),
    ],
)
def test_an_entry_that_is_none_is_named(entries: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        inventory.merge_connections(COMMON, entries, KNOWN)


def test_a_host_that_is_there_twice_is_named() -> None:
    twice = [("hosts[0]", {"hostname": "esx1"}), ("hosts[1]", {"hostname": "esx2"}), ("hosts[2]", {"hostname": "esx1"})]

    inventory.check_distinct(twice[:2])
    with pytest.raises(OptionError, match=r"'hosts\[2\]' is the same host as 'hosts\[0\]'"):
        inventory.check_distinct(twice)


def test_a_fingerprint_depends_on_all_but_the_password() -> None:
    first = inventory.fingerprint([COMMON], {"query": None})

    assert first == inventory.fingerprint([{**COMMON, "password": "other"}], {"query": None})
    assert first != inventory.fingerprint([{**COMMON, "username": "other"}], {"query": None})
    assert first != inventory.fingerprint([COMMON, COMMON], {"query": None})
    assert first != inventory.fingerprint([COMMON], {"query": "[]"})


def test_what_is_kept_comes_back() -> None:
    sources = [Source(hostname="esx1", port=443, vms=[{"name": "a", "moid": "1"}])]

    assert inventory.from_cache(inventory.to_cache(sources)) == sources
    assert sources[0].label == "esx1:443"


@pytest.mark.parametrize(
    "kept",
    [
        None,
        7,
        ["a"],
        [{}],
        [{"hostname": "a", "port": "x", "vms": []}],
        [{"vms": [1]}],
        [{"hostname": "a", "port": 1, "vms": [{"name": "a"}]}],
        [{"hostname": "a", "port": 1, "vms": [{"name": None, "moid": "1"}]}],
    ],
)
def test_what_nobody_of_us_kept_is_not_taken(kept: Any) -> None:
    assert inventory.from_cache(kept) is None


VARIABLES = {
    "name": "web01",
    "moid": "12",
    "guest": {"hostname": "web01.example.com", "ip_address": None},
    "annotation": "two\nlines",
    "tasks": [],
}


@pytest.mark.parametrize(
    ("expressions", "name"),
    [
        (["name"], "web01"),
        (["guest.hostname", "name"], "web01.example.com"),
        (["guest.ip_address", "moid"], "12"),
        (["guest.ip_address.more", "name.more", "tasks"], "web01"),
        (["annotation"], "two lines"),
        ([], "web01"),
    ],
)
def test_the_first_that_yields_something_is_the_name(expressions: list[str], name: str) -> None:
    assert inventory.name_of(VARIABLES, expressions, nothing) == name


def test_what_is_no_fact_is_an_expression() -> None:
    asked: list[str] = []

    def evaluate(expression: str, _variables: Any) -> Any:
        asked.append(expression)
        return {"name ~ '!'": "web01!"}.get(expression)

    assert inventory.name_of(VARIABLES, ["site", "name ~ '!'", "name"], evaluate) == "web01!"
    assert asked == ["site", "name ~ '!'"]


def test_a_machine_without_a_name_is_called_by_its_id() -> None:
    assert inventory.name_of({**VARIABLES, "name": " "}, ["name"], nothing) == "12"


def machine(uuid: str | None, moid: str = "1", label: str = "esx1:443") -> tuple[dict[str, Any], str]:
    return {"instance_uuid": uuid, "uuid": None, "moid": moid}, label


def test_a_name_of_several_belongs_to_nobody() -> None:
    machines = [machine("u1"), machine("u2"), machine("u3")]

    names, shared = inventory.unique_names(["db", "web", "db"], machines, ())

    assert names == ["db_u1", "web", "db_u3"]
    assert shared == ["db"]


def test_where_the_uuid_is_the_same_too_id_and_host_tell() -> None:
    machines = [machine("u1"), machine("u1", label="esx2:443"), machine(None, "7")]

    names, _shared = inventory.unique_names(["db", "db", "db"], machines, ())

    assert names == ["db_1_esx1:443", "db_1_esx2:443", "db_7"]


@pytest.mark.parametrize("name", ["localhost", "all", "127.0.0.1"])
def test_a_machine_does_not_take_the_name_of_a_group_or_of_ansibles_own(name: str) -> None:
    assert inventory.unique_names([name], [machine("u1")], ("all", "ungrouped")) == ([f"{name}_u1"], [name])


@given(
    st.lists(st.tuples(st.sampled_from(["a", "a_u", "a_u_2", "a_1_h", "b"]), st.sampled_from(["u", "v"])), max_size=8)
)
def test_names_are_always_different_and_none_is_lost(wanted: list[tuple[str, str]]) -> None:
    machines = [machine(uuid, "1", "h") for _name, uuid in wanted]

    names, _shared = inventory.unique_names([name for name, _uuid in wanted], machines, ())

    assert len(set(names)) == len(wanted)
    assert all(found.startswith(name) for found, (name, _uuid) in zip(names, wanted, strict=True))


GUEST = {
    "ip_address": "198.51.100.7",
    "networks": [
        {"network": "Lost", "connected": False, "ip_addresses": ["203.0.113.9"]},
        {"network": "VM Network", "connected": True, "ip_addresses": ["fe80::1", "2001:db8::7", "198.51.100.7"]},
        {"network": "Management", "connected": True, "ip_addresses": ["169.254.1.1", "192.0.2.7", "what?"]},
    ],
}


@pytest.mark.parametrize(
    ("family", "places", "address"),
    [
        ("prefer-ipv4", [], "198.51.100.7"),
        ("prefer-ipv6", [], "2001:db8::7"),
        ("ipv6", [], "2001:db8::7"),
        ("none", [], None),
        ("prefer-ipv4", ["Management"], "192.0.2.7"),
        ("prefer-ipv6", ["Management"], "192.0.2.7"),
        ("ipv6", ["Management"], None),
        ("prefer-ipv4", ["10.0.0.0/8", "192.0.2.0/24", "VM Network"], "192.0.2.7"),
        ("prefer-ipv4", ["2001:db8::/32"], "2001:db8::7"),
        ("prefer-ipv4", ["Lost"], "203.0.113.9"),
        ("prefer-ipv4", ["elsewhere"], None),
    ],
)
def test_the_address_is_of_the_family_and_in_the_network(family: str, places: list[str], address: str | None) -> None:
    assert inventory.address_of(GUEST, family, places) == address


@pytest.mark.parametrize("guest", [{}, {"ip_address": None, "networks": []}, {"ip_address": "fe80::1"}])
def test_a_guest_that_has_none_has_none(guest: dict[str, Any]) -> None:
    assert inventory.address_of(guest, "prefer-ipv4", []) is None


@pytest.mark.parametrize(
    "text", ["", "web01", "two\nlines", "Debian GNU/Linux 12 (64-bit)", "[ds 1] a/b.vmx", "2001:db8::7"]
)
def test_most_texts_are_inert(text: str) -> None:
    assert inventory.is_inert(text)


@pytest.mark.parametrize(
    "text", ["{{ a }}", "{", "{% if %}", "lookup('pipe', 'id')", "a | b", "f(64-bit)", "f (64-bit)()"]
)
def test_a_text_that_could_do_something_is_not(text: str) -> None:
    assert not inventory.is_inert(text)
