"""Variables of an environment: typed, checked, and told by name when they are wrong."""

from __future__ import annotations

import msgspec
import pytest

from interlock.core.settings.amounts import AtLeastOne, NotNegative, Seconds
from interlock.core.settings.limits import Limits, how_to_raise, is_plausible_text, limits_of
from interlock.core.settings.variables import MOST_SECONDS, InvalidSetting, Variables, choose


def test_an_empty_variable_counts_as_unset() -> None:
    env = Variables({"INTERLOCK_A": "", "INTERLOCK_B": " x  y ", "HOME": "/h", "INTERLOCK_INDEX_B_PASSWORD": "secret"})
    assert (env.text("A"), env.text("C"), env.words("A"), env.words("B")) == (None, None, (), ("x", "y"))
    assert (env.count("A"), env.seconds("A")) == (None, None)
    assert (env.foreign("HOME"), env.foreign("NOTHING")) == ("/h", "")
    assert "secret" not in repr(env)
    assert "HOME" not in repr(env)


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("YES", True), (" on ", True), ("", False), ("0", False), ("No", False)]
)
def test_a_flag_is_written_in_many_ways(text: str, value: bool) -> None:
    assert Variables({"INTERLOCK_X": text}).flag("X") is value
    assert Variables({}).flag("X") is None


def test_numbers_are_read() -> None:
    env = Variables({"INTERLOCK_N": "12", "INTERLOCK_S": "0.5"})
    assert (env.count("N"), env.seconds("S")) == (12, 0.5)


@pytest.mark.parametrize(
    ("method", "text"),
    [("flag", "maybe"), ("count", "-1"), ("count", "1.5"), ("count", "9" * 5000), ("seconds", "0"), ("seconds", "nan"),
     ("seconds", "soon"), ("seconds", str(MOST_SECONDS + 1))],
)  # fmt: skip
def test_what_a_variable_cannot_be_names_it(method: str, text: str) -> None:
    with pytest.raises(InvalidSetting, match="INTERLOCK_X is `"):
        getattr(Variables({"INTERLOCK_X": text}), method)("X")


@pytest.mark.parametrize("prefix", ["INTERLOCK_INDEX", "UV_INDEX", "POETRY_HTTP_BASIC"])
def test_a_login_is_found_by_the_name_of_its_index(prefix: str) -> None:
    env = Variables({f"{prefix}_MY_OWN_USERNAME": "ann", f"{prefix}_MY_OWN_PASSWORD": "pw"})
    assert env.login("My.own") == ("ann", "pw")
    assert env.login("other") is None
    assert Variables({f"{prefix}_X_PASSWORD": "token"}).login("x") == ("", "token")


def test_the_first_that_says_something_is_chosen() -> None:
    assert choose(("a", "b"), ("--x", None), ("X", "b"), ("default", "a")) == "b"
    with pytest.raises(InvalidSetting, match="--x is `c`") as caught:
        choose(("", "a", "b"), ("--x", "c"), ("default", "a"))
    assert caught.value.hint == "Use one of: a, b."


def test_limits_come_from_the_table_and_from_variables_before_it() -> None:
    env = Variables({"INTERLOCK_LIMIT_PAGE_SIZE": "5"})
    assert limits_of({"page-size": 3, "file-size": 4}, env) == Limits(page_size=5, file_size=4)
    assert limits_of({}, Variables({})) == Limits()
    assert "INTERLOCK_LIMIT_FILE_SIZE" in how_to_raise("file_size")


def test_what_is_large_has_to_have_cost_something() -> None:
    assert is_plausible_text(1 << 20, 0)
    assert not is_plausible_text((1 << 20) + 1, 100)
    assert is_plausible_text(3_000_000, 100_000)


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [(AtLeastOne, b"0", "from 1 on"), (NotNegative, b"-1", "from 0 on"), (Seconds, b"0", "seconds")],
)
def test_a_number_that_does_not_fit_is_refused_and_its_kind_has_words(kind: object, wrong: bytes, words: str) -> None:
    decoder: msgspec.json.Decoder[object] = msgspec.json.Decoder(kind)
    assert decoder.decode(b"7") == 7
    with pytest.raises(msgspec.ValidationError):
        decoder.decode(wrong)
    assert words in str(kind)


def test_names_of_packages_are_normalised_or_named_as_none() -> None:
    assert Variables({"INTERLOCK_X": "Flask a_b"}).names("X") == ("flask", "a-b")
    assert Variables({}).names("X") == ()
    with pytest.raises(InvalidSetting, match="INTERLOCK_X has `a,b`, which is not a package name"):
        Variables({"INTERLOCK_X": "a,b"}).names("X")
