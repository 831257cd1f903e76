"""Changing TOML text: what is not part of a change stays, to the byte."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.core.toml.array import insert, remove, replace
from interlock.core.toml.document import TomlDocument, UnsupportedLayout, format_value

MANIFEST = """\
# a comment on top
[project]
name = "x"   # aligned
dependencies = [
  "a", # about a
  # above b
  "b" # about b
  # at the end
]

# about scripts
[project.scripts]
run = '''
[not.a.table]
'''

[tool.interlock]
sources = { a = { workspace = true } }
"""


@pytest.mark.parametrize(
    ("before", "position", "after"),
    [
        ("[]", 0, '[\n    "n",\n]'),
        ('["a"]', 1, '["a", "n"]'),
        ('["a",]', 1, '["a", "n",]'),
        ('[\n  "a",\n  "b", # b\n]', 2, '[\n  "a",\n  "b", # b\n  "n",\n]'),
        ('[\n  "a",\n  "b" # b\n]', 2, '[\n  "a",\n  "b", # b\n  "n"\n]'),
        ('[\n  # top\n  "a",\n]', 0, '[\n  "n",\n  # top\n  "a",\n]'),
        ('[\n  "a", # a\n  # of b\n  "b",\n]', 1, '[\n  "a", # a\n  "n",\n  # of b\n  "b",\n]'),
        ('[\n\t{ include-group = "b" },\n]', 1, '[\n\t{ include-group = "b" },\n\t"n",\n]'),
        ("[\n  # nothing yet\n]", 0, '[\n  # nothing yet\n    "n",\n]'),
    ],
)
def test_an_item_is_inserted_as_the_list_is_laid_out(before: str, position: int, after: str) -> None:
    assert insert(before, position, '"n"') == after
    assert "n" in tomllib.loads(f"x = {after}")["x"]
    assert position == 0 or tomllib.loads(f"x = {remove(after, position)}") == tomllib.loads(f"x = {before}")


@pytest.mark.parametrize(
    ("before", "position", "after"),
    [
        ('[\n  "a", # a\n  "b", # b\n]', 0, '[\n  "b", # b\n]'),
        ('["a", "b",]', 1, '["a",]'),
        ("[ 'a]', 'b' ]", 0, "[ 'b' ]"),
        ('["a",\n "b"]', 1, '["a"]'),
    ],
)
def test_an_item_is_removed_with_what_belongs_to_it(before: str, position: int, after: str) -> None:
    assert remove(before, position) == after


def test_brackets_and_quotes_inside_of_values_mean_nothing() -> None:
    text = '[\'a[x]>=1 ; y == "]"\', """b\n]""", {x = ["#"]}]'
    assert replace(text, 0, "'c'") == '[\'c\', """b\n]""", {x = ["#"]}]'
    assert tomllib.loads(f"x = {insert(text, 3, '1')}")["x"][2:] == [{"x": ["#"]}, 1]


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_what_is_added_and_deleted_leaves_no_trace(ending: str, mark: str) -> None:
    data = (mark + MANIFEST.replace("\n", ending)).encode()
    document = TomlDocument(data, "pyproject.toml")
    document.set(("project", "requires-python"), '">=3.11"')
    document.set(("project", "optional-dependencies", "web"), '["q"]')
    document.set(("dependency-groups", "dev"), '[\n    "q",\n]')
    document.set(("tool", "interlock", "sources", "b"), '{ git = "x" }')
    text = document.data.decode("utf-8-sig")
    assert ("\r\n" in text) == (ending == "\r\n")
    assert "\n" not in text.replace(ending, "")
    read = tomllib.loads(text)
    assert read["project"]["optional-dependencies"] == {"web": ["q"]}
    assert read["tool"]["interlock"]["sources"] == {"a": {"workspace": True}, "b": {"git": "x"}}
    for path in (("project", "requires-python"), ("project", "optional-dependencies", "web"), ("dependency-groups",)):
        assert document.delete(path)
    assert document.delete(("tool", "interlock", "sources", "b"))
    assert document.data == data


def test_a_new_table_stands_with_its_kind() -> None:
    document = TomlDocument(b'[project]\nname = "x"\n\n[tool.ruff]\nx = 1', "pyproject.toml")
    document.set(("project", "optional-dependencies", "web"), "[]")
    document.set(("tool", "uv", "sources", "a"), '{ index = "i" }')
    assert document.data.decode() == (
        '[project]\nname = "x"\n\n[project.optional-dependencies]\nweb = []\n\n[tool.ruff]\nx = 1\n\n'
        '[tool.uv.sources]\na = { index = "i" }\n'
    )


def test_dotted_keys_are_continued() -> None:
    document = TomlDocument(b'[tool.uv]\nsources.a = { index = "i" }\n', "pyproject.toml")
    document.set(("tool", "uv", "sources", "b"), '{ index = "j" }')
    assert document.data == b'[tool.uv]\nsources.a = { index = "i" }\nsources.b = { index = "j" }\n'


def test_a_change_that_would_break_the_file_is_an_error() -> None:
    document = TomlDocument(b"a = 1\n", "pyproject.toml")
    with pytest.raises(UnsupportedLayout):
        document.set(("a", "b"), "2")
    assert document.data == b"a = 1\n"


INLINE = """\
[tool.x]
deep = { one = { two = { a = "1" } } }  # kept
flat = { x = "1" }
none = {}
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("flat", "y"), 'flat = { x = "1", y = 2 }'),
        (("flat", "x"), "flat = { x = 2 }"),
        (("none", "y"), "none = { y = 2 }"),
        (("deep", "one", "two", "b"), 'deep = { one = { two = { a = "1", b = 2 } } }  # kept'),
        (("deep", "new", "key"), 'deep = { one = { two = { a = "1" } }, new = { key = 2 } }  # kept'),
    ],
)
def test_tables_written_inline_are_added_to_where_they_stand(path: tuple[str, ...], line: str) -> None:
    document = TomlDocument(INLINE.encode(), "pyproject.toml")
    document.set(("tool", "x", *path), "2")
    key = f"{path[0]} ="
    assert document.data.decode().splitlines() == [line if old.startswith(key) else old for old in INLINE.splitlines()]


def test_keys_of_tables_written_inline_are_deleted() -> None:
    document = TomlDocument(INLINE.encode(), "pyproject.toml")
    assert document.delete(("tool", "x", "flat", "x"))
    assert document.delete(("tool", "x", "deep", "one", "two", "a"))
    assert not document.delete(("tool", "x", "deep", "none"))
    assert document.values == {"tool": {"x": {"deep": {"one": {"two": {}}}, "flat": {}, "none": {}}}}
    assert "# kept" in document.data.decode()


def test_an_entry_of_an_array_of_tables_is_taken_out_whole() -> None:
    entries = ['[[tool.x.index]]\nname = "one"\n', '[[tool.x.index]]\nname = "two"\n[tool.x.index.more]\na = 1\n']
    text = "\n".join(["# top\n[tool.x]\na = 1\n", *entries, '[[tool.x.index]]\nname = "three"\n'])
    document = TomlDocument(text.encode(), "pyproject.toml")
    document.delete_entry(("tool", "x", "index"), 0)
    assert [entry["name"] for entry in tomllib.loads(document.data.decode())["tool"]["x"]["index"]] == ["two", "three"]
    document.delete_entry(("tool", "x", "index"), 1)
    assert document.data.decode() == "\n".join(["# top\n[tool.x]\na = 1\n", entries[1]])
    document.append_table(("tool", "x", "index"), ('name = "new"',))
    assert [entry["name"] for entry in tomllib.loads(document.data.decode())["tool"]["x"]["index"]] == ["two", "new"]


def test_comments_above_go_with_a_key_when_asked() -> None:
    text = "[tool.x]\nfirst = 1\n# of second\n# more\nsecond = 2  # beside\nthird = 3\n"
    document = TomlDocument(text.encode(), "pyproject.toml")
    assert document.comments(("tool", "x", "second")) == (("# of second", "# more"), "# beside")
    assert document.comments(("tool", "x", "none")) == ((), "")
    assert document.delete(("tool", "x", "second"), with_comments=True)
    assert document.data == b"[tool.x]\nfirst = 1\nthird = 3\n"


@pytest.mark.parametrize(
    ("before", "position", "after"),
    [
        ("[ # nothing yet\n]", 0, '[ # nothing yet\n    "n",\n]'),
        ("[ '''a''''', 'b' ]", 1, "[ '''a''''', \"n\", 'b' ]"),
        ('["a\\"]", "b"]', 2, '["a\\"]", "b", "n"]'),
        ('["a", 12, # why\n 13]', 2, '["a", 12, "n", # why\n 13]'),
        ("[[ # deep ]\n 1 ], 2]", 0, '["n", [ # deep ]\n 1 ], 2]'),
    ],
)
def test_an_item_comes_between_values_of_any_kind(before: str, position: int, after: str) -> None:
    assert insert(before, position, '"n"') == after
    assert tomllib.loads(f"x = {after}")["x"][position] == "n"


_KEYS = st.sampled_from(["a", "b", "c.d", "e f"])
_VALUES = st.recursive(
    st.one_of(st.integers(-9, 9), st.booleans(), st.sampled_from(["", "#", "]", "'", '"', "\\", "é"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=2)),
    max_leaves=6,
)
_LAYOUTS = [
    "[a]\na = 1 # one\n\n[a.b]\na = 2\n[[a.e]]\na = 1\n[y]\n",
    "a.a = 1\na.b.a = 2\n  # above\nb = { a = { b = 1 } }\n",
    '# top\nb = """\n[x]\n"""\n\'a\' = [\n 1,\n]\n',
    "",
    "  \t",
    "a = {}",
]


@given(
    st.sampled_from(_LAYOUTS),
    st.lists(st.tuples(st.lists(_KEYS, min_size=1, max_size=3).map(tuple), st.none() | _VALUES), max_size=4),
)
def test_what_is_set_is_there_and_what_is_deleted_is_not(
    text: str, changes: list[tuple[tuple[str, ...], object]]
) -> None:
    document = TomlDocument(text.encode(), "pyproject.toml")
    for path, value in changes:
        before = document.data
        try:
            if value is None:
                was_there = document.get(path) is not None
                assert document.delete(path) is was_there
                assert document.get(path) is None
            else:
                document.set(path, format_value(value))
                assert document.get(path) == value
        except UnsupportedLayout:
            assert document.data == before
        assert tomllib.loads(document.data.decode()) == document.values


def test_comments_stand_above_and_beside() -> None:
    document = TomlDocument(b"# of a\n# and more\na = 1 # one\n\nb = 2", "pyproject.toml")
    assert document.comments(("a",)) == (("# of a", "# and more"), "# one")
    assert document.comments(("b",)) == ((), "")
    assert document.comments(("c",)) == ((), "")
    document.insert_before(("a",), "[x]")
    assert document.data.startswith(b"[x]\n\n# of a\n")


def test_a_header_that_nothing_stands_below_goes_unless_it_is_kept() -> None:
    text = b"[tool.x]\na = 1\n"
    for keep, after in ((False, b""), (True, b"[tool.x]\n")):
        document = TomlDocument(text, "pyproject.toml")
        assert document.delete(("tool", "x", "a"), keep_table=keep)
        assert document.data == after
    told = TomlDocument(text + b"# why\n", "pyproject.toml")
    assert told.delete(("tool", "x", "a"))
    assert told.data == b"[tool.x]\n# why\n"


@pytest.mark.parametrize(
    ("text", "path", "after"),
    [
        ("# about a\na = 1\n", ("a",), ""),
        ("# about\n# a\na = 1\nb = 2\n", ("a",), "b = 2\n"),
        ("b = 2\n# about a\na = 1\n", ("a",), "b = 2\n"),
    ],
)
def test_comments_above_go_with_the_key_from_the_first_line_on(text: str, path: tuple[str, ...], after: str) -> None:
    document = TomlDocument(text.encode(), "x.toml")
    assert document.delete(path, with_comments=True)
    assert document.data.decode() == after


def test_a_blank_between_the_parts_of_a_dotted_key_is_none_of_it() -> None:
    document = TomlDocument(b"[a]\nb .  \t c = 1\n", "x.toml")
    assert document.delete(("a", "b", "c"))
    assert document.get(("a", "b")) is None


def test_a_section_behind_a_blank_line_gets_no_second_one() -> None:
    document = TomlDocument(b"[a]\nx = 1\n\n", "x.toml")
    document.append_table(("b",), ["y = 2"])
    assert document.data == b"[a]\nx = 1\n\n[[b]]\ny = 2\n"


def test_the_only_entry_of_an_array_of_tables_leaves_nothing() -> None:
    document = TomlDocument(b"[[a]]\nx = 1\n", "x.toml")
    document.delete_entry(("a",), 0)
    assert document.data == b""


def test_a_table_that_only_dotted_keys_speak_of_goes_with_them() -> None:
    document = TomlDocument(b"a.b = 1\na.c = 2\n", "x.toml")
    assert document.delete(("a",))
    assert document.data == b""


def test_nothing_is_set_below_a_value_that_is_no_table() -> None:
    text = b"a = { b = 0, c = { d = 1 } }\n"
    for path in (("a", "b", "x"), ("a", "c", "d", "x")):
        document = TomlDocument(text, "x.toml")
        with pytest.raises(UnsupportedLayout):
            document.set(path, "1")
        assert document.data == text
        assert document.get(("a",)) == {"b": 0, "c": {"d": 1}}
    document = TomlDocument(text, "x.toml")
    document.set(("a", "c", "e", "f"), "2")
    assert document.get(("a", "c")) == {"d": 1, "e": {"f": 2}}
