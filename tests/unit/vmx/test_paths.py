# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Places on datastores: none leaves its datastore, and names of a VMX lead there and back."""

from __future__ import annotations

import json

import pytest
from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import DatastorePath, FileNames, MissingFile
from ansible_collections.virt.esx.tests.unit.vmx.corpus import CORPUS, MISSING
from ansible_collections.virt.esx.tests.unit.vmx.strategies import DATASTORE_PATHS, NAMES
from hypothesis import given
from hypothesis import strategies as st

NOWHERE = FileNames()
HERE = FileNames(datastore="ds", directory="vm")
HOST = FileNames(
    datastore="ds",
    directory="vm",
    mounts={"ds": "/vmfs/volumes/5f1e", "other": "/vmfs/volumes/5f1e2/", "win": "C:\\VMs", "old": "/var/lib/vms"},
    is_missing=lambda path: path.path.startswith("missing"),
)


@pytest.mark.parametrize(
    ("text", "datastore", "path", "directory", "name"),
    [
        ("[ds] vm/vm.vmx", "ds", "vm/vm.vmx", "vm", "vm.vmx"),
        ("[ds] a/b/c.iso", "ds", "a/b/c.iso", "a/b", "c.iso"),
        ("[ds] file", "ds", "file", "", "file"),
        ("[ds] dir/", "ds", "dir/", "dir", ""),
        ("[ds]", "ds", "", "", ""),
        ("[ds]   \tfile", "ds", "file", "", "file"),
        ("[ds]file", "ds", "file", "", "file"),
        ("[a b (1)] ä/ü ö.vmdk", "a b (1)", "ä/ü ö.vmdk", "ä", "ü ö.vmdk"),
        ("[ds] a[0]/b].vmdk", "ds", "a[0]/b].vmdk", "a[0]", "b].vmdk"),
        ("[ds] ..a/b..", "ds", "..a/b..", "..a", "b.."),
    ],
)
def test_a_path_is_read(text: str, datastore: str, path: str, directory: str, name: str) -> None:
    found = DatastorePath.parse(text)

    assert (found.datastore, found.path, found.directory, found.name) == (datastore, path, directory, name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file",
        "dir/file",
        "[",
        "[ds",
        "[] file",
        "[.] a",
        "[..] a",
        "[a/b] c",
        " [ds] a",
        "[ds] /etc/passwd",
        "[ds] ../b",
        "[ds] a/../b",
        "[ds] a/..",
        "[ds] ..",
        "[ds] a\\..\\b",
        "[ds] a\x00b",
        "[ds] a\nb",
        "[d\ns] a",
    ],
)
def test_what_is_no_place_on_a_datastore_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"datastore|control character"):
        DatastorePath.parse(text)


@given(DATASTORE_PATHS)
def test_a_path_that_is_written_is_read_again(path: DatastorePath) -> None:
    assert DatastorePath.parse(str(path)) == path


@given(st.text(max_size=20) | st.text("[]./\\ ds\0\n", max_size=20))
def test_any_text_is_a_path_or_a_value_error(text: str) -> None:
    try:
        path = DatastorePath.parse(text)
    except ValueError:
        return
    assert DatastorePath.parse(str(path)) == path


@given(DATASTORE_PATHS, st.lists(st.text("./\\ab\0\n", max_size=6), max_size=3))
def test_a_join_leads_down_or_nowhere(path: DatastorePath, names: list[str]) -> None:
    try:
        joined = path.join(*names)
    except ValueError:
        return
    assert joined.datastore == path.datastore
    assert joined.path.startswith(path.path)
    assert ".." not in joined.path.replace("\\", "/").split("/")


def test_joins_and_neighbours() -> None:
    path = DatastorePath("ds", "vm/vm.vmx")

    assert str(path.beside("vm.nvram")) == "[ds] vm/vm.nvram"
    assert str(path.parent) == "[ds] vm"
    assert str(path.parent.parent) == "[ds]"
    assert str(path.parent.parent.parent) == "[ds]"
    assert str(path.parent.join("a", "b/c")) == "[ds] vm/a/b/c"
    assert str(DatastorePath("ds").join("a")) == "[ds] a"
    assert str(DatastorePath("ds", "dir/").parent) == "[ds]"


@pytest.mark.parametrize("name", ["", "/a", "../a", "a/../b", "a\0", "a\r"])
def test_a_join_does_not_climb(name: str) -> None:
    with pytest.raises(ValueError, match=r"nowhere|absolute|climbs|control"):
        DatastorePath("ds", "a").join(name)


@pytest.mark.parametrize(
    ("names", "name", "expected"),
    [
        (NOWHERE, "a.vmdk", "a.vmdk"),
        (NOWHERE, "sub/a.vmdk", "sub/a.vmdk"),
        (NOWHERE, "/vmfs/volumes/x/y/z.vmdk", "[x] y/z.vmdk"),
        (NOWHERE, "/usr/lib/vmware/isoimages/linux.iso", "/usr/lib/vmware/isoimages/linux.iso"),
        (HERE, "a.vmdk", "[ds] vm/a.vmdk"),
        (HERE, "sub/a.vmdk", "[ds] vm/sub/a.vmdk"),
        (FileNames(datastore="ds"), "a.vmdk", "[ds] a.vmdk"),
        (FileNames(datastore="ds", directory="/a/b/"), "c.vmdk", "[ds] a/b/c.vmdk"),
        (HERE, "/vmfs/volumes/x/y.vmdk", "[x] y.vmdk"),
        (HERE, "/vmfs/volumes/x//y.vmdk", "[x] y.vmdk"),
        (HERE, "/vmfs/devices/cdrom/mpx.vmhba1", "/vmfs/devices/cdrom/mpx.vmhba1"),
        (HOST, "/vmfs/volumes/5f1e/vm/a.vmdk", "[ds] vm/a.vmdk"),
        (HOST, "/vmfs/volumes/5f1e2/vm/a.vmdk", "[other] vm/a.vmdk"),
        (HOST, "/vmfs/volumes/other/vm/a.vmdk", "[other] vm/a.vmdk"),
        (HOST, "C:\\VMs\\vm\\a.vmdk", "[win] vm/a.vmdk"),
        (HOST, "/var/lib/vms/vm/a.vmdk", "[old] vm/a.vmdk"),
        (HOST, "/var/lib/vms2/vm/a.vmdk", "/var/lib/vms2/vm/a.vmdk"),
    ],
)
def test_a_name_of_a_vmx_is_a_path(names: FileNames, name: str, expected: str) -> None:
    assert names.parse(name) == expected


@pytest.mark.parametrize("name", ["/vmfs/volumes/unknown/a.vmdk", "missing.iso", "/vmfs/volumes/ds/missing/a.iso"])
def test_a_file_that_is_not_there_is_missing(name: str) -> None:
    names = FileNames(
        datastore="ds", mounts={"ds": "/vmfs/volumes/1"}, is_missing=lambda path: path.path.startswith("missing")
    )
    with pytest.raises(MissingFile):
        names.parse(name)


def test_an_unknown_datastore_may_be_just_a_name() -> None:
    names = FileNames(mounts={"ds": "/vmfs/volumes/1"}, known_only=False)

    assert names.parse("/vmfs/volumes/unknown/vm/a.vmdk") == "[unknown] vm/a.vmdk"
    assert names.parse("/vmfs/volumes/1/vm/a.vmdk") == "[ds] vm/a.vmdk"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "sub/",
        "C:\\other\\a.vmdk",
        "a\\b",
        "../a.vmdk",
        "/vmfs/volumes/",
        "/vmfs/volumes/ds",
        "/vmfs/volumes/ds/",
        "/vmfs/volumes//a",
        "/vmfs/volumes/../a",
        "/vmfs/volumes/ds/../a",
        "/vmfs/volumes/5f1e/",
        "a\nb",
        "/a\x00b",
        "C:\\VMs\\..\\a.vmdk",
    ],
)
@pytest.mark.parametrize("names", [NOWHERE, HERE, HOST])
def test_a_name_that_leads_nowhere_is_refused(names: FileNames, name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        names.parse(name)


@pytest.mark.parametrize(
    ("names", "file", "expected"),
    [
        (NOWHERE, "[ds] vm/a.vmdk", "/vmfs/volumes/ds/vm/a.vmdk"),
        (NOWHERE, "a.vmdk", "a.vmdk"),
        (NOWHERE, "/a.iso", "/a.iso"),
        (HERE, "[ds] vm/a.vmdk", "/vmfs/volumes/ds/vm/a.vmdk"),
        (FileNames(datastore="ds", directory="vm", short=True), "[ds] vm/a.vmdk", "a.vmdk"),
        (FileNames(datastore="ds", directory="vm", short=True), "[ds] vm2/a.vmdk", "/vmfs/volumes/ds/vm2/a.vmdk"),
        (FileNames(datastore="ds", directory="vm", short=True), "[ds2] vm/a.vmdk", "/vmfs/volumes/ds2/vm/a.vmdk"),
        (FileNames(datastore="ds", short=True), "[ds] a.vmdk", "a.vmdk"),
        (HOST, "[ds] vm/a.vmdk", "/vmfs/volumes/5f1e/vm/a.vmdk"),
        (HOST, "[other] vm/a.vmdk", "/vmfs/volumes/5f1e2/vm/a.vmdk"),
        (HOST, "[win] vm/a.vmdk", "C:\\VMs\\vm\\a.vmdk"),
    ],
)
def test_a_path_is_a_name_of_a_vmx(names: FileNames, file: str, expected: str) -> None:
    assert names.format(file) == expected


@pytest.mark.parametrize("file", ["", "[ds]", "[ds] dir/", "[ds] ../a", "[] a", "a\\b", "/a\nb", "../a"])
def test_a_path_that_is_none_is_not_written(file: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        HERE.format(file)


def test_a_datastore_that_the_host_lacks_is_not_written() -> None:
    with pytest.raises(MissingFile, match="no datastore"):
        HOST.format("[unknown] a.vmdk")


@given(st.lists(NAMES, min_size=1, max_size=3).map("/".join), NAMES, st.sampled_from([HERE, HOST, NOWHERE]))
def test_names_of_hosts_lead_there_and_back(path: str, name: str, names: FileNames) -> None:
    file = f"[ds] {path}"

    assert names.parse(names.format(file)) == file
    assert NOWHERE.format(NOWHERE.parse(f"/vmfs/volumes/ds/{path}")) == f"/vmfs/volumes/ds/{path}"
    assert NOWHERE.format(NOWHERE.parse(name)) == name


@given(st.text(max_size=20) | st.text("[]./\\ ds\0\nC:", max_size=20), st.sampled_from([HERE, HOST, NOWHERE]))
def test_any_name_is_a_file_or_a_value_error(text: str, names: FileNames) -> None:
    for turn in (names.parse, names.format):
        try:
            found = turn(text)
        except ValueError:
            continue
        assert "\0" not in found
        assert "\n" not in found


@pytest.mark.skipif(not CORPUS.exists(), reason=MISSING)
def test_datastore_paths_of_the_corpus() -> None:
    vectors = json.loads((CORPUS / "escapes.json").read_text("utf-8"))["datastore_paths"]

    assert len(vectors) >= 7
    assert [_seen(one["path"]) for one in vectors] == [
        (one["datastore"], one["directory"], one["file"]) for one in vectors
    ]


def _seen(text: str) -> tuple[str | None, str | None, str | None]:
    """Return what libvirt says of a path; where it has no directory, libvirt gives the file for it."""
    try:
        path = DatastorePath.parse(text)
    except ValueError:
        return None, None, None
    return path.datastore, path.directory if "/" in path.path else path.path, path.path
