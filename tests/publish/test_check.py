"""What is found before an upload; twine's own check is the oracle for descriptions."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from interlock.publish.check import check_distribution
from interlock.publish.distribution import read_distribution
from interlock.publish.failures import InvalidDistribution
from interlock.publish.form import form_fields
from interlock.store.top_files import top_file
from tests.wheels import make_wheel

HEAD = "Metadata-Version: 2.4\nName: a\nVersion: 1.0\n"


def write(folder: Path, metadata: str, *, name: str = "a", version: str = "1.0") -> Path:
    built = make_wheel(name, version, metadata=metadata)
    path = folder / built.filename
    path.write_bytes(built.data)
    return path


def found(folder: Path, fields: str, *, public: bool = True) -> str:
    return "\n".join(check_distribution(read_distribution(write(folder, HEAD + fields)), public=public))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("Summary: one\nRequires-Dist: idna>=3\n", ""),
        ("Classifier: Private :: Do Not Upload\n", "private by the classifier"),
        ("Requires-Dist: b @ file:///home/me/b\n", "a path of this machine"),
        ("Requires-Dist: b @ git+https://git.test/b\n", "a direct address"),
        ("Requires-Dist: b>>2\n", "requires-dist"),
        ("Requires-Python: three\n", "requires-python"),
        ("License-Expression: MIT\nClassifier: License :: OSI Approved :: MIT License\n", "both a License-Expression"),
        ("License-Expression: Mine\n", "license-expression"),
        ("License-File: LICENSE\n", "`LICENSE` is not in it"),
        ("Description-Content-Type: text/html\n\n<b>", "description-content-type"),
        ("Description-Content-Type: text/x-rst\n\n*open `rst\n===\n", "cannot be rendered"),
        ("Nonsense: yes\n", "`nonsense` is unknown"),
    ],
)
def test_what_an_index_refuses_is_found(tmp_path: Path, fields: str, words: str) -> None:
    problems = found(tmp_path, fields)
    assert words in problems
    assert bool(problems) == bool(words)


def test_a_local_version_and_a_private_classifier_are_fine_at_home(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD.replace("1.0", "1.0+cu1") + "Classifier: Private :: x\n", version="1.0+cu1")
    assert check_distribution(read_distribution(path), public=False) == []
    assert len(check_distribution(read_distribution(path))) == 2


@pytest.mark.parametrize(
    "description",
    [
        "Description-Content-Type: text/markdown\n\n# Fine\n",
        "Description-Content-Type: text/x-rst\n\nFine\n====\n",
        "Description-Content-Type: text/x-rst\n\n*open `rst\n===\n",
        "\nFine, and *no* type\n",
        "\n.. unknown:: directive\n",
        "Description-Content-Type: text/plain\n\n*anything `goes\n",
    ],
)
def test_descriptions_are_judged_as_twine_judges_them(tmp_path: Path, description: str) -> None:
    path = write(tmp_path, HEAD + description)
    command = [sys.executable, "-W", "ignore", "-m", "twine", "check", str(path)]
    oracle = subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert (check_distribution(read_distribution(path)) == []) == oracle


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a-1.0.whl", b"", "not the name"),
        ("a-1.0.tar.gz", b"no archive", "cannot be read"),
        ("a.tar.gz", b"", "not the name"),
        ("a-1.0-py3-none-any.whl", b"PK", "cannot be read"),
    ],
)
def test_what_is_no_distribution_is_told(tmp_path: Path, name: str, data: bytes, words: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidDistribution, match=words):
        read_distribution(tmp_path / name)


@pytest.mark.parametrize("names", [["a-1.0/PKG-INFO"], ["./a-1.0/PKG-INFO"], ["a-1.0/PKG-INFO", "a-1.0/a/PKG-INFO"]])
def test_what_is_published_of_an_sdist_is_what_is_read_to_resolve_with_it(tmp_path: Path, names: list[str]) -> None:
    path = tmp_path / "a-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for number, name in enumerate([*names, *names]):
            data = f"{HEAD}Summary: {number}\n".encode()
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    read = top_file(path, "PKG-INFO")
    assert read is not None
    assert read.decode().endswith("Summary: 0\n")
    found = read_distribution(path)
    assert found.metadata["summary"] == "0"
    assert found.contents == set(names)


def test_a_file_of_another_package_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, HEAD.replace("Name: a", "Name: b"))
    with pytest.raises(InvalidDistribution, match="`b`"):
        read_distribution(path)


def test_a_form_has_every_field(tmp_path: Path) -> None:
    fields = (
        "Keywords: one,two\nProject-URL: Home, https://home.test\nLicense-File: L\nPlatform: any\nProvides-Extra: x\n"
    )
    form = form_fields(read_distribution(write(tmp_path, HEAD + fields + "\nText\n")))
    assert form["keywords"] == "one, two"
    assert form["project_urls"] == ["Home, https://home.test"]
    assert (form["license_file"], form["platform"], form["provides_extra"]) == (["L"], ["any"], ["x"])
    assert (form["description"], form["filetype"], form["pyversion"]) == ("Text\n", "bdist_wheel", "py3")
    assert len(form["sha256_digest"]) == len(form["blake2_256_digest"]) == 64
