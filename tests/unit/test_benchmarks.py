# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The benchmarks measure what they say: figures, promises, page. How long something takes is tested nowhere here."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.virt.esx.tests.benchmarks import bench
from ansible_collections.virt.esx.tests.benchmarks.budgets import Budget, budgets
from ansible_collections.virt.esx.tests.benchmarks.charts import Group, chart
from ansible_collections.virt.esx.tests.benchmarks.contestants import (
    COMMUNITY,
    EMPTY,
    GOVC,
    MODULE,
    OURS,
    PING,
    PROGRAMS,
    SCRIPT,
    TASKS,
    VMWARE,
    Place,
)
from ansible_collections.virt.esx.tests.benchmarks.measuring import Cost, Costs, Simulator, simulator
from ansible_collections.virt.esx.tests.benchmarks.page import closing, lines, write
from ansible_collections.virt.esx.tests.benchmarks.results import Measured, Results, kept
from ansible_collections.virt.esx.tests.benchmarks.rows import all_on, all_rows, facts, power, scenario

ONE, QUIET = "power on 1 VM", "no latency"


def cost(seconds: float, **more: Any) -> Cost:
    return Cost(seconds=seconds, cpu=seconds / 2, peak_mib=40, **more)


def measured(seconds: Mapping[str, float], row: str = ONE, **more: Any) -> Measured:
    return Measured(row, QUIET, {name: Costs([cost(took, **more)]) for name, took in seconds.items()}, "power")


def results(*rows: Measured) -> Results:
    return Results("2 cores", [], 3, "It was shared.", 0.1, list(rows))


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Simulator, Path]]:
    """Serve a host with two machines that are off."""
    folder = tmp_path_factory.mktemp("bench")
    with simulator(scenario(power(2), QUIET), folder) as served:
        yield served, folder


def test_what_is_shown_of_several_runs_is_the_median() -> None:
    costs = Costs([cost(5, reaction=0.01), cost(1, reaction=0.03), cost(2)])

    assert costs.median("seconds") == 2
    assert costs.worst_reaction == 0.03


def test_a_play_stands_beside_our_play_and_a_program_beside_our_module() -> None:
    found = measured({OURS: 2, MODULE: 0.5, VMWARE: 3, GOVC: 0.1})

    assert (found.ratio(VMWARE), found.ratio(GOVC)) == (1.5, 0.2)
    assert (found.faster(PROGRAMS), found.faster(TASKS)) == ({GOVC: 0.2}, {})


def test_who_fails_has_no_ratio_and_says_why() -> None:
    broken = Costs([Cost(seconds=0.1, cpu=0, peak_mib=1, failure="the question stands")])
    found = Measured(ONE, QUIET, {OURS: Costs([cost(1)]), VMWARE: broken})

    assert found.ratio(VMWARE) is None
    assert f"    {VMWARE} fails: the question stands" in lines(found)


def test_a_promise_is_met_or_not() -> None:
    one = measured({OURS: 1.4, PING: 1, EMPTY: 0.5}, requests=9, logins=1)
    hundred = measured({OURS: 2, COMMUNITY: 80, MODULE: 1, SCRIPT: 0.5}, "power on 100 VMs", requests=110, logins=1)
    found = {budget.work: budget for budget in budgets(results(one, hundred))}

    def verdict(work: str) -> tuple[str, str]:
        budget: Budget = found[f"{work}"]
        return budget.measured, budget.verdict

    assert verdict(f"{ONE} (no latency): requests") == ("9", "NOT met")
    assert verdict(f"{ONE} (no latency): time beside a task of {PING}") == ("1.80 x", "met")
    assert verdict("power on 100 VMs (no latency): requests") == ("110", "met")
    assert verdict("power on 100 VMs (no latency): time beside a script") == ("2.00 x", "NOT met")
    assert verdict(f"power on 100 VMs (no latency): faster than {COMMUNITY}") == ("40.0 x", "met")


def test_the_page_shows_rows_promises_and_who_is_faster(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.rst"
    found = results(measured({OURS: 1, MODULE: 0.5, VMWARE: 2, GOVC: 0.1}, requests=7, logins=1))
    write(page, found)
    text = page.read_text("utf-8")

    assert "Measured on 2 cores." in text
    assert "It was shared." in text
    assert "power on 1 VM (no latency): govc 0.20" in " ".join(closing(found))
    assert ".. image:: benchmarks-power-no-latency.svg" in text
    assert [path.name for path in tmp_path.glob("*.svg")] == ["benchmarks-power-no-latency.svg"]
    rules = [line for line in text.splitlines() if line.startswith("===") and " " in line]
    assert len(rules) % 3 == 0


def test_a_chart_has_a_bar_for_each() -> None:
    drawn = ET.fromstring(chart("a <b>", [Group("one", {OURS: 1, GOVC: 0.5}), Group("two", {OURS: 3})], [OURS]))
    wide = [float(each.attrib["width"]) for each in drawn.iter("{http://www.w3.org/2000/svg}rect")]

    assert len(wide) == 4
    assert wide[1] == 2 * wide[2] == wide[3]


def test_figures_that_were_kept_are_read_again(tmp_path: Path) -> None:
    found = results(measured({OURS: 1, GOVC: 0.1}))
    found.add(measured({OURS: 3}, "already on"))
    found.add(measured({OURS: 2}))
    found.keep(tmp_path / "kept.json")

    assert kept(tmp_path / "kept.json") == found
    assert [row.row for row in found.rows] == [ONE, "already on"]


def test_every_row_names_ours_and_the_limit() -> None:
    rows = all_rows(is_long=False)

    assert len({row.name for row in rows}) == len(rows)
    assert all(OURS in row.ways for row in rows)
    assert all(SCRIPT in row.ways for row in rows if row.family in ("power", "facts", "create"))


def test_our_module_and_the_script_power_on_all(host: tuple[Simulator, Path]) -> None:
    served, folder = host
    row, place = power(2), Place(served.ready, folder)
    for name in (MODULE, SCRIPT):
        row.prepare(served)
        found = served.measure(row.ways[name](place), check=all_on)

        assert found.failure is None
        assert (found.logins, 0 < found.requests < 14) == (1, True)
        assert found.seconds > 0 < found.cpu
        assert found.peak_mib > 5 < found.kilobytes


def test_who_did_not_do_the_work_fails(host: tuple[Simulator, Path]) -> None:
    served, folder = host
    served.power("powered-off")
    found = served.measure(facts(2).ways[SCRIPT](Place(served.ready, folder)), check=all_on)

    assert found.failure == "2 virtual machines are not on"


def test_loops_that_take_minutes_are_left_out_unless_wanted() -> None:
    chosen = {row.name: names for row, _profile, names in bench.chosen(bench.arguments(["--profile", QUIET]))}

    assert VMWARE not in chosen["power on 500 VMs"]
    assert OURS in chosen["power on 500 VMs"]
