from __future__ import annotations

import pytest

from interlock.core.names import ExtraName, GroupName
from interlock.core.requirements.slot import PROJECT, Slot, slot_of


@pytest.mark.parametrize(
    ("slot", "table", "kind"),
    [
        (PROJECT, "dependencies", "project"),
        (Slot(ExtraName("x")), "extra:x", "extra"),
        (Slot(group=GroupName("g")), "group:g", "group"),
        (Slot(group=GroupName("extra")), "group:extra", "group"),
    ],
)
def test_a_slot_and_its_table_say_the_same(slot: Slot, table: str, kind: str) -> None:
    assert (slot.table, slot.kind, slot_of(table)) == (table, kind, slot)


@pytest.mark.parametrize("table", ["constraint", "override"])
def test_what_the_root_says_of_all_is_no_extra_or_group(table: str) -> None:
    assert slot_of(table) == PROJECT
