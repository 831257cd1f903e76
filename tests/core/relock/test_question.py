"""Questions and answers are values: they can be sent, and a lock gets its digests where the manifests are."""

from __future__ import annotations

import msgspec

from interlock.core.lock.model import ResolutionInputs
from interlock.core.relock.question import Answer, Question, plain_lock
from interlock.core.relock.revision import RESOLUTION_REVISION
from tests.core.lock.locks import lock_of, member, package
from tests.core.resolver.world import problem_of

WORLD = {"root": {"requires": ["a>=1"], "extras": {"x": ["b"]}}, "direct": {"b": {"directory": "b", "requires": ["a"]}}}


def test_a_question_survives_being_sent() -> None:
    question = Question(problem=problem_of(WORLD), inputs=ResolutionInputs(prerelease="allow"), stated=({"name": "a"},))
    assert msgspec.json.decode(msgspec.json.encode(question), type=Question) == question
    answer = Answer(lock=lock_of(member("a", "p"), package("p")))
    assert msgspec.json.decode(msgspec.json.encode(answer), type=Answer) == answer
    assert RESOLUTION_REVISION >= 1


def test_what_a_lock_was_made_from_has_no_part_in_the_next_one() -> None:
    old = msgspec.structs.replace(lock_of(member("a", "p"), package("p")), inputs=ResolutionInputs(trees={"b": "1"}))
    plain = plain_lock(old)
    assert plain.inputs.trees == {}
    assert [one.inputs for one in plain.members] == [{}]
    assert plain.packages == old.packages
