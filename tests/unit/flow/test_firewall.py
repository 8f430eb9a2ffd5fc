# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From any firewall to any other: the changes lead there, nothing opens too far and nobody is shut out in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, ip_address

import pytest
from ansible_collections.virt.esx.plugins.module_utils._flow.firewall import (
    INBOUND,
    POLICY,
    Allowed,
    Firewall,
    Rule,
    Ruleset,
    Way,
    plain_address,
    plain_text,
)
from ansible_collections.virt.esx.plugins.module_utils._flow.firewall_plan import (
    OURS,
    Change,
    changes_between,
    diff_of,
    foresee,
    shut_out,
)
from hypothesis import given, settings
from hypothesis import strategies as st

US = IPv4Address("192.0.2.1")
RULES = {
    "api": (Rule(direction=INBOUND, protocol="tcp", port=443),),
    "range": (Rule(direction=INBOUND, protocol="TCP", port=1, end_port=1000),),
    "other": (Rule(direction=INBOUND, protocol="tcp", port=22), Rule(direction="outbound", protocol="tcp", port=443)),
    "source": (Rule(direction=INBOUND, protocol="tcp", port=443, port_type="src"),),
}
ALLOWED = st.builds(
    Allowed,
    all_ip=st.booleans(),
    addresses=st.lists(st.sampled_from(["192.0.2.1", "10.0.0.1", "2001:db8::1"]), unique=True).map(tuple),
    networks=st.lists(st.sampled_from(["192.0.2.0/24", "10.0.0.0/8", "::/0"]), unique=True).map(tuple),
)


@st.composite
def firewalls(draw: st.DrawFn) -> Firewall:
    rulesets = {
        name: Ruleset(name=name, enabled=draw(st.booleans()), allowed=draw(ALLOWED), rules=rules)
        for name, rules in RULES.items()
    }
    return Firewall(rulesets=rulesets, policy={name: draw(st.booleans()) for name in POLICY})


def stages(have: Firewall, changes: Sequence[Change]) -> list[Firewall]:
    return [foresee(have, changes[:number]) for number in range(len(changes) + 1)]


@given(firewalls(), firewalls())
@settings(max_examples=150)
def test_the_changes_lead_there_and_then_there_are_none(have: Firewall, want: Firewall) -> None:
    changes = changes_between(have, want, OURS)

    assert foresee(have, changes) == want
    assert changes_between(want, want, OURS) == ()
    before, after = diff_of(have, want)
    assert bool(changes) == (have != want) == bool(before) == bool(after)


@given(firewalls(), firewalls())
@settings(max_examples=150)
def test_no_rule_set_opens_further_than_it_was_or_shall_be(have: Firewall, want: Firewall) -> None:
    for stage in stages(have, changes_between(have, want, OURS)):
        for name, now in stage.rulesets.items():
            allowed = [one.rulesets[name].allowed for one in (have, want) if one.rulesets[name].enabled]
            assert not now.enabled or now.allowed in allowed


@given(firewalls(), firewalls(), st.sampled_from([US, ip_address("2001:db8::1"), None]))
@settings(max_examples=150)
def test_who_gets_in_before_and_after_gets_in_all_the_while(
    have: Firewall, want: Firewall, client: IPv4Address | None
) -> None:
    (way,) = OURS
    if not have.admits(way, client) or shut_out(have, want, OURS, client) is not None:
        return
    for stage in stages(have, changes_between(have, want, OURS, client)):
        assert stage.admits(way, client)


def ruleset(name: str, *allowed: str, enabled: bool = True) -> Ruleset:
    said = Allowed(all_ip=False, networks=allowed) if allowed else Allowed()
    return Ruleset(name=name, enabled=enabled, allowed=said, rules=RULES[name])


@pytest.mark.parametrize(
    ("there", "way", "expected"),
    [
        (ruleset("api"), Way(INBOUND, "tcp", 443), True),
        (ruleset("api"), Way(INBOUND, "udp", 443), False),
        (ruleset("api"), Way("outbound", "tcp", 443), False),
        (ruleset("range"), Way(INBOUND, "tcp", 443), True),
        (ruleset("range"), Way(INBOUND, "tcp", 1001), False),
        (ruleset("source"), Way(INBOUND, "tcp", 443), False),
        (ruleset("api", "192.0.2.0/24"), Way(INBOUND, "tcp", 443), True),
        (ruleset("api", "10.0.0.0/8"), Way(INBOUND, "tcp", 443), False),
        (ruleset("api", enabled=False), Way(INBOUND, "tcp", 443), False),
    ],
)
def test_who_gets_in(there: Ruleset, way: Way, expected: bool) -> None:
    assert Firewall(rulesets={there.name: there}).admits(way, US) is expected
    assert Firewall(rulesets={there.name: there}, policy={"incoming_blocked": False}).admits(way, US) is (
        expected or way.direction == INBOUND
    )


@pytest.mark.parametrize(
    ("whole", "part", "expected"),
    [
        (Allowed(), Allowed(all_ip=False, addresses=("10.0.0.1",)), True),
        (Allowed(all_ip=False, networks=("0.0.0.0/0",)), Allowed(), False),
        (Allowed(all_ip=False, networks=("10.0.0.0/8",)), Allowed(all_ip=False, networks=("10.1.0.0/16",)), True),
        (Allowed(all_ip=False, networks=("10.1.0.0/16",)), Allowed(all_ip=False, networks=("10.0.0.0/8",)), False),
        (Allowed(all_ip=False, networks=("::/0",)), Allowed(all_ip=False, addresses=("10.0.0.1",)), False),
        (Allowed(all_ip=False), Allowed(all_ip=False), True),
        (Allowed(all_ip=False), Allowed(all_ip=False, addresses=("what is none",)), True),
    ],
)
def test_who_is_included(whole: Allowed, part: Allowed, expected: bool) -> None:
    assert whole.includes(part) is expected


def test_an_address_is_plain_however_it_is_written() -> None:
    assert plain_text("2001:DB8:0::1") == "2001:db8::1"
    assert plain_text("::ffff:192.0.2.1") == "192.0.2.1"
    assert plain_text("192.0.2.0/24") == "192.0.2.0/24"
    assert (plain_text("what is none"), plain_text("10.0.0.1/8")) == ("what is none", "10.0.0.1/8")
    assert plain_address("fe80::1%vmk0") == ip_address("fe80::1")
    assert plain_address(None) is plain_address("localhost") is None


def test_whoever_is_not_known_is_let_in_where_everybody_is() -> None:
    have = Firewall(rulesets={"api": ruleset("api")})
    narrowed = Firewall(rulesets={"api": ruleset("api", "192.0.2.0/24")})
    off = replace(have, rulesets={"api": ruleset("api", enabled=False)})

    assert shut_out(have, have, OURS, None) is None
    assert shut_out(have, narrowed, OURS, US) is None
    unknown = shut_out(have, narrowed, OURS, None)
    assert unknown is not None
    assert "its address is not known" in str(unknown)
    assert shut_out(have, off, OURS, US) is not None
