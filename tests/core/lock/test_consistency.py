"""A lock that says two things of one package is not used; one that we wrote always is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from msgspec.structs import replace

from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.codec import LockCorrupt, decode_lock, encode_lock
from interlock.core.lock.consistency import check_lock
from interlock.core.lock.model import Lock, LockedPackage
from interlock.core.names import NormalizedName
from interlock.core.sources.source import Directory, File, Git, Registry, Url
from tests.core.lock.locks import edge, lock_of, locks, member, package, wheel

SHA = "a1" * 32
TREE = Git(url="https://host.test/tree", commit="c" * 40)
PLACE = Url("https://host.test/files/foo-1.0-py3-none-any.whl")


def checked(lock: Lock) -> None:
    data = encode_lock(lock)
    check_lock(decode_lock(data), data)


def foo(*files: str | Artifact, version: str = "1.0") -> LockedPackage:
    artifacts = tuple(Artifact(filename=file, sha256=SHA) if isinstance(file, str) else file for file in files)
    return replace(package("foo", version), artifacts=artifacts)


@given(locks())
def test_what_was_written_is_read(lock: Lock) -> None:
    checked(lock)


@pytest.mark.parametrize(
    "fine",
    [
        foo("foo-1.0-py3-none-any.whl", "foo-1.0.tar.gz"),
        foo("Foo-1.0.0-1-py3-none-any.whl", "foo-1.zip"),
        foo("foo-1.0_1-py3-none-any.whl", "foo-1.0-1.tar.gz", version="1.0.post1"),
        foo("foo-1.0+cu_1-py3-none-any.whl", version="1.0+cu.1"),
        foo("foo-v1.0.tar.gz"),
        replace(foo("f.o-o-1.0.tar.gz"), name=NormalizedName("f-o-o")),
        replace(foo("foo-1.0-py3-none-any.whl"), source=PLACE),
        replace(foo("main.zip", version="3.4"), source=Url("https://host.test/x/main.zip")),
        replace(foo("a b.zip"), source=Url("https://host.test/x/a%20b.zip")),
        replace(foo("foo.zip"), source=File("vendor/foo.zip")),
        replace(foo(), source=TREE),
        replace(foo(version=""), source=Directory("../beside")),
        foo(),
    ],
    ids=str,
)
def test_names_and_versions_are_compared_as_the_standards_compare_them(fine: LockedPackage) -> None:
    checked(lock_of(member("app", "foo"), fine))


WRONG: dict[str, tuple[LockedPackage, str]] = {
    "another version": (foo("foo-2.0-py3-none-any.whl"), "foo-2.0-py3-none-any.whl is listed as a file of foo 1.0"),
    "another sdist": (foo("foo-1.0.1.tar.gz"), "foo-1.0.1.tar.gz is listed as a file of foo 1.0"),
    "another package": (foo("bar-1.0-py3-none-any.whl"), "is listed as a file of foo 1.0"),
    "a longer name": (foo("foo-bar-1.0.tar.gz"), "is listed as a file of foo 1.0"),
    "neither wheel nor sdist": (foo("foo-1.0.exe"), "is listed as a file of foo 1.0"),
    "a local version": (foo("foo-1.0+x-py3-none-any.whl"), "is listed as a file of foo 1.0"),
    "no hash": (foo(replace(wheel("foo", "1.0"), sha256="")), "has no hash that a file could have ('')"),
    "a short hash": (foo(replace(wheel("foo", "1.0"), sha256="a1")), "has no hash that a file could have ('a1')"),
    "a hash of capitals": (foo(replace(wheel("foo", "1.0"), sha256="A1" * 32)), "has no hash"),
    "one file twice": (foo("foo-1.0.tar.gz", "foo-1.0.tar.gz"), "foo-1.0.tar.gz is listed twice"),
    "a version of two lines": (foo(version="1.0\nbar==2"), "holds a line break"),
    "a version with a line break at its end": (foo(version="1.0\n"), "holds a line break"),
    "a version with spaces": (foo("foo-1.0.tar.gz", version=" 1.0"), "has spaces around it"),
    "a version that is none": (foo(version="newest"), "'newest' is not a version"),
    "an index and no version": (foo(version=""), "'' is not a version"),
    "a name that is none": (package("foo bar"), "'foo bar' is not the normalised name"),
    "a name of two lines": (package("foo\nbar"), "is not the normalised name"),
    "a name that is not normalised": (package("Foo"), "'Foo' is not the normalised name"),
    "no commit": (replace(foo(), source=replace(TREE, commit="")), "names no commit"),
    "a branch for a commit": (replace(foo(), source=replace(TREE, commit="main")), "names no commit"),
    "a tree with files": (replace(foo("foo-1.0.tar.gz"), source=TREE), "is a source tree and has files"),
    "a subdirectory of two lines": (replace(foo(), source=replace(TREE, subdirectory="a\nb")), "holds a line break"),
    "a URL of two lines": (replace(foo("x.zip"), source=Url("https://host.test/\nx.zip")), "holds a line break"),
    "an index of two lines": (replace(foo(), source=Registry("a\rb")), "holds a line break"),
    "another file than the place has": (
        replace(foo("foo-1.0-py2-none-any.whl"), source=PLACE),
        "is the file foo-1.0-py3-none-any.whl, and the one listed is foo-1.0-py2-none-any.whl",
    ),
    "a place and no file": (replace(foo(), source=PLACE), "and the one listed is none"),
    "a place of another version": (replace(foo("foo-1.0-py3-none-any.whl", version="2.0"), source=PLACE), "of foo 2.0"),
    "a URL that is none": (replace(foo("x.zip"), source=Url("http://[/x.zip")), "cannot be read"),
}


@pytest.mark.parametrize(("wrong", "said"), WRONG.values(), ids=WRONG)
def test_what_contradicts_itself_is_not_used(wrong: LockedPackage, said: str) -> None:
    with pytest.raises(LockCorrupt) as caught:
        checked(lock_of(member("app"), wrong))
    assert said in caught.value.message


@given(locks())
def test_a_version_is_never_changed_alone(lock: Lock) -> None:
    for number, found in enumerate(lock.packages):
        if found.artifacts and isinstance(found.source, Registry):
            changed = [*lock.packages]
            changed[number] = replace(found, version="9.9")
            with pytest.raises(LockCorrupt):
                checked(replace(lock, packages=tuple(changed)))


def test_a_package_is_listed_once() -> None:
    one = foo("foo-1.0.tar.gz")
    checked(lock_of(member("app"), one, replace(one, source=Registry("other"))))
    with pytest.raises(LockCorrupt, match=r"foo 1\.0 is listed twice"):
        checked(lock_of(member("app"), one, one))


def test_an_edge_leads_to_a_version_that_is_there() -> None:
    one, other = foo("foo-1.0.tar.gz"), foo("foo-3.0.tar.gz", version="3.0")
    ends = [edge("foo", "os_name == 'nt'", version="1.0"), edge("foo", "os_name != 'nt'", version="3.0")]
    checked(lock_of(member("app", *ends), one, other))
    with pytest.raises(LockCorrupt, match=r"something needs foo 1\.0, and the foo it holds is 3\.0 and 4\.0") as caught:
        checked(lock_of(member("app", *ends), other, foo("foo-4.0.tar.gz", version="4.0")))
    assert "(line " in caught.value.message


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda text: text.replace('"version": "1.0"', '"version": "2.0"'), '"foo-1.0-py3-none-any.whl"'),
        (lambda text: text.replace(SHA, ""), '"foo-1.0-py3-none-any.whl"'),
        (lambda text: text.replace('"1.0"', '"1.0\\n"'), '"1.0\\n"'),
    ],
)
def test_the_line_is_told(change: Callable[[str], str], line: str) -> None:
    text = change(encode_lock(lock_of(member("app", "foo"), foo("foo-1.0-py3-none-any.whl"))).decode())
    number = 1 + next(number for number, found in enumerate(text.splitlines()) if line in found)
    with pytest.raises(LockCorrupt, match=rf"\(line {number}\)") as caught:
        check_lock(decode_lock(text.encode()), text.encode())
    assert caught.value.facts["line"] == number
