# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a scenario file may say, and rules made of it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from . import devicekeys, schema
from .faults import ACTIONS, FaultRule
from .firewall import FIREWALL
from .guest import TOOLS
from .iscsi_profile import ISCSI
from .known_questions import KNOWN_QUESTIONS
from .nic_profile import PNICS, VMKERNEL, mac
from .power import TASK_METHODS
from .profile import VERSIONS
from .questions import EFFECTS, OPERATIONS, Choice, Effect, FailureRule, OtherClient, QuestionRule, make_fault
from .scenario_vms import pattern
from .schema import SchemaError, any_text, flag, listed, mapped, nullable, one_of, record, seconds, text, whole, wrong


def _uuid(value: Any, path: str) -> str:
    try:
        return str(uuid.UUID(value))
    except (AttributeError, TypeError, ValueError):
        raise wrong(path, value, "a UUID such as 564d0000-0000-0000-0000-000000000001") from None


def _version(value: Any, path: str) -> str:
    given = str(value) if isinstance(value, (str, float)) else ""
    if given not in VERSIONS:
        raise wrong(path, value, "one of " + ", ".join(VERSIONS))
    return given


def _fault(value: Any, path: str) -> str:
    try:
        make_fault(schema.text(value, path), {})
    except ValueError:
        raise wrong(path, value, "the name of a fault, for example vim.fault.NoDiskSpace") from None
    except TypeError:
        pass  # It needs fields, which may stand beside it.
    return str(value)


def _memory(value: Any, path: str) -> int:
    number: int = whole(4, 24 * 1024 * 1024)(value, path)
    if number % 4:
        raise wrong(path, value, "a multiple of 4")
    return number


EFFECT_FIELDS = {
    "then": one_of(*EFFECTS),
    "times": whole(),
    "fault": _fault,
    "fields": mapped(schema.anything),
}
CHOICE = record({"key": any_text, "label": text, "summary": text, **EFFECT_FIELDS}, ("label",))


def _effect(value: Any, path: str) -> dict[str, Any]:
    return {"then": one_of(*EFFECTS)(value, path)} if isinstance(value, str) else record(EFFECT_FIELDS)(value, path)


QUESTION = record(
    {
        "question": any_text,
        "during": one_of(*OPERATIONS),
        "task": one_of(*TASK_METHODS),
        "delay": seconds,
        "skip": whole(),
        "count": whole(1),
        "text": text,
        "message_ids": listed(text),
        "messages": flag,
        "choices": listed(CHOICE),
        "default": nullable(whole(-1)),
        "answers": mapped(_effect),
        "id": any_text,
        "cancelable": flag,
        "other_client": record({"answer": any_text, "after": seconds}, ("answer",)),
    }
)


def question(value: Any, path: str) -> dict[str, Any]:
    """Read a question: a mapping, or only the name of a known one."""
    given = {"question": value} if isinstance(value, str) else value
    found: dict[str, Any] = QUESTION(given, path)
    name = found.get("question")
    if name is None and "text" not in found:
        raise wrong(path, None, "a question with either question (a known one) or text")
    if name is not None and name not in KNOWN_QUESTIONS and "text" not in found:
        raise wrong(f"{path}.question", name, "one of " + ", ".join(KNOWN_QUESTIONS) + "; or give it a text")
    if name not in KNOWN_QUESTIONS and "during" not in found:
        raise wrong(path, None, "a question that has during, one of " + ", ".join(OPERATIONS))
    try:
        rule = question_rule(found)
    except (KeyError, TypeError, ValueError) as error:
        raise SchemaError(f"{path}: {error}") from error
    if rule.task is not None and rule.during != "now":
        raise wrong(f"{path}.task", rule.task, "a task only where during is now")
    other = rule.other_client
    if other is not None and rule.choice(other.answer) is None:
        raise wrong(f"{path}.other_client.answer", other.answer, "one of the keys of the choices")
    return found


def question_rule(found: Mapping[str, Any]) -> QuestionRule:
    """Make the rule of a question that was read."""
    known = KNOWN_QUESTIONS.get(found.get("question", ""))
    ids = found.get("message_ids", [found["question"]] if "question" in found else [])
    if "choices" in found:
        choices = tuple(_choice(index, one) for index, one in enumerate(found["choices"]))
    else:
        choices = known.choices if known is not None else ()
    for name, effect in found.get("answers", {}).items():
        if not any(name.lower() in _names(one) for one in choices):
            offered = ", ".join(f"{one.key} ({one.label})" for one in choices)
            raise ValueError(f"answers.{name}: there is no such choice, allowed are {offered}")
        choices = tuple(_with(one, effect) if name.lower() in _names(one) else one for one in choices)
    if known is not None:
        wording = found.get("text", f"{found['question']}:{known.text}")
        default = found.get("default", known.default if "choices" not in found else None)
    else:
        wording, default = found["text"], found.get("default")
    return QuestionRule(
        during=found.get("during", known.during if known is not None else "now"),
        text=wording,
        message_ids=ids,
        choices=choices,
        default=default,
        delay=found.get("delay", 0.0),
        skip=found.get("skip", 0),
        count=found.get("count"),
        messages=found.get("messages", True),
        id=found.get("id"),
        cancelable=found.get("cancelable", False),
        task=found.get("task"),
        other_client=OtherClient(**found["other_client"]) if "other_client" in found else None,
    )


def _names(one: Choice) -> set[str]:
    return {one.key.lower(), one.label.lower(), one.summary.lower()}


def _choice(index: int, one: Mapping[str, Any]) -> Choice:
    return Choice(
        key=one.get("key", str(index)),
        label=one["label"],
        summary=one.get("summary", one["label"].replace("_", "")),
        effect=_made(one),
    )


def _made(one: Mapping[str, Any]) -> Effect:
    given = {name: one[name] for name in ("fault", "fields", "times") if name in one}
    effect = Effect(what=one.get("then", "fail" if "fault" in one else "continue"), **given)
    if effect.what == "fail":
        make_fault(effect.fault, effect.fields)
    return effect


def _with(choice: Choice, effect: Mapping[str, Any]) -> Choice:
    return Choice(key=choice.key, label=choice.label, summary=choice.summary, effect=_made(effect))


def _content(value: Any, path: str) -> Any:
    """Read a file: its text, or how many zeros it holds."""
    return record({"bytes": whole()}, ("bytes",))(value, path) if isinstance(value, dict) else any_text(value, path)


def failure_rule(found: Mapping[str, Any]) -> FailureRule:
    """Make the rule of a failure that was read."""
    return FailureRule(**found)


def _failure(value: Any, path: str) -> dict[str, Any]:
    fields = {
        "during": one_of(*(one for one in OPERATIONS if one != "now")),
        "fault": _fault,
        "fields": mapped(schema.anything),
        "delay": seconds,
        "skip": whole(),
        "count": nullable(whole(1)),
    }
    found: dict[str, Any] = record(fields, ("during", "fault"))(value, path)
    try:
        make_fault(found["fault"], found.get("fields", {}))
    except (TypeError, ValueError, AttributeError) as error:
        raise SchemaError(f"{path}: {error}") from error
    return found


def fault(value: Any, path: str) -> dict[str, Any]:
    """Read a fault rule."""
    found: dict[str, Any] = record(
        {
            "method": text,
            "moid": any_text,
            "skip": whole(),
            "count": nullable(whole(1)),
            "action": text,
            "seconds": seconds,
            "after_bytes": whole(),
            "fields": mapped(schema.anything),
            "keep_tasks": flag,
        },
        ("action",),
    )(value, path)
    try:
        FaultRule(**found)
    except (TypeError, ValueError, AttributeError) as error:
        raise wrong(f"{path}.action", found["action"], ", ".join(ACTIONS) + f", or fault NAME ({error})") from error
    return found


# How a machine behaves, whoever made it.
BEHAVIOUR = {
    "tools": one_of(*TOOLS),
    "hostname": text,
    "ip_addresses": listed(schema.address),
    "guest_shutdown_seconds": seconds,
    "guest_boot_seconds": seconds,
    "guest_ignores_shutdown": flag,
    "guest_locks_cdrom": flag,
    "task_seconds": seconds,
    "cancelable": flag,
    "questions": listed(question),
    "failures": listed(_failure),
}
VM = record(
    {
        "name": pattern,
        "count": whole(1, 100_000),
        "power_state": one_of("powered-on", "powered-off", "suspended"),
        "folder": text,
        "datastore": text,
        "cpus": whole(1, 768),
        "cores_per_socket": whole(1, 768),
        "memory_mib": _memory,
        "guest_id": text,
        "annotation": any_text,
        "hardware_version": whole(4, 22),
        "firmware": one_of("bios", "efi"),
        "uuid": _uuid,
        "instance_uuid": _uuid,
        "disks": listed(
            record(
                {
                    "size_gib": whole(1, 64 * 1024),
                    "thin": flag,
                    "file": text,
                    "mode": one_of("persistent", "independent_persistent", "independent_nonpersistent"),
                }
            )
        ),
        "nics": listed(
            record({"network": text, "mac": mac, "model": one_of(*devicekeys.NIC_MODELS), "connected": flag})
        ),
        "scsi_controller": one_of(*devicekeys.SCSI_MODELS),
        "iso": text,
        "serial_files": listed(text),
        "snapshots": listed(text),
        "extra_config": mapped(any_text),
        **BEHAVIOUR,
    },
    ("name",),
)

DOCUMENT = record(
    {
        "host": record(
            {
                "name": text,
                "version": _version,
                "user": text,
                "password": any_text,
                "licence": one_of("standard", "free"),
                "full_history": flag,
                "decodes_twice": flag,
                "cpu_packages": whole(1, 64),
                "cpu_cores": whole(1, 1024),
                "cpu_threads": whole(1, 2048),
                "cpu_mhz": whole(100, 10_000),
                "cpu_model": text,
                "memory_bytes": whole(2**30),
                "vendor": text,
                "model": text,
                "pnics": whole(0, 32),
                "maintenance_mode": flag,
                "address": schema.address,
            }
        ),
        "clock": one_of("real", "manual", "auto"),
        "defaults": record(
            {"task_seconds": seconds, "copy_seconds": seconds, "latency": seconds, "guest_shutdown_seconds": seconds}
        ),
        "datastores": listed(
            record(
                {
                    "name": text,
                    "kind": one_of("vmfs", "nfs", "nfs41", "local"),
                    "capacity_gib": whole(0),
                    "free_gib": whole(0),
                    "accessible": flag,
                    "remote_host": text,
                    "remote_hosts": listed(text),
                    "remote_path": text,
                    "security_type": text,
                    "access_mode": one_of("read-write", "read-only"),
                    "files": mapped(_content),
                }
            )
        ),
        "more_hosts": listed(record({"name": text, "datastores": listed(text), "maintenance_mode": flag}, ("name",))),
        "disks": listed(
            record(
                {"name": text, "capacity_gib": whole(2), "ssd": flag, "local": flag, "holds": one_of("other")},
                ("name",),
            )
        ),
        "nfs_servers": listed(
            record(
                {
                    "name": text,
                    "exports": listed(text),
                    "kinds": listed(one_of("nfs", "nfs41")),
                    "capacity_gib": whole(1),
                    "free_gib": whole(),
                    "is_down": flag,
                },
                ("name",),
            )
        ),
        "iscsi": ISCSI,
        "pnics": PNICS,
        "vmkernel": VMKERNEL,
        "firewall": FIREWALL,
        "networks": listed(record({"name": text, "vswitch": text, "vlan_id": whole(0, 4095)})),
        "vms": listed(VM),
        "new_vms": record(BEHAVIOUR),
        "vmx_folder": text,
        "faults": listed(fault),
    }
)
