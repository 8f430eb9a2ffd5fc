# Copyright (c) 2026, virt.esx maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What hypothesis draws: keys, values, whole texts of VMX, places on datastores."""

from __future__ import annotations

from ansible_collections.virt.esx.plugins.module_utils._vmx.paths import DatastorePath
from hypothesis import strategies as st

KEYS = st.one_of(
    st.sampled_from(["memsize", "MemSize", "numvcpus", ".encoding2", "scsi0:1.fileName", "SCSI0:1.filename"]),
    st.sampled_from(["scsi0:2.mode", "scsi0.present", "ethernet0.present", "ethernet1.present", "a", "A", "a.b.c"]),
    st.text("abAB01_:.*-", max_size=6).map(lambda rest: f"a{rest}"),
)

# Half a character cannot be in a file; NUL, CR, LF and the quotation mark cannot be in a value.
CHARACTERS = st.characters(exclude_categories=["Cs"])
ANY_TEXT = st.text(CHARACTERS, max_size=20)
RAW_VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters='"\r\n\0'), max_size=12)

BLANKS = st.text(" \t\0", max_size=3)
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
COMMENTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=8).map("#{}".format)


@st.composite
def quoted(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a value: how it is written, and what it says."""
    form = draw(st.sampled_from(['"', "'", '"""']))
    if form == '"""':
        value = draw(st.text(st.sampled_from("a'\n\r #;=") | st.just('"'), max_size=8))
        value = value.replace('"""', "").rstrip('"')
    else:
        value = draw(RAW_VALUES).replace(form, "")
    return f"{form}{value}{form}", value


@st.composite
def gaps(draw: st.DrawFn) -> str:
    """Draw what may stand between the end of an entry and the next: it separates."""
    end = st.one_of(LINE_ENDS, st.just(";"), st.tuples(COMMENTS, LINE_ENDS).map("".join))
    between = st.one_of(LINE_ENDS, BLANKS, st.just(";"), st.tuples(COMMENTS, LINE_ENDS).map("".join))
    return draw(BLANKS) + draw(end) + "".join(draw(st.lists(between, max_size=3)))


@st.composite
def vmx_texts(draw: st.DrawFn) -> tuple[str, list[tuple[str, str]]]:
    """Draw the text of a VMX in any form that the grammar allows, and the entries that are in it."""
    text = draw(st.sampled_from(["", "", "\ufeff", "#!/usr/bin/vmware\n", "\n\n", " "]))
    entries = []
    for _number in range(draw(st.integers(0, 6))):
        key = draw(KEYS)
        written, value = draw(quoted())
        text += key + draw(BLANKS) + "=" + draw(BLANKS) + written + draw(gaps())
        entries.append((key, value))
    if draw(st.booleans()):
        key, (written, value) = draw(KEYS), draw(quoted())
        text += f"{key} = {written}" + draw(BLANKS)
        entries.append((key, value))
    return text, entries


@st.composite
def plain_texts(draw: st.DrawFn) -> str:
    """Draw the text of a VMX with one entry, one comment or nothing on each line."""
    end = draw(LINE_ENDS)
    entry = st.tuples(KEYS, RAW_VALUES).map(lambda pair: f'{pair[0]} = "{pair[1]}"')
    return "".join(f"{line}{end}" for line in draw(st.lists(st.one_of(entry, entry, COMMENTS, BLANKS), max_size=8)))


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/\\[]"), min_size=1, max_size=8
).filter(lambda name: name not in (".", "..") and not name.startswith((" ", "\t")))
DATASTORE_PATHS = st.builds(
    lambda datastore, names: DatastorePath(datastore, "/".join(names)), NAMES, st.lists(NAMES, max_size=4)
)
