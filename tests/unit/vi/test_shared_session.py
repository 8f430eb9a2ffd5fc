# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One login for many tasks: kept, shared, renewed when the host refuses it, and spoilt by none for another."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import ConnectError, LoginRefused, UntrustedHost
from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._vi import session_cache
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import connect
from ansible_collections.virt.esx.plugins.module_utils._vi.host import Host
from ansible_collections.virt.esx.plugins.module_utils._vi.shared_session import cache_of
from ansible_collections.virt.esx.plugins.module_utils._vi.watch import LONGEST_WAIT_SECONDS
from ansible_collections.virt.esx.plugins.modules import esx_vm_power
from ansible_collections.virt.esx.tests.esxsim import FaultRule
from ansible_collections.virt.esx.tests.esxsim.certificates import make_certificate
from ansible_collections.virt.esx.tests.esxsim.http import Server, serve
from ansible_collections.virt.esx.tests.esxsim.scenario import load_scenario
from ansible_collections.virt.esx.tests.esxsim.wire import Request, Response
from ansible_collections.virt.esx.tests.support.processes import importing
from ansible_collections.virt.esx.tests.support.worlds import params

SECONDS = 60
ONE = Selector(option="name", value="web01")
# What another process does; it says when it is ready, begins when it is told, and says what became of it.
PROGRAM = """
import json, sys
from ansible_collections.virt.esx.plugins.module_utils._flow.select import Selector
from ansible_collections.virt.esx.plugins.module_utils._vi.connection import connect
print("ready", flush=True)
sys.stdin.readline()
warnings = []
with connect(json.loads(sys.argv[1]), warn=warnings.append) as host:
    found = host.lookup_vms(Selector(option="name", value="web01"))
    print("working", flush=True)
    if sys.argv[2] == "stay":
        sys.stdin.readline()
print(json.dumps([len(found), warnings]), flush=True)
"""


@pytest.fixture
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which sessions are kept, empty as it is."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    return tmp_path / "virt.esx"


@pytest.fixture
def server(runtime: Path) -> Iterator[Server]:
    del runtime
    with serve(load_scenario({"vms": [{"name": "web01"}, {"name": "web02"}], "defaults": {"task_seconds": 0}})) as one:
        yield one


def options(server: Server, **given: Any) -> dict[str, Any]:
    world = server.world
    basis = params(
        esx_vm_power,
        hostname="127.0.0.1",
        port=server.port,
        username=world.username,
        password=world.password,
        thumbprint=server.thumbprint,
        connect_timeout=2,
        persist_session=True,
    )
    return {**basis, **given}


@contextmanager
def connected(server: Server, warnings: list[str] | None = None, **given: Any) -> Iterator[Host]:
    """Connect as a task does; it warns of nothing, or of what ``warnings`` then holds."""
    found: list[str] = []
    with connect(options(server, **given), warn=found.append) as host:
        yield host
    if warnings is None:
        assert found == []
    else:
        warnings += found


def look(server: Server, warnings: list[str] | None = None, **given: Any) -> None:
    """Do what a task does that finds nothing to change."""
    with connected(server, warnings, **given) as host:
        assert [item.vm.name for item in host.lookup_vms(ONE)] == ["web01"]


def power(server: Server, state: str, name: str = "web01") -> None:
    with connected(server) as host:
        result = esx_vm_power.run(options(server, name=name, state=state, timeout=30), host, check_mode=False)
    assert result.error is None


def the_file(runtime: Path) -> Path:
    """Return the one file in which a session is kept."""
    [found] = [path for path in runtime.iterdir() if not path.suffix]
    return found


def cookie_in(runtime: Path) -> str:
    return str(json.loads(the_file(runtime).read_bytes())["cookie"])


def test_the_second_task_takes_one_request_and_logs_in_no_more(server: Server) -> None:
    look(server)
    assert server.log.soap() == ["RetrieveServiceContent", "Login", "RetrievePropertiesEx"]

    server.log.clear()
    look(server)

    assert server.log.soap() == ["RetrievePropertiesEx"]
    assert len(server.world.sessions) == 1


def test_twenty_tasks_make_one_login(server: Server) -> None:
    for number in range(20):
        power(server, "powered-on" if number % 2 else "powered-off")

    assert server.world.sessions.logins == 1


def test_what_the_host_is_is_known_without_asking(server: Server) -> None:
    with connected(server) as host:
        first = host.session
        look(server)
        server.log.clear()
        with connected(server) as again:
            second = again.session
            assert second.is_vcenter is first.is_vcenter
            assert second.stub.versionId == first.stub.versionId
            fields = [info.name for info in first.about._GetPropertyList()]
            assert [getattr(second.about, name) for name in fields] == [getattr(first.about, name) for name in fields]
            for info in first.content._GetPropertyList():
                mine, theirs = getattr(second.content, info.name), getattr(first.content, info.name)
                if hasattr(theirs, "_moId"):
                    assert (type(mine), mine._moId) == (type(theirs), theirs._moId)
            assert second.content.alarmManager is None
            with pytest.raises(AttributeError):
                _unknown = second.content.nothingOfThatName

    assert server.log.soap() == []


def test_a_task_that_waits_takes_a_collector_of_its_own_and_leaves_no_filter_behind(server: Server) -> None:
    look(server)
    server.log.clear()

    power(server, "powered-on")

    assert server.log.soap()[:4] == [
        "RetrievePropertiesEx",
        "PowerOnVM_Task",
        "CreatePropertyCollector",
        "CreateFilter",
    ]
    assert server.log.soap()[-1] == "DestroyPropertyCollector"
    assert len(server.log.soap()) <= 8
    [session] = server.world.sessions.alive()
    assert [one for collector in session.collectors.values() for one in collector.filters] == []


def test_two_tasks_wait_side_by_side_in_one_session(server: Server) -> None:
    look(server)
    server.world.faults.add(FaultRule(method="PowerOnVM_Task", action="latency", seconds=0.2, count=None))
    done: list[str] = []

    def turn(name: str) -> None:
        for state in ("powered-on", "powered-off", "powered-on"):
            power(server, state, name)
            done.append(name)

    threads = [threading.Thread(target=turn, args=(name,)) for name in ("web01", "web02")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)

    assert sorted(done) == ["web01"] * 3 + ["web02"] * 3
    assert server.world.sessions.logins == 1


def test_a_session_that_the_host_ended_is_replaced(server: Server, runtime: Path) -> None:
    look(server)
    old = cookie_in(runtime)
    server.world.sessions.clear()
    server.log.clear()

    look(server)

    assert server.log.soap() == ["RetrievePropertiesEx", "RetrieveServiceContent", "Login", "RetrievePropertiesEx"]
    assert cookie_in(runtime) != old
    look(server)
    assert server.world.sessions.logins == 2


def test_a_session_that_ends_while_a_task_waits_is_replaced(server: Server) -> None:
    look(server)
    begun = time.monotonic()
    server.world.faults.add(FaultRule(method="CreateFilter", action="session-expiry"))
    power(server, "powered-on")
    server.world.faults.add(FaultRule(method="WaitForUpdatesEx", action="session-expiry"))
    power(server, "powered-off")
    server.world.faults.add(FaultRule(method="CreatePropertyCollector", action="session-expiry"))
    power(server, "powered-on")

    assert server.world.sessions.logins == 4
    assert len(server.world.sessions) == 1
    assert time.monotonic() - begun < LONGEST_WAIT_SECONDS, "what was seen on the way back was not looked at"


def test_who_is_refused_takes_the_session_that_another_has_begun(server: Server) -> None:
    with connected(server) as first:
        server.world.sessions.clear()
        look(server)
        assert server.world.sessions.logins == 2

        first.lookup_vms(ONE)

    assert server.world.sessions.logins == 2


def test_a_kept_session_that_ended_too_is_no_failure(server: Server, runtime: Path) -> None:
    with connected(server) as first:
        record = json.loads(the_file(runtime).read_bytes())
        server.world.sessions.clear()
        # What another process has kept meanwhile has ended as well.
        the_file(runtime).write_text(json.dumps({**record, "cookie": "vmware_soap_session=0123456789"}), "utf-8")

        first.lookup_vms(ONE)

    assert server.world.sessions.logins == 2


def test_a_read_that_misses_everything_for_want_of_a_login_is_a_refusal(server: Server) -> None:
    look(server)
    server.world.sessions.clear()
    right = server.routes["/sdk"]
    fault = '<fault xsi:type="NotAuthenticated"><object type="Folder">ha-folder-root</object>'
    missing = f"<path>name</path><fault>{fault}<privilegeId>System.View</privilegeId></fault></fault>"
    answer = (
        '<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope '
        'xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body>'
        '<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects><obj type="Folder">ha-folder-root</obj>'
        f"<missingSet>{missing}</missingSet></objects></returnval></RetrievePropertiesExResponse></soapenv:Body></soapenv:Envelope>"
    )

    def lenient(request: Request) -> Response:
        response = right(request)
        if response.soap_method == "RetrievePropertiesEx" and response.status == 500:
            return Response(200, answer.encode(), soap_method=response.soap_method)
        return response

    server.routes["/sdk"] = lenient
    look(server)

    assert server.world.sessions.logins == 2


def test_a_refused_login_leaves_no_refused_session_behind(server: Server, runtime: Path) -> None:
    look(server)
    server.world.sessions.clear()

    with pytest.raises(LoginRefused), connected(server, password="wrong-password") as host:
        host.lookup_vms(ONE)

    assert [path for path in runtime.iterdir() if not path.suffix] == []


def test_a_task_that_fails_leaves_the_session_usable(server: Server) -> None:
    with pytest.raises(RuntimeError), connected(server):
        raise RuntimeError("the module failed")
    look(server)

    assert server.world.sessions.logins == 1


@pytest.mark.parametrize("action", ["drop-after", "drop-before", "truncate", "garbage", "http-503"])
def test_a_login_whose_reply_is_lost_ends_in_one_kept_session(server: Server, action: str) -> None:
    server.world.faults.add(FaultRule(method="Login", action=action))

    look(server)
    look(server)

    assert [call.method for call in server.world.calls].count("Login") == 2
    assert server.log.soap()[-2:] == ["RetrievePropertiesEx", "RetrievePropertiesEx"]


def test_every_trust_has_a_session_of_its_own(server: Server) -> None:
    look(server)
    look(server, thumbprint=None, validate_certs=False)
    look(server)

    assert server.world.sessions.logins == 2


def test_the_certificate_is_compared_before_a_kept_cookie_is_sent(server: Server, tmp_path: Path) -> None:
    look(server)
    renewed = make_certificate(tmp_path / "renewed")
    assert server._context is not None
    server._context.load_cert_chain(renewed.cert, renewed.key)
    server.log.clear()

    with pytest.raises(UntrustedHost), connected(server) as host:
        host.lookup_vms(ONE)

    assert len(server.log) == 0


def test_where_nothing_can_be_kept_a_task_logs_in_and_out(server: Server, runtime: Path) -> None:
    runtime.mkdir(mode=0o755)
    runtime.chmod(0o755)
    warnings: list[str] = []

    look(server, warnings)
    power_on = options(server, name="web01", state="powered-on", timeout=30)
    with connected(server, warnings) as host:
        assert esx_vm_power.run(power_on, host, check_mode=False).error is None

    assert len(server.world.sessions) == 0
    assert server.world.sessions.logins == 2
    assert {warning.rpartition(": ")[2] for warning in warnings} == {"its folder is open to others (mode 0755)"}
    assert list(runtime.iterdir()) == []


def test_a_task_that_waited_for_the_lock_in_vain_logs_in_and_out(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_cache, "LOCK_SECONDS", 0.1)
    warnings: list[str] = []
    with cache_of(options(server), warnings.append).locked() as is_locked:
        assert is_locked
        look(server, warnings)

    assert len(warnings) == 1
    assert len(server.world.sessions) == 0


def test_a_spoilt_file_is_a_warning_and_heals(server: Server, runtime: Path) -> None:
    look(server)
    the_file(runtime).write_bytes(b"{}")
    warnings: list[str] = []

    look(server, warnings)
    look(server)

    assert [warning.rpartition(": ")[2] for warning in warnings] == ["it is damaged, or of another version"]
    assert server.world.sessions.logins == 2


def test_a_host_that_cannot_be_reached_keeps_nobody_waiting_for_the_lock(server: Server, runtime: Path) -> None:
    given = options(server)
    server.close()

    with pytest.raises(ConnectError), connect(given):
        pass

    assert not runtime.exists()


def test_the_cookie_is_told_to_whoever_hides_it(server: Server, runtime: Path) -> None:
    for _task in range(2):
        hidden: list[str] = []
        with connect(options(server), hide=hidden.append) as host:
            host.lookup_vms(ONE)
        [session] = server.world.sessions.alive()
        assert session.cookie in hidden

    assert server.world.password not in the_file(runtime).read_text("utf-8")


def test_a_session_that_is_not_asked_for_is_neither_used_nor_kept(server: Server, runtime: Path) -> None:
    look(server, persist_session=False)
    assert not runtime.exists()
    look(server)
    look(server, persist_session=False)

    assert server.world.sessions.logins == 3
    assert len(server.world.sessions) == 1


class Worker:
    """Another process that does as a task does."""

    def __init__(self, given: Mapping[str, Any], *, stay: bool = False) -> None:
        tree = str(Path(str(session_cache.__file__)).parents[6])
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, json.dumps(given), "stay" if stay else "go"],
            env=importing(tree),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hears(self) -> str:
        """Return the next line that it says."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def goes_on(self) -> None:
        """Let it go on."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def ends(self) -> tuple[Any, str]:
        """Return what it said last, and its errors."""
        output, errors = self.process.communicate(timeout=SECONDS)
        return json.loads(output.splitlines()[-1]) if output.strip() else None, errors


@contextmanager
def workers(given: Mapping[str, Any], count: int, *, stay: bool = False) -> Iterator[Sequence[Worker]]:
    """Start processes, ready to begin at once; none is left at the end."""
    started = [Worker(given, stay=stay) for _number in range(count)]
    try:
        for worker in started:
            assert worker.hears() == "ready"
        yield started
    finally:
        for worker in started:
            if worker.process.poll() is None:
                worker.process.kill()
            worker.process.communicate(timeout=SECONDS)


def test_eight_processes_at_once_make_one_login(server: Server) -> None:
    server.world.faults.add(FaultRule(method="Login", action="latency", seconds=0.3, count=None))
    with workers(options(server), 8) as started:
        for worker in started:
            worker.goes_on()
        said = [worker.ends() for worker in started]

    assert said == [([1, []], "")] * 8
    assert server.world.sessions.logins == 1
    assert len(server.world.sessions) == 1


def test_eight_processes_whose_session_is_revoked_make_one_login_more(server: Server) -> None:
    with workers(options(server), 8) as started:
        look(server)
        server.world.sessions.clear()
        for worker in started:
            worker.goes_on()
        said = [worker.ends() for worker in started]

    assert said == [([1, []], "")] * 8
    assert server.world.sessions.logins == 2


def test_a_killed_process_leaves_a_usable_session(server: Server) -> None:
    with workers(options(server), 1, stay=True) as [worker]:
        worker.goes_on()
        assert worker.hears() == "working"
        worker.process.kill()
        worker.process.wait(SECONDS)
    look(server)

    assert server.world.sessions.logins == 1


def test_a_process_that_is_killed_while_it_logs_in_is_in_nobody_s_way(server: Server, runtime: Path) -> None:
    server.world.faults.add(FaultRule(method="Login", action="latency", seconds=2, count=1))
    with workers(options(server), 1) as [worker]:
        worker.goes_on()
        while "RetrieveServiceContent" not in server.log.soap():
            assert worker.process.poll() is None
        worker.process.kill()
        worker.process.wait(SECONDS)
    look(server)
    look(server)

    assert [path.suffix for path in sorted(runtime.iterdir())] == ["", ".lock"]
