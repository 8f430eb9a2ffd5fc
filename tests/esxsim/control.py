# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""
The control endpoint: what a test does with the host behind its clients' backs, as JSON below ``/control/``.

It needs no login: it is there on the loopback interface alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from ipaddress import ip_address
from typing import Any

from . import schema
from .faults import FaultRule
from .http import HttpLog, Request, Response
from .machine import VirtualMachine
from .managed import key_of
from .scenario import POWER_STATES
from .scenario_schema import fault, question, question_rule
from .schema import SchemaError
from .tasks import Task
from .world import World

MAX_BODY = 1024 * 1024
Answer = dict[str, Any]


class Refused(Exception):
    """A request that cannot be carried out; ``status`` is HTTP's."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Control:
    """
    The handlers of ``/control``.

    ``log`` is the server's log of requests; it is set when the server is there.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.log: HttpLog | None = None
        self.handlers: Mapping[tuple[str, str], Callable[[Any], Answer]] = {
            ("GET", "calls"): self.calls,
            ("DELETE", "calls"): self.reset_calls,
            ("GET", "requests"): self.requests,
            ("GET", "sessions"): self.sessions,
            ("DELETE", "sessions"): self.expire_sessions,
            ("GET", "vms"): self.vms,
            ("GET", "tasks"): self.tasks,
            ("GET", "faults"): self.faults,
            ("POST", "faults"): self.add_fault,
            ("DELETE", "faults"): self.clear_faults,
            ("POST", "question"): self.raise_question,
            ("POST", "answer"): self.answer,
            ("POST", "power"): self.power,
            ("POST", "delete"): self.delete,
            ("POST", "restart"): self.restart,
            ("POST", "advance"): self.advance,
            ("GET", "clock"): self.clock,
        }

    def __call__(self, request: Request) -> Response:
        """Carry out one request."""
        name = request.path.removeprefix("/control").strip("/")
        try:
            if not ip_address(request.address).is_loopback:
                raise Refused(403, "the control endpoint is for this machine alone")
            handler = self.handlers.get((request.method, name))
            if handler is None:
                offered = ", ".join(f"{verb} /control/{one}" for verb, one in self.handlers)
                raise Refused(404, f"nothing is at {request.method} /control/{name}; there are {offered}")
            body = request.body.all(MAX_BODY)
            given = json.loads(body) if body.strip() else {}
            with self.world.lock:
                self.world.clock.run_due()
                return _json(200, handler(given))
        except Refused as refused:
            return _json(refused.status, {"error": str(refused)})
        except (SchemaError, ValueError) as error:
            return _json(400, {"error": str(error)})

    def calls(self, given: Any) -> Answer:
        """Every call of a method, in its order, and how often each was called."""
        records = [
            {"method": one.method, "moid": one.key.moid, "session": one.session, "at": one.at, "fault": one.fault}
            for one in self.world.calls
        ]
        counts: dict[str, int] = {}
        for one in records:
            counts[str(one["method"])] = counts.get(str(one["method"]), 0) + 1
        return {"calls": records, "counts": counts, "logins": self.world.sessions.logins}

    def reset_calls(self, given: Any) -> Answer:
        """Forget the logs."""
        self.world.calls.clear()
        self.world.sessions.logins = 0
        if self.log is not None:
            self.log.clear()
        return {}

    def requests(self, given: Any) -> Answer:
        """Every HTTP request, the ones to this endpoint left out."""
        records = [asdict(one) for one in self.log or () if not one.path.startswith("/control")]
        return {"requests": records, "count": len(records), "connections": len({one["connection"] for one in records})}

    def sessions(self, given: Any) -> Answer:
        """Who is logged in."""
        return {
            "sessions": [
                {
                    "key": one.key,
                    "user": one.user,
                    "address": one.address,
                    "user_agent": one.user_agent,
                    "calls": one.calls,
                }
                for one in self.world.sessions.alive()
            ]
        }

    def expire_sessions(self, given: Any) -> Answer:
        """End every session."""
        self.world.sessions.clear()
        return {}

    def vms(self, given: Any) -> Answer:
        """Every virtual machine with its state and its question."""
        return {"vms": [_shown(vm) for vm in self.world.of_type("VirtualMachine")]}

    def tasks(self, given: Any) -> Answer:
        """Every task that is still known."""
        return {"tasks": [_task(one) for one in self.world.of_type("Task")]}

    def faults(self, given: Any) -> Answer:
        """The fault rules in force."""
        return {"faults": [asdict(rule) for rule in self.world.faults.rules]}

    def add_fault(self, given: Any) -> Answer:
        """Add a fault rule, written as in a scenario."""
        self.world.faults.add(FaultRule(**fault(given, "")))
        return self.faults(given)

    def clear_faults(self, given: Any) -> Answer:
        """Take every fault rule away."""
        self.world.faults.clear()
        return {}

    def raise_question(self, given: Any) -> Answer:
        """Raise a question now, or with another ``during`` from the next such operation on."""
        vm, rest = self._vm(given)
        rest.setdefault("during", "now")
        rule = question_rule(question(rest, ""))
        if rule.during != "now":
            vm.rules.append(rule)
        elif vm.pending is not None:
            raise Refused(409, f"{vm.get('name')} asks already")
        else:
            vm.raise_question(rule)
        return {"vm": _shown(vm)}

    def answer(self, given: Any) -> Answer:
        """Answer as another client: ``answer`` is the key of a choice."""
        vm, rest = self._vm(given)
        found = schema.record({"answer": schema.any_text, "question_id": schema.any_text}, ("answer",))(rest, "")
        try:
            vm.answer(found["answer"], question_id=found.get("question_id"))
        except ValueError as error:
            raise Refused(409, str(error)) from error
        return {"vm": _shown(vm)}

    def power(self, given: Any) -> Answer:
        """Set the power state, without a task."""
        vm, rest = self._vm(given)
        found = schema.record({"state": schema.one_of(*POWER_STATES)}, ("state",))(rest, "")
        vm.turn(POWER_STATES[found["state"]])
        return {"vm": _shown(vm)}

    def delete(self, given: Any) -> Answer:
        """Take a virtual machine away."""
        vm, rest = self._vm(given)
        schema.record({})(rest, "")
        vm.vanish()
        return {}

    def restart(self, given: Any) -> Answer:
        """Restart the management agents: sessions are lost, tasks too unless kept, nobody is answered for a while."""
        found = schema.record({"seconds": schema.seconds, "keep_tasks": schema.flag})(given, "")
        seconds, keep_tasks = found.get("seconds", 0.0), found.get("keep_tasks", False)
        # The answer to this very request has to get out first.
        self.world.clock.call_later(0.1, lambda: self.world.restart(seconds, keep_tasks=keep_tasks))
        return {}

    def advance(self, given: Any) -> Answer:
        """Move the clock on."""
        found = schema.record({"seconds": schema.seconds}, ("seconds",))(given, "")
        self.world.clock.advance(found["seconds"])
        return self.clock(given)

    def clock(self, given: Any) -> Answer:
        """The clock: its mode, the seconds since the start, how many calls are waiting."""
        clock = self.world.clock
        return {"mode": clock.mode, "now": clock.now(), "next_due": clock.next_due(), "parked": clock.parked()}

    def _vm(self, given: Any) -> tuple[VirtualMachine, dict[str, Any]]:
        """Find the VM that ``vm`` names, by id or by its only name; the rest of what was given."""
        if not isinstance(given, dict) or "vm" not in given:
            raise Refused(400, "vm is missing: the id or the name of a virtual machine")
        wanted = str(given["vm"])
        found = [vm for vm in self.world.of_type("VirtualMachine") if wanted in (vm.moid, vm.get("name"))]
        exact = [vm for vm in found if vm.moid == wanted] or found
        if len(exact) != 1:
            ids = ", ".join(vm.moid for vm in exact)
            raise Refused(404 if not exact else 409, f"{len(exact)} virtual machines are {wanted!r} {ids}".rstrip())
        return exact[0], {key: value for key, value in given.items() if key != "vm"}


def _json(status: int, answer: Answer) -> Response:
    body = json.dumps(answer, default=str).encode() + b"\n"
    return Response(status, body, {"Content-Type": "application/json"})


def _shown(vm: VirtualMachine) -> Answer:
    question = vm.get("runtime.question")
    return {
        "moid": vm.moid,
        "name": vm.get("name"),
        "power_state": next(name for name, state in POWER_STATES.items() if state == vm.get("runtime.powerState")),
        "question": None if question is None else {"id": question.id, "text": question.text},
        "answered": [{"id": number, "answer": key} for number, key in vm.answered],
        "tasks": [ref._moId for ref in vm.get("recentTask")],
    }


def _task(task: Task) -> Answer:
    info = task.get("info")
    entity = task.entity
    return {
        "key": task.moid,
        "entity": None if entity is None else key_of(entity.ref).moid,
        "operation": info.descriptionId,
        "state": str(info.state),
        "cancelable": info.cancelable,
        "cancelled": info.cancelled,
        "error": None if info.error is None else type(info.error)._wsdlName,
    }
