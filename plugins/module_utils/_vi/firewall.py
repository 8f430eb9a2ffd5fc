# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The firewall of a host: read in one round trip on ESXi and in two under a vCenter, changed in one call for each change.

Source: vim.host.FirewallSystem. Laws: nothing is sent twice without a look, and when one change fails, those before it
are taken back; what could not be taken back is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .._errors import ConnectionLost, EsxError, NotFound, PlanError
from .._flow.firewall import POLICY, Address, Allowed, Firewall, Rule, Ruleset, plain_address, plain_text
from .._flow.firewall_plan import OURS, VCENTERS, Change, changes_between, diff_of, foresee, shut_out, wished
from .._flow.firewall_wish import FirewallWish
from . import sdk
from .iscsi_read import meant_host
from .properties import all_hosts, objects, read, walk_step
from .reader import Row

if TYPE_CHECKING:
    from .connection import Session

SYSTEM = "configManager.firewallSystem"
_PLACES: Mapping[str, Iterable[str]] = {
    "Folder": ("name", "parent"),
    "Datacenter": ("name", "parent"),
    "ComputeResource": ("name", "parent"),
    "HostSystem": ("name", "parent"),
}
_FIREWALL: Mapping[str, Iterable[str]] = {
    "HostSystem": ("name", "parent", SYSTEM, "summary.managementServerIp"),
    "HostFirewallSystem": ("firewallInfo",),
    "SessionManager": ("currentSession.ipAddress",),
}


@dataclass(frozen=True, kw_only=True)
class FirewallHost:
    """One host as it was read; ``client`` is the address from which it is managed, None: nobody says."""

    name: str
    moid: str
    system: Any
    have: Firewall
    client: Address | None


@dataclass(frozen=True, kw_only=True)
class FirewallResult:
    """What came of it: the firewall as it was and as it is now (in check mode: would be), and a failure."""

    host: FirewallHost
    after: Firewall
    names: Sequence[str] | None
    error: EsxError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the module's result."""
        before, after = diff_of(self.host.have, self.after)
        names = self.after.rulesets if self.names is None else self.names
        shown = [self.after.rulesets[name].shown() for name in names if name in self.after.rulesets]
        client = self.host.client
        return {
            "changed": bool(before or after),
            "diff": {"before": before, "after": after},
            "host": {"name": self.host.name, "moid": self.host.moid},
            "rulesets": shown,
            **({"ruleset": shown[0]} if self.names is not None and len(shown) == 1 else {}),
            "default_policy": {name: self.after.policy.get(name) for name in POLICY},
            "client_address": None if client is None else str(client),
        }


def bring_about(
    session: Session, wish: FirewallWish, *, datacenter: str | None, esxi_hostname: str | None, check_mode: bool
) -> FirewallResult:
    """Make it so on one host, or only foresee it."""
    host = _lookup(session, wish, datacenter=datacenter, esxi_hostname=esxi_hostname)
    if wish.refresh and not check_mode:
        session.call(host.system, "RefreshFirewall")
        host = _look_again(session, host)
    ways = VCENTERS if session.is_vcenter else OURS
    want = wished(host.have, wish)
    lost = shut_out(host.have, want, ways, host.client)
    if lost is not None and not wish.force:
        raise lost
    changes = changes_between(host.have, want, ways, host.client)
    names = None if wish.rulesets is None else [one.name for one in wish.rulesets]
    if check_mode or not changes:
        return FirewallResult(host=host, after=foresee(host.have, changes), names=names)
    after, error = _do(session, host, changes, may_look=lost is None)
    return FirewallResult(host=host, after=after, names=names, error=error)


def _do(
    session: Session, host: FirewallHost, changes: Sequence[Change], *, may_look: bool
) -> tuple[Firewall, EsxError | None]:
    """Make the changes; where one fails, take back those before it. Unless ``may_look``, nobody may answer then."""
    for number, change in enumerate(changes):
        try:
            _send_surely(session, host, change, foresee(host.have, changes[: number + 1]))
        except EsxError as error:
            return _take_back(session, host, changes[: number + 1], error)
    if may_look:
        # The host has said yes to each of them; that it says nothing more takes nothing from that.
        with suppress(EsxError):
            return _look_again(session, host).have, None
    return foresee(host.have, changes), None


def _send_surely(session: Session, host: FirewallHost, change: Change, expected: Firewall) -> None:
    """Send one change; where the reply is lost, the host's firewall says whether it was made."""
    try:
        _send(session, host.system, change)
    except ConnectionLost:
        if _look_again(session, host).have != expected:
            raise


def _send(session: Session, system: Any, change: Change) -> None:
    kinds = sdk.vim.host
    if change.policy is not None:
        names = {"incoming_blocked": "incomingBlocked", "outgoing_blocked": "outgoingBlocked"}
        said = {names[name]: value for name, value in change.policy.items()}
        policy = kinds.FirewallInfo.DefaultPolicy(**said)
        session.call(system, "UpdateDefaultPolicy", defaultPolicy=policy)
    elif change.ruleset is not None and change.verb == "allow":
        spec = kinds.Ruleset.RulesetSpec(allowedHosts=_ip_list(change.ruleset.allowed))
        session.call(system, "UpdateRuleset", id=change.ruleset.name, spec=spec)
    elif change.ruleset is not None:
        session.call(system, f"{change.verb.capitalize()}Ruleset", id=change.ruleset.name)


def _ip_list(allowed: Allowed) -> Any:
    kinds = sdk.vim.host.Ruleset
    networks = [one.rpartition("/") for one in allowed.networks]
    return kinds.IpList(
        allIp=allowed.all_ip,
        ipAddress=list(allowed.addresses),
        ipNetwork=[kinds.IpNetwork(network=network, prefixLength=int(prefix)) for network, _slash, prefix in networks],
    )


def _take_back(
    session: Session, host: FirewallHost, tried: Sequence[Change], error: EsxError
) -> tuple[Firewall, EsxError]:
    """Undo what was done; return the firewall as it then is, and the failure, which tells of it."""
    touched = {change.ruleset.name for change in tried if change.ruleset is not None}
    now = foresee(host.have, tried[:-1])
    try:
        now = _look_again(session, host).have
        # What somebody else has changed meanwhile is none of ours.
        wanted = replace(
            now,
            rulesets={**now.rulesets, **{name: host.have.rulesets[name] for name in touched if name in now.rulesets}},
            policy=host.have.policy if any(change.policy for change in tried) else now.policy,
        )
        back = changes_between(now, wanted, OURS, host.client)
        for number, change in enumerate(back):
            _send_surely(session, host, change, foresee(now, back[: number + 1]))
        if back:
            now = wanted
    except EsxError:
        done = [change.text for change in tried[:-1]]
        return now, _told(error, f"done before and not taken back: {'; '.join(done) or 'nothing'}", done=done)
    before = "; what was changed before has been taken back" if back else ""
    return now, _told(error, f"nothing is changed{before}", done=[])


def _told(error: EsxError, words: str, *, done: Sequence[str]) -> EsxError:
    return type(error)(f"{error} ({words})", **{**error.details, "done": list(done)})


def _lookup(session: Session, wish: FirewallWish, *, datacenter: str | None, esxi_hostname: str | None) -> FirewallHost:
    """
    Return the host that is meant.

    Raises:
        NotFound, Ambiguous: there is none such, or several.
        PlanError: the host does not let its firewall be seen.
    """
    steps = [walk_step("folder", "Folder", "childEntity", "folder", "hosts", "members"), *all_hosts()]
    start = [session.content.rootFolder]
    if session.is_vcenter:
        places = read(session, objects(start, *steps), _PLACES)
        moid = meant_host(places, datacenter=datacenter, esxi_hostname=esxi_hostname).moid
        rows = _read_one(session, moid)
        return _host(session, rows, _only(rows, moid), wish)
    onward = [*steps[:-1], walk_step("members", "ComputeResource", "host", "firewall"), _to_firewall()]
    manager = objects([session.content.sessionManager])
    rows = read(session, [*objects(start, *onward), *manager], {**_PLACES, **_FIREWALL})
    return _host(session, rows, meant_host(rows, datacenter=datacenter, esxi_hostname=esxi_hostname), wish)


def _to_firewall() -> Any:
    return walk_step("firewall", "HostSystem", SYSTEM)


def _read_one(session: Session, moid: str) -> list[Row]:
    return read(session, objects([session.reference("HostSystem", moid)], _to_firewall()), _FIREWALL)


def _look_again(session: Session, host: FirewallHost) -> FirewallHost:
    rows = _read_one(session, host.moid)
    found = _host(session, rows, _only(rows, host.moid), FirewallWish(client=host.client))
    return replace(found, client=host.client)


def _only(rows: Iterable[Row], moid: str) -> Row:
    for row in rows:
        if (row.type_name, row.moid) == ("HostSystem", moid):
            return row
    raise NotFound(f"the host {moid} is not there any more", missing=[moid])


def _host(session: Session, rows: Sequence[Row], row: Row, wish: FirewallWish) -> FirewallHost:
    system, name = row.values.get(SYSTEM), str(row.values["name"])
    moid = getattr(system, "_moId", "")
    said = next((one.values.get("firewallInfo") for one in rows if one.moid == moid), None)
    if system is None or said is None:
        raise PlanError(
            f"the host '{name}' does not tell of its firewall: is it connected, and may the account see it?"
        )
    sessions = next((one.values for one in rows if one.type_name == "SessionManager"), {})
    # A vCenter does the work on the host, from where it is.
    peer = row.values.get("summary.managementServerIp") if session.is_vcenter else None
    client = wish.client or plain_address(peer or sessions.get("currentSession.ipAddress"))
    return FirewallHost(
        name=name,
        moid=row.moid,
        system=session.reference("HostFirewallSystem", moid),
        have=firewall_of(said),
        client=client,
    )


def firewall_of(said: Any) -> Firewall:
    """Return our form of vim.host.FirewallInfo."""
    policy = said.defaultPolicy
    return Firewall(
        rulesets={str(one.key): _ruleset(one) for one in said.ruleset or ()},
        policy={"incoming_blocked": policy.incomingBlocked, "outgoing_blocked": policy.outgoingBlocked},
    )


def _ruleset(one: Any) -> Ruleset:
    return Ruleset(
        name=str(one.key),
        label=str(one.label),
        enabled=bool(one.enabled),
        required=bool(one.required),
        service=one.service or None,
        rules=tuple(
            Rule(
                direction=str(rule.direction),
                protocol=str(rule.protocol),
                port=int(rule.port),
                end_port=rule.endPort,
                port_type=str(rule.portType or "dst"),
            )
            for rule in one.rule or ()
        ),
        allowed=_allowed(one.allowedHosts),
        # An API that is older than these does not say it.
        switchable=getattr(one, "userControllable", None),
        narrowable=getattr(one, "ipListUserConfigurable", None),
    )


def _allowed(said: Any) -> Allowed:
    if said is None:
        return Allowed()
    return Allowed(
        all_ip=bool(said.allIp),
        addresses=tuple(plain_text(str(one)) for one in said.ipAddress or ()),
        networks=tuple(plain_text(f"{one.network}/{one.prefixLength}") for one in said.ipNetwork or ()),
    )
