"""What is sent arrives as it was: questions, answers, failures, events and errors."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import interlock
from interlock.core.artifacts.artifact import Artifact
from interlock.core.lock.codec import encode_lock
from interlock.core.members.asks import Origin
from interlock.core.names import ExtraName, NormalizedName
from interlock.core.relock.question import Answer, Question, plain_lock
from interlock.core.resolver.failure import Failure, Row, no_solution
from interlock.core.resolver.notice import Notice
from interlock.core.resolver.placed import Places, placed
from interlock.core.resolver.problem import Problem
from interlock.core.resolver.report import explain
from interlock.core.sources.source import Directory, File, Git, Index, Url
from interlock.errors import InterlockError, LockError, ManifestError
from interlock.events import Advanced, Event, Finished, Noted, Started, Warned
from interlock.service.protocol import (
    Beat,
    Conflict,
    Done,
    Frame,
    LockRequest,
    Needed,
    Needs,
    Progress,
    Unchanged,
    decode_frame,
    decode_request,
    digest_of,
    encode,
)
from interlock.service.remote_error import described, revived
from tests.core.resolver.strategies import shuffled, universal_worlds
from tests.core.resolver.wild import wild_world
from tests.core.resolver.world import problem_of, resolve, resolve_problem

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


def _sent(problem: Problem) -> Problem:
    return decode_request(encode(LockRequest(question=Question(problem=problem)))).question.problem


@given(universal_worlds())
def test_a_problem_that_was_sent_has_the_same_answer(world: dict[str, Any]) -> None:
    problem = problem_of(world)
    sent = _sent(problem)
    assert sent == problem
    here, there = resolve_problem(problem, world), resolve_problem(sent, world)
    if here.lock is None:
        assert (str(there.error), there.error and there.error.facts) == (
            str(here.error),
            here.error and here.error.facts,
        )
    else:
        assert there.data == here.data


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_a_wild_problem_arrives_as_it_was(seed: int) -> None:
    """With conflicts, several indexes, source trees, overrides and the versions of an old lock."""
    world = wild_world(seed)
    outcome = resolve(world)
    problem = problem_of(world, outcome.lock)
    assert _sent(problem) == problem


@given(st.data(), universal_worlds())
def test_the_same_problem_has_the_same_digest_whatever_its_order(data: st.DataObject, world: dict[str, Any]) -> None:
    """Tables have no order; lists of requirements do, and are sorted where they are read."""
    other = data.draw(shuffled(world))
    for name, member in world["members"].items():
        other["members"][name] = {**other["members"][name], "requires": member["requires"]}
        for table in ("extras", "groups"):
            if table in member:
                other["members"][name][table] = {key: member[table][key] for key in other["members"][name][table]}
    one, two = (LockRequest(question=Question(problem=problem_of(said))) for said in (world, other))
    assert digest_of(encode(one)) == digest_of(encode(two))


@given(universal_worlds())
def test_a_lock_and_a_failure_that_were_sent_say_the_same(world: dict[str, Any]) -> None:
    outcome = resolve(world)
    if outcome.lock is not None:
        frame = decode_frame(encode(Done(Answer(lock=outcome.lock))))
        assert isinstance(frame, Done)
        assert encode_lock(frame.answer.lock) == outcome.data
        assert plain_lock(frame.answer.lock) == plain_lock(outcome.lock)


def _failed(requires: list[str]) -> Any:
    world = {
        "members": {
            "web": {"requires": ["a<2"], "path": "apps/web"},
            "api": {"requires": requires, "path": "apps/api"},
        },
        "packages": {"a": {"1.0": {}, "2.0": {}}, "b": {"1.0": {"requires": ["a>=2"]}}},
    }
    return resolve(world)


@pytest.mark.parametrize("requires", [["a>=2"], ["b"], ["a>=9"], ["nothing-like-it"]])
def test_a_failure_is_told_where_the_manifests_are(requires: list[str]) -> None:
    outcome = _failed(requires)
    failure = _failure(outcome)
    frame = decode_frame(encode(Conflict(failure)))
    assert isinstance(frame, Conflict)
    assert frame.failure == failure
    assert frame.failure is not None
    lines = {"web": 3, "api": 7}

    def locate(origin: Origin) -> str:
        return f"{origin.path}/pyproject.toml:{lines[origin.member]}"

    told = no_solution(frame.failure, locate)
    assert "apps/api/pyproject.toml:7" in told.message
    assert told.facts["requirements"][-1]["at"].startswith("apps/")  # type: ignore[index]
    assert no_solution(frame.failure, lambda _: "").message.count("pyproject.toml") == 0


def _failure(outcome: Any) -> Failure:
    failure = explain(outcome.resolver, outcome.unsolvable)
    assert isinstance(failure, Failure)
    return failure


@given(_TEXTS, st.lists(st.tuples(st.sampled_from(["web", "api", "root"]), _TEXTS), max_size=5))
def test_places_are_put_where_they_were_marked(start: str, parts: list[tuple[str, str]]) -> None:
    """Whatever the text between them holds."""
    places = Places()
    text, expected = start, start
    for member, after in parts:
        text += places.mark(Origin(member=NormalizedName(member))) + after
        expected += f" ({member}:1)" + after
    assert placed(places.pieces(text), lambda origin: f"{origin.member}:1") == expected
    assert placed(places.pieces(start), lambda _: "nowhere") == start


_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Started, st.sampled_from(["resolve", "build"]), st.none() | st.integers(0, 9)),
    st.builds(Advanced, st.just("download"), _TEXTS, st.integers(0, 9), st.booleans()),
    st.builds(Finished, st.just("resolve")),
    st.builds(Warned, _TEXTS, _TEXTS),
    st.builds(Noted, _TEXTS),
)
_NAMES = st.sampled_from([NormalizedName("a"), NormalizedName("b-c")])
_ORIGINS = st.builds(Origin, member=_NAMES, table=st.just("extra:x"), text=_TEXTS, path=_TEXTS)
_PIECES = st.lists(_TEXTS | _ORIGINS, max_size=4).map(tuple)
_NOTICES = st.lists(st.builds(Notice, _TEXTS, _PIECES), max_size=3).map(tuple)
_ROWS = st.lists(st.builds(Row, data=st.dictionaries(_TEXTS, _TEXTS), origin=st.none() | _ORIGINS), max_size=2)
_FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Progress, _EVENTS),
    st.builds(Beat),
    st.builds(Unchanged, _NOTICES),
    st.builds(
        Conflict,
        st.builds(
            Failure, message=_PIECES, hints=st.lists(_TEXTS).map(tuple), where=_TEXTS, requirements=_ROWS.map(tuple)
        ),
    ),
    st.builds(
        Needs,
        st.lists(
            st.builds(Needed, name=_NAMES, version=_TEXTS, index=_TEXTS, artifact=st.builds(Artifact, filename=_TEXTS)),
            max_size=2,
        ).map(tuple),
        st.booleans(),
    ),
)


@given(_FRAMES)
def test_every_frame_is_one_line_and_arrives_as_it_was(frame: Frame) -> None:
    line = encode(frame)
    assert b"\n" not in line
    assert decode_frame(line) == frame


@pytest.mark.parametrize(
    "source",
    [
        Git(url="https://git.test/a", reference="tag:v1", commit="0" * 40, also=("branch:main",)),
        Url("https://files.test/a-1.0.tar.gz", hashes="sha256:00"),
        File("vendor/a.whl"),
        Directory("libs/a", editable=True),
    ],
)
def test_sources_of_every_kind_arrive(source: Any) -> None:
    world = {"root": {"requires": ["a"]}, "direct": {"a": {"requires": ["b"], "directory": "a"}}}
    problem = problem_of(world)
    package = msgspec.structs.replace(problem.direct[0], source=source, extras=(ExtraName("x"),), version="1.0")
    changed = msgspec.structs.replace(problem, direct=(package,))
    sent = _sent(changed)
    assert sent == changed
    assert sent.direct[0].known == package.known


def test_a_request_names_indexes_and_no_secrets() -> None:
    request = LockRequest(
        question=Question(problem=Problem(members=())), indexes=(Index(name="corp", url="https://x/"),)
    )
    assert decode_request(encode(request)) == request


# ---- errors ------------------------------------------------------------------------------------------------------


def _every_error() -> list[type[InterlockError]]:
    for module in pkgutil.walk_packages(interlock.__path__, "interlock."):
        if not module.name.endswith(("__main__", "_hook_runner")):
            with contextlib.suppress(ModuleNotFoundError):  # of what an extra brings
                importlib.import_module(module.name)
    found, todo = [], [InterlockError]
    while todo:
        kind = todo.pop()
        if kind.__module__.startswith("interlock."):
            found.append(kind)
            todo += kind.__subclasses__()
    return sorted(set(found), key=lambda kind: kind.__qualname__)


def _raised(kind: type[InterlockError]) -> InterlockError:
    error = kind.__new__(kind)
    InterlockError.__init__(error, "It went wrong (a/pyproject.toml:3).", hint="Do better.", facts={"at": ["x", 1]})
    return error


@pytest.mark.parametrize("kind", _every_error(), ids=lambda kind: kind.__qualname__)
def test_an_error_is_raised_again_as_the_same(kind: type[InterlockError]) -> None:
    error = _raised(kind)
    remote = msgspec.json.decode(msgspec.json.encode(described(error)), type=type(described(error)))
    again = revived(remote)
    assert isinstance(again, kind)
    assert (again.code, again.message, again.hint, again.facts, again.exit_code, str(again)) == (
        error.code,
        error.message,
        error.hint,
        error.facts,
        error.exit_code,
        str(error),
    )


def test_an_error_of_a_class_that_is_not_here_belongs_to_its_family() -> None:
    class Later(ManifestError):
        code = "later-than-this-version"
        exit_code = 3

    remote = msgspec.structs.replace(described(_raised(Later)), code="of-another-version")
    again = revived(remote)
    assert isinstance(again, ManifestError)
    assert not isinstance(again, LockError)
    assert (again.code, again.exit_code, again.message) == (
        "of-another-version",
        3,
        "It went wrong (a/pyproject.toml:3).",
    )


def test_facts_that_are_no_json_become_json() -> None:
    class Odd(LockError):
        code = "odd-facts"

    remote = described(Odd("No.", facts={"names": (NormalizedName("a"), frozenset({"b"})), "origin": None}))
    assert remote.facts == {"names": ["a", ["b"]], "origin": None}
