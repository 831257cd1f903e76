"""Which indexes are asked, in which order."""

from __future__ import annotations

import pytest

from interlock.core.settings.variables import InvalidSetting
from interlock.core.sources.index_order import DEFAULT_INDEX, named_index, order_indexes
from interlock.core.sources.logins import take_login
from interlock.core.sources.source import Index


def index(name: str, *, explicit: bool = False, default: bool = False) -> Index:
    return Index(name=name, url=f"https://{name}.test/", explicit=explicit, default=default)


OWN, OTHER = index("own"), index("other")
ALL = index("all", default=True)
PUBLIC = index(DEFAULT_INDEX)


@pytest.mark.parametrize(
    ("asked", "declared", "default", "found"),
    [
        ((), (), "", [(DEFAULT_INDEX, "https://fallback.test/")]),
        ((), (), "https://mirror.test/", [(DEFAULT_INDEX, "https://mirror.test/")]),
        ((), (), "mine=https://mirror.test/", [(DEFAULT_INDEX, "https://mirror.test/")]),
        ((OTHER,), (OWN,), "", [("other", OTHER.url), ("own", OWN.url), (DEFAULT_INDEX, "https://fallback.test/")]),
        ((OWN,), (OTHER, ALL), "", [("own", OWN.url), ("other", OTHER.url), ("all", ALL.url)]),
        ((), (ALL, OWN), "https://mirror.test/", [("own", OWN.url), ("all", "https://mirror.test/")]),
        ((), (ALL, OWN), "mine=https://mirror.test/", [("own", OWN.url), ("all", "https://mirror.test/")]),
        ((), (ALL, index("second", default=True)), "", [("second", "https://second.test/"), ("all", ALL.url)]),
        ((), (PUBLIC, OWN), "", [(DEFAULT_INDEX, PUBLIC.url), ("own", OWN.url)]),
        ((), (PUBLIC, OWN), "https://mirror.test/", [(DEFAULT_INDEX, "https://mirror.test/"), ("own", OWN.url)]),
        ((), (index(DEFAULT_INDEX, explicit=True), OWN), "", [("own", OWN.url), (DEFAULT_INDEX, PUBLIC.url)]),
        ((), (PUBLIC, ALL), "", [(DEFAULT_INDEX, PUBLIC.url), ("all", ALL.url)]),
    ],
)  # fmt: skip
def test_the_default_index_is_last_unless_it_is_declared_elsewhere(
    asked: tuple[Index, ...], declared: tuple[Index, ...], default: str, found: list[tuple[str, str]]
) -> None:
    ordered = order_indexes(asked, declared, default, "https://fallback.test/")
    assert [(one.name, one.url) for one in ordered] == found


def test_an_index_that_is_asked_for_keeps_its_declared_role_and_changes_its_place() -> None:
    declared = index("own", explicit=True)
    asked = Index(name="own", url="https://elsewhere.test/")
    first, default = order_indexes((asked,), (declared,), "", "")
    assert first == Index(name="own", url="https://elsewhere.test/", explicit=True)
    assert default == Index(name=DEFAULT_INDEX, url="", default=True)


def test_an_index_without_a_name_is_refused_without_its_login() -> None:
    assert named_index("own=https://own.test/", "--index") == Index(name="own", url="https://own.test/")
    with pytest.raises(InvalidSetting, match="--index is `https://own") as caught:
        named_index("https://ann:secret@own.test/", "--index")
    assert "secret" not in str(caught.value)


def test_a_login_is_taken_off_whole() -> None:
    assert take_login("https://a@b:c@h.test/x") == ("https://h.test/x", ("a@b", "c"))
    assert take_login("h.test/a@b") == ("h.test/a@b", None)
