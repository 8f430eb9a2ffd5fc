# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Units: what is made coarser is rounded up, and dates are seconds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx import units
from ansible_collections.virt.esx.tests.unit.vmx.corpus import CORPUS, MISSING
from hypothesis import given
from hypothesis import strategies as st

AMOUNTS = st.integers(0, 2**63)


def _zone(ahead: timedelta) -> timezone:
    return timezone(timedelta(minutes=ahead // timedelta(minutes=1)))


@pytest.mark.parametrize(
    ("convert", "given_amount", "expected"),
    [
        (units.mib_to_kib, 32, 32768),
        (units.mib_to_bytes, 2, 2097152),
        (units.kib_to_bytes, 4096, 4194304),
        (units.kib_to_mib, 0, 0),
        (units.kib_to_mib, 1, 1),
        (units.kib_to_mib, 1024, 1),
        (units.kib_to_mib, 1025, 2),
        (units.bytes_to_kib, 1, 1),
        (units.bytes_to_kib, 4194304, 4096),
        (units.bytes_to_mib, 1048577, 2),
        (units.memory_kib_to_mib, 1, 4),
        (units.memory_kib_to_mib, 4096, 4),
        (units.memory_kib_to_mib, 4097, 8),
        (units.memory_kib_to_mib, 1048576, 1024),
        (units.video_kib_to_bytes, 1, 65536),
        (units.video_kib_to_bytes, 4096, 4194304),
        (units.video_kib_to_bytes, 4097, 4160 * 1024),
    ],
)
def test_amounts(convert: Callable[[int], int], given_amount: int, expected: int) -> None:
    assert convert(given_amount) == expected


@given(AMOUNTS)
def test_there_and_back_is_the_same(amount: int) -> None:
    assert units.kib_to_mib(units.mib_to_kib(amount)) == amount
    assert units.bytes_to_kib(units.kib_to_bytes(amount)) == amount
    assert units.bytes_to_mib(units.mib_to_bytes(amount)) == amount


@given(AMOUNTS)
def test_rounding_never_gives_less_and_less_than_one_step_more(amount: int) -> None:
    assert 0 <= units.mib_to_kib(units.kib_to_mib(amount)) - amount < 1024
    assert 0 <= units.mib_to_kib(units.memory_kib_to_mib(amount)) - amount < 4096
    assert 0 <= units.video_kib_to_bytes(amount) - amount * 1024 < 65536
    assert units.memory_kib_to_mib(amount) % 4 == 0


@pytest.mark.parametrize(
    ("number", "unit", "expected"),
    [
        (1024, "b", 1),
        (1025, "bytes", 2),
        (1, "byte", 1),
        (7, "KiB", 7),
        (7, "k", 7),
        (1000, "KB", 977),
        (2, "M", 2048),
        (2, "mib", 2048),
        (128, "MB", 125000),
        (1, "GiB", 1 << 20),
        (1, "g", 1 << 20),
        (1, "TiB", 1 << 30),
        (1, "PiB", 1 << 40),
        (1, "E", 1 << 50),
        (1, "EB", 976562500000000),
    ],
)
def test_units_of_domain_xml(number: int, unit: str, expected: int) -> None:
    assert units.scaled_to_kib(number, unit) == expected


@pytest.mark.parametrize("unit", ["", "X", "KiBs", "kib ", "iB", "bits", "MiB\n"])
def test_a_unit_that_is_none_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="is no unit"):
        units.scaled_to_kib(1, unit)


@pytest.mark.parametrize(
    "convert",
    [
        units.mib_to_kib,
        units.kib_to_mib,
        units.kib_to_bytes,
        units.bytes_to_kib,
        units.mib_to_bytes,
        units.bytes_to_mib,
        units.memory_kib_to_mib,
        units.video_kib_to_bytes,
    ],
)
def test_a_negative_amount_is_refused(convert: Callable[[int], int]) -> None:
    with pytest.raises(ValueError, match="must not be negative"):
        convert(-1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:01", 1),
        ("1969-12-31T23:59:59Z", -1),
        ("2024-02-29T12:00:00.999999Z", 1709208000),
        ("2024-02-29T12:00:00+05:30", 1709208000 - 19800),
        ("2024-02-29T12:00:00-05:30", 1709208000 + 19800),
        ("9999-12-31T23:59:59Z", 253402300799),
        ("-0044-03-15T12:00:00Z", 0),
    ],
)
def test_dates_and_times(text: str, expected: int) -> None:
    assert units.date_time_to_epoch_seconds(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2024",
        "2024-02-30T12:00:00Z",
        "2024-02-29 12:00:00",
        "2024-02-29T25:00:00Z",
        "0000-01-01T00:00:00Z",
        "2024-02-29T12:00:00.Z",
        "2024-02-29T12:00:00+5:30",
        "2024-02-29T12:00:00Z\n",
        "٢٠٢٤-02-29T12:00:00Z",
    ],
)
def test_what_is_no_date_and_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no date and time"):
        units.date_time_to_epoch_seconds(text)


@given(st.datetimes(timezones=st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(_zone)))
def test_every_moment_is_read(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)

    assert units.date_time_to_epoch_seconds(moment.isoformat()) == moment.timestamp()


@pytest.mark.skipif(not CORPUS.exists(), reason=MISSING)
def test_dates_and_times_of_the_corpus() -> None:
    vectors = json.loads((CORPUS / "escapes.json").read_text("utf-8"))["date_times"]
    found = {one["value"]: units.date_time_to_epoch_seconds(one["value"]) for one in vectors}

    assert len(vectors) >= 18
    assert found == {one["value"]: one["epoch"] for one in vectors}
