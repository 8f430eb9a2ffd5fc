# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""libvirt's URIs: what is read, what is refused, and that no password is ever repeated."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.virt.esx.plugins.module_utils._errors import OptionError
from ansible_collections.virt.esx.plugins.module_utils._flow.uri import Proxy, Target, apply_uri, parse
from hypothesis import example, given
from hypothesis import strategies as st

PARAMS: dict[str, Any] = {
    "uri": None,
    "hostname": None,
    "port": None,
    "username": None,
    "password": "secret",
    "validate_certs": True,
    "ca_path": None,
    "proxy_host": None,
    "proxy_port": None,
    "datacenter": None,
    "esxi_hostname": None,
    "auto_answer": "false",
}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("esx://esx1", Target(scheme="esx", host="esx1")),
        ("esx://esx1/", Target(scheme="esx", host="esx1")),
        ("ESX://esx1/", Target(scheme="esx", host="esx1")),
        ("gsx://gsx1/", Target(scheme="gsx", host="gsx1")),
        (
            "esx://root@esx1.example.com:8443/",
            Target(scheme="esx", host="esx1.example.com", port=8443, username="root"),
        ),
        ("esx://esx1:/", Target(scheme="esx", host="esx1")),
        ("esx://@esx1/", Target(scheme="esx", host="esx1")),
        ("esx://DOMAIN%5Cuser@esx1", Target(scheme="esx", host="esx1", username="DOMAIN\\user")),
        ("esx://a%40b@esx1", Target(scheme="esx", host="esx1", username="a@b")),
        ("esx://a@b@esx1", Target(scheme="esx", host="esx1", username="a@b")),
        ("esx://a%3Ab@esx1", Target(scheme="esx", host="esx1", username="a:b")),
        ("esx://[::1]", Target(scheme="esx", host="::1")),
        ("esx://root@[2001:db8::1]:443/", Target(scheme="esx", host="2001:db8::1", port=443, username="root")),
        ("esx://[fe80::1%25eth0]/", Target(scheme="esx", host="fe80::1%eth0")),
        ("esx://e/?no_verify=1", Target(scheme="esx", host="e", validate_certs=False)),
        ("esx://e?no_verify=0", Target(scheme="esx", host="e", validate_certs=True)),
        ("esx://e/?NO_Verify=1", Target(scheme="esx", host="e", validate_certs=False)),
        ("esx://e/?no_verify=1&no_verify=0", Target(scheme="esx", host="e", validate_certs=True)),
        ("esx://e/?no_verify=1;auto_answer=1", Target(scheme="esx", host="e", validate_certs=False, auto_answer=True)),
        ("esx://e/?auto_answer=0", Target(scheme="esx", host="e", auto_answer=False)),
        ("esx://e/?&&", Target(scheme="esx", host="e")),
        ("esx://e/?transport=https", Target(scheme="esx", host="e")),
        ("esx://e/?cacert=/etc/a%20b.pem", Target(scheme="esx", host="e", ca_path="/etc/a b.pem")),
        ("esx://e/?cacert=", Target(scheme="esx", host="e")),
        ("vpx://v/dc/cr", Target(scheme="vpx", host="v", path=("dc", "cr"))),
        ("vpx://v/dc%2F1/f/cl%20x/esx1/", Target(scheme="vpx", host="v", path=("dc/1", "f", "cl x", "esx1"))),
        ("vpx://v//dc//cr", Target(scheme="vpx", host="v", path=("dc", "cr"))),
    ],
)
def test_a_uri_is_read(uri: str, expected: Target) -> None:
    assert parse(uri) == expected


@pytest.mark.parametrize(
    ("uri", "port"),
    [
        ("esx://e", 443),
        ("vpx://e/dc/cr", 443),
        ("gsx://e", 8333),
        ("esx://e/?transport=http", 80),
        ("vpx://e/dc/cr?transport=http", 80),
        ("gsx://e?transport=http", 8222),
    ],
)
def test_scheme_and_transport_have_a_usual_port(uri: str, port: int) -> None:
    assert parse(uri).default_port == port
    assert apply_uri({**PARAMS, "uri": uri})["port"] == port


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("proxy.example.com", Proxy(type="http", host="proxy.example.com", port=1080)),
        ("proxy:3128", Proxy(type="http", host="proxy", port=3128)),
        ("http://proxy:3128", Proxy(type="http", host="proxy", port=3128)),
        ("HTTP://proxy", Proxy(type="http", host="proxy", port=1080)),
        ("http%3A%2F%2Fproxy%3A3128", Proxy(type="http", host="proxy", port=3128)),
        ("socks://proxy", Proxy(type="socks5", host="proxy", port=1080)),
        ("socks5://proxy", Proxy(type="socks5", host="proxy", port=1080)),
        ("socks4://proxy:99", Proxy(type="socks4", host="proxy", port=99)),
        ("socks4a://proxy", Proxy(type="socks4a", host="proxy", port=1080)),
        ("http://[::1]:3128", Proxy(type="http", host="::1", port=3128)),
    ],
)
def test_a_proxy_is_read(value: str, expected: Proxy) -> None:
    assert parse(f"esx://e/?proxy={value}").proxy == expected


@pytest.mark.parametrize(
    ("uri", "warning"),
    [
        ("esx://e/some/path", "path of the URI is ignored, esx:// has none"),
        ("gsx://e/some/path", "gsx:// has none"),
        ("esx://e/#part", "'#'"),
        ("esx://e/?frob=1&nic=2&frob=3", "frob, nic"),
        ("esx://e/?authfile=/etc/auth.conf", "authfile"),
        ("esx://e/?vcenter=*", "'vcenter'"),
        ("esx://e/?vcenter=vc.example.com", "'vcenter'"),
        ("esx://e/?legacy_uuid=1", "both UUIDs"),
        ("esx://e/?legacy_uuid=yes", "only 1 means something"),
        ("esx://e/?transport=http", "unencrypted"),
        ("esx://e/?cacert=/x&no_verify=1", "'cacert'"),
    ],
)
def test_what_is_ignored_or_risky_is_said(uri: str, warning: str) -> None:
    (said,) = parse(uri).warnings

    assert warning in said


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", ["scheme://"]),
        ("esx1.example.com", ["scheme://"]),
        ("esx:/esx1", ["scheme://"]),
        ("esx:///", ["the host is missing"]),
        ("esx://root@/", ["the host is missing"]),
        ("esx://:443/", ["the host is missing"]),
        ("https://esx1/sdk", ["esx, gsx or vpx", "'https'"]),
        ("qemu:///system", ["esx, gsx or vpx", "'qemu'"]),
        ("esx://e x/", ["%20"]),
        ("esx://e\n/", ["control characters"]),
        ("esx://e%00/", ["control characters"]),
        ("esx://%ff/", ["UTF-8"]),
        ("esx://e:0/", ["port of the host", "1 to 65535"]),
        ("esx://e:65536/", ["port of the host"]),
        ("esx://e:x/", ["port of the host"]),
        ("esx://e:-1/", ["port of the host"]),
        ("esx://e:٣/", ["port of the host"]),
        ("esx://::1/", ["in brackets, as in"]),
        ("esx://[::1/", ["brackets"]),
        ("esx://[]/", ["IPv6"]),
        ("esx://[nonsense]/", ["IPv6"]),
        ("esx://[::1]443/", ["brackets"]),
        ("esx://e/?transport=HTTPS", ["'transport'", "https or http", "'HTTPS'"]),
        ("esx://e/?transport=", ["'transport'", "''"]),
        ("esx://e/?no_verify=true", ["'no_verify'", "0 or 1", "'true'"]),
        ("esx://e/?no_verify", ["'no_verify'", "''"]),
        ("esx://e/?auto_answer=2", ["'auto_answer'", "0 or 1", "'2'"]),
        ("esx://e/?proxy=", ["'proxy' is missing"]),
        ("esx://e/?proxy=http://", ["'proxy' is missing"]),
        ("esx://e/?proxy=http://:80", ["'proxy' is missing"]),
        ("esx://e/?proxy=ftp://p", ["http, socks, socks5, socks4 or socks4a", "'ftp'"]),
        ("esx://e/?proxy=p:0", ["port of 'proxy'"]),
        ("esx://e/?proxy=p:99999", ["port of 'proxy'"]),
        ("esx://e/?vcenter=", ["'vcenter' is missing"]),
        ("vpx://v", ["needs a path", "found none"]),
        ("vpx://v/", ["needs a path", "found none"]),
        ("vpx://v/dc", ["no compute resource", "'dc'"]),
    ],
)
def test_a_uri_that_cannot_be_used_is_refused_with_what_is_allowed(uri: str, words: list[str]) -> None:
    with pytest.raises(OptionError) as caught:
        parse(uri)

    assert caught.value.details == {"option": "uri"}
    assert [word for word in words if word not in str(caught.value)] == []


@pytest.mark.parametrize(
    "uri",
    [
        "esx://root:hunter2@esx1/",
        "esx://:hunter2@esx1/",
        "esx://root:hunter2@[::1/",
        "esx://root:hunter2@esx1:x/",
        "esx://root:hunter2/x@esx1/",
        "esx://root:12/hunter2@esx1/",
        "esx://root:12?hunter2@esx1/",
        "esx://root:12#hunter2@esx1/",
        "esx://root:hunter2?x@esx1/",
        "vpx://root:12/hunter2@vc",
        "esx://root:hunter2 @esx1/",
        "https://root:hunter2@esx1/",
        "root:hunter2@esx1",
        "esx://esx1/?proxy=http://me:hunter2@proxy",
        "esx://esx1/?proxy=me:hunter2%40proxy",
    ],
)
def test_a_password_is_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse(uri)

    assert "hunter2" not in f"{caught.value} {caught.value.failure()} {caught.value.__cause__}"


def test_without_a_uri_the_options_stay_as_they_are() -> None:
    assert apply_uri(PARAMS) == PARAMS
    assert apply_uri({**PARAMS, "uri": ""}) == {**PARAMS, "uri": ""}
    assert apply_uri({"hostname": "esx1"}) == {"hostname": "esx1"}


def test_what_a_uri_says_counts() -> None:
    options = {
        **PARAMS,
        "hostname": "other",
        "port": 1,
        "username": "other",
        "ca_path": "/other",
        "auto_answer": "false",
    }
    uri = "esx://root@esx1:8443/?no_verify=1&auto_answer=1&proxy=proxy:3128&cacert=/ca.pem"

    assert apply_uri({**options, "uri": uri}) == {
        **options,
        "uri": uri,
        "hostname": "esx1",
        "port": 8443,
        "username": "root",
        "validate_certs": False,
        "ca_path": "/ca.pem",
        "proxy_host": "proxy",
        "proxy_port": 3128,
        "auto_answer": "true",
        "transport": "https",
        "warnings": ["'cacert' in the URI is ignored because of 'no_verify=1'"],
    }


def test_what_a_uri_leaves_out_comes_from_the_options() -> None:
    options = {
        **PARAMS,
        "uri": "esx://esx1/",
        "hostname": "other",
        "port": 8443,
        "username": "admin",
        "validate_certs": False,
        "ca_path": "/ca.pem",
        "proxy_host": "proxy",
        "proxy_port": 3128,
        "datacenter": "dc",
        "esxi_hostname": "esx9",
        "auto_answer": "true",
    }

    assert apply_uri(options) == {**options, "hostname": "esx1", "transport": "https", "warnings": []}


@pytest.mark.parametrize(
    ("uri", "username"),
    [("esx://e", "root"), ("gsx://e", "root"), ("vpx://v/dc/cr", "administrator"), ("esx://me@e", "me")],
)
def test_who_logs_in_is_the_usual_one_if_nobody_is_named(uri: str, username: str) -> None:
    assert apply_uri({**PARAMS, "uri": uri})["username"] == username


@pytest.mark.parametrize(
    ("uri", "datacenter", "esxi_hostname"),
    [
        ("vpx://v/dc/esx1", "dc", "esx1"),
        ("vpx://v/dc/cluster/esx1", None, "esx1"),
        ("vpx://v/folder/dc/cluster/esx1", None, "esx1"),
        ("esx://e/ignored/path", None, None),
    ],
)
def test_the_last_part_of_a_path_is_the_host(uri: str, datacenter: str | None, esxi_hostname: str | None) -> None:
    effective = apply_uri({**PARAMS, "uri": uri})

    assert (effective["datacenter"], effective["esxi_hostname"]) == (datacenter, esxi_hostname)


@pytest.mark.parametrize(
    ("option", "uri", "expected"),
    [
        ("false", "esx://e/?auto_answer=1", "true"),
        (False, "esx://e/?auto_answer=1", "true"),
        ("safe", "esx://e/?auto_answer=1", "safe"),
        ("true", "esx://e/?auto_answer=1", "true"),
        ("true", "esx://e/?auto_answer=0", "true"),
        ("safe", "esx://e/?auto_answer=0", "safe"),
        ("safe", "esx://e/", "safe"),
    ],
)
def test_a_uri_does_not_weaken_safe_and_takes_no_answer_back(option: Any, uri: str, expected: str) -> None:
    assert apply_uri({**PARAMS, "auto_answer": option, "uri": uri})["auto_answer"] == expected


def test_a_module_without_questions_is_not_given_a_policy() -> None:
    without = {name: value for name, value in PARAMS.items() if name != "auto_answer"}

    assert "auto_answer" not in apply_uri({**without, "uri": "esx://e/?auto_answer=1"})


@pytest.mark.parametrize("kind", ["socks", "socks5", "socks4", "socks4a"])
def test_a_proxy_that_is_not_http_is_refused(kind: str) -> None:
    with pytest.raises(OptionError, match="only http proxies are supported; found 'proxy=socks"):
        apply_uri({**PARAMS, "uri": f"esx://e/?proxy={kind}://proxy"})


@given(st.text(max_size=40) | st.text("esxvp:/@[]%?&=#1a", max_size=30).map(lambda text: f"esx://{text}"))
@example("esx://%")
@example("esx://[::1%25]")
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        target = parse(text)
    except OptionError:
        return

    assert target.host
    assert target.port is None or 1 <= target.port <= 65535


@given(st.text(max_size=20), st.text(min_size=6, max_size=20).filter(lambda text: "@" not in text))
def test_no_error_repeats_what_stands_between_a_colon_and_an_at_sign(user: str, password: str) -> None:
    uri = f"esx://{user}:pass-{password}-word@esx1/"
    try:
        target = parse(uri)
    except OptionError as error:
        said = str(error)
    else:
        said = " ".join(target.warnings)

    assert f"pass-{password}-word" not in said
