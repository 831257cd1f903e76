from __future__ import annotations

import io
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from interlock.ops.running.env_file import BadEnvFile, with_env_files

READ = {
    "a comment after a value": ("K=val # comment\n", "val"),
    "a comment after a quoted value": ('K="val" # comment\n', "val"),
    "a comment after a value in single quotes": ("K='val' # comment\n", "val"),
    "a number sign inside": ("K=a#b\n", "a#b"),
    "a number sign in quotes": ('K="a # b"\n', "a # b"),
    "nothing": ("K=\n", ""),
    "nothing but a comment": ("K= # comment\n", ""),
    "spaces around": ("  K  =  val  \n", "val"),
    "spaces in quotes": ('K="  val  "\n', "  val  "),
    "dashes in quotes": ('K="--bind=0.0.0.0:8080 --x"\n', "--bind=0.0.0.0:8080 --x"),
    "an equal sign": ("K=a=b\n", "a=b"),
    "quotes inside of quotes": ("K='\"quoted\"'\n", '"quoted"'),
    "single quotes inside of double ones": ('K="it\'s"\n', "it's"),
    "escaped quotes": ('K="say \\"hi\\""\n', 'say "hi"'),
    "escaped single quotes": ("K='it\\'s'\n", "it's"),
    "an escaped line break": ('K="a\\nb"\n', "a\nb"),
    "an escape in single quotes": ("K='a\\nb'\n", "a\\nb"),
    "an escape without quotes": ("K=a\\nb\n", "a\\nb"),
    "several lines": ('K="one\ntwo"\nL=1\n', "one\ntwo"),
    "several lines in single quotes": ("K='one\ntwo'\nL=1\n", "one\ntwo"),
    "a reference": ("A=x\nK=${A}y\n", "xy"),
    "a reference in double quotes": ('A=x\nK="${A}y"\n', "xy"),
    "a reference in single quotes": ("A=x\nK='${A}y'\n", "${A}y"),
    "a reference with a default": ("K=${NONE:-d}y\n", "dy"),
    "a reference to nothing": ("K=x${NONE}y\n", "xy"),
    "a reference to what is set already": ("K=${SET}y\n", "shelly"),
    "a reference to what the file says otherwise": ("SET=file\nK=${SET}y\n", "shelly"),
    "export": ("export K=v\n", "v"),
    "a mark of the byte order": ("\ufeffK=v\n", "v"),
    "line breaks of Windows": ("A=1\r\nK=v\r\nB=2\r\n", "v"),
    "a separator of lines that is none here": ("K=a\u2028b\nL=1\n", "a\u2028b"),
    "no line break at the end": ("K=v", "v"),
    "the last of two": ("K=1\nK=2\n", "2"),
    "letters of all kinds": ("K=größe 漢字\n", "größe 漢字"),
    "a backslash at the end": ('K="C:\\\\"\nL=1\n', "C:\\"),
}


@pytest.mark.parametrize("what", READ)
def test_a_value_is_read_as_people_mean_it(tmp_path: Path, what: str) -> None:
    text, value = READ[what]
    (tmp_path / ".env").write_bytes(text.encode())
    assert with_env_files({"SET": "shell"}, [tmp_path / ".env"])["K"] == value


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\u2028\ufeff"), max_size=30))
def test_any_text_survives_both_kinds_of_quotes(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("env") / ".env"
    single = text.replace("\\", "\\\\").replace("'", "\\'")
    double = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "${DOLLAR}")
    path.write_bytes(f"DOLLAR='$'\nA='{single}'\nB=\"{double}\"\n".encode())
    found = with_env_files({}, [path])
    assert (found["A"], found["B"]) == (text, text)


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.text('ab $\\{}AB:-="n #', max_size=12)), max_size=6))
def test_without_single_quotes_it_is_read_as_python_dotenv_does(
    tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("env") / ".env"
    text = "".join(f"{name}={value}\n" for name, value in lines)
    path.write_text(text)
    try:
        found = with_env_files({}, [path])
    except BadEnvFile:
        return
    assert found == dotenv_values(stream=io.StringIO(text))


def test_what_is_set_counts_most_and_then_the_last_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("A=a\nB=a\nC=a\nBOTH=${A}${B}\n")
    (tmp_path / "b").write_text("B=b\nC=b\nALL=${A}${B}${C}\n")
    found = with_env_files({"C": "set"}, [tmp_path / "a", tmp_path / "b"])
    assert found == {"A": "a", "B": "b", "C": "set", "BOTH": "aa", "ALL": "abset"}


def test_a_file_of_another_system_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("K=größe\r\n".encode("utf-16"))
    assert with_env_files({}, [tmp_path / ".env"])["K"] == "größe"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("A=1\n\n\nwhat is this\n", 4),
        ('A=1\nK="open\nL=2\n', 2),
        ("# c\nK\n", 2),
        ("=v\n", 1),
        ("A=1\r\n\r\nK='open\r\n", 3),
        ("K=a\0b\n", 1),
    ],
)
def test_what_is_no_variable_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    path = tmp_path / ".env"
    path.write_bytes(text.encode())
    with pytest.raises(BadEnvFile) as failure:
        with_env_files({}, [path])
    assert failure.value.message.startswith(f"{path}:{line}: ")


def test_a_name_alone_is_fine_for_what_is_there(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nexport A\nexport SET\n")
    assert with_env_files({"SET": "x"}, [tmp_path / ".env"]) == {"A": "1", "SET": "x"}


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"K=gr\xf6\xdfe\n")
    for name in ("none", "latin", "."):
        with pytest.raises(BadEnvFile, match="cannot be read"):
            with_env_files({}, [tmp_path / name])
