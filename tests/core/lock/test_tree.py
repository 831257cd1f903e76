"""Trees of a lock."""

from __future__ import annotations

import json

import pytest

from interlock.core.lock.graph import UnknownInLock
from interlock.core.lock.model import Lock
from interlock.core.lock.tree import TreeOptions, dependents, duplicates, paths, to_data, to_text, tree
from interlock.core.names import NormalizedName
from tests.core.lock.locks import LINUX, WINDOWS, chosen, edge, item, lock_of, member, package

LOCK = lock_of(
    member("app", "lib", "a", extras={"fast": ["c"]}, groups={"dev": ["d"]}),
    member("lib", "a[more]", edge("b", "sys_platform == 'win32'")),
    package("a", "1.0", "c", extras={"more": ["e"]}),
    package("b", "2.0", "c"),
    package("c", "3.0", "f"),
    package("d", "4.0"),
    package("e", "5.0", "a"),
    package("f", "6.0"),
)
C = [NormalizedName("c")]


def test_a_tree_shows_groups_extras_and_markers() -> None:
    assert to_text(tree(LOCK, chosen("app[fast]:dev"))) == [
        "app",
        "├── a 1.0",
        "│   └── c 3.0",
        "│       └── f 6.0",
        "├── lib",
        "│   ├── a[more] 1.0",
        "│   │   ├── c 3.0 (*)",
        "│   │   └── e 5.0 (extra: more)",
        "│   │       └── a 1.0 (*)",
        "│   └── b 2.0 ; sys_platform == 'win32'",
        "│       └── c 3.0 (*)",
        "├── c 3.0 (extra: fast) (*)",
        "└── d 4.0 (group: dev)",
        "(*) shown above",
    ]


def test_a_tree_for_one_environment() -> None:
    linux = to_text(tree(LOCK, chosen("lib"), TreeOptions(environment=LINUX)))
    assert linux == [
        "lib",
        "└── a[more] 1.0",
        "    ├── c 3.0",
        "    │   └── f 6.0",
        "    └── e 5.0 (extra: more)",
        "        └── a 1.0 (*)",
        "(*) shown above",
    ]
    assert "├── a[more] 1.0" in to_text(tree(LOCK, chosen("lib"), TreeOptions(environment=WINDOWS)))


def test_depth_prune_and_no_dedupe() -> None:
    assert to_text(tree(LOCK, chosen("app"), TreeOptions(depth=1))) == ["app", "├── a 1.0 (...)", "└── lib (...)"]
    assert to_text(tree(LOCK, chosen("app"), TreeOptions(prune=frozenset(["a", "b"])))) == ["app", "└── lib"]  # type: ignore[list-item]
    full = to_text(tree(LOCK, chosen("app"), TreeOptions(dedupe=False)))
    assert sum("f 6.0" in line for line in full) == 3
    assert full[-1] == "(*) shown above"  # the cycle a -> e -> a still ends


def test_who_needs_a_package() -> None:
    assert to_text(dependents(LOCK, C, chosen("app[fast]")), inverted=True) == [
        "c 3.0",
        "├── a 1.0",
        "│   ├── app",
        "│   ├── e 5.0",
        "│   │   └── a 1.0 (extra: more) (*)",
        "│   └── lib (needs [more])",
        "│       └── app",
        "├── app (extra: fast)",
        "└── b 2.0",
        "    └── lib ; sys_platform == 'win32' (*)",
        "(*) shown above",
    ]
    assert to_text(dependents(LOCK, C, chosen("app"), TreeOptions(depth=1)), inverted=True) == [
        "c 3.0",
        "├── a 1.0 (...)",
        "└── b 2.0 (...)",
    ]


def test_only_what_is_selected_counts_as_needing() -> None:
    assert to_text(dependents(LOCK, [NormalizedName("d")], chosen("app")), inverted=True) == ["d 4.0"]


def test_every_path_to_a_package() -> None:
    found = [" > ".join(to_text([node])[0] for node in path.nodes) for path in paths(LOCK, C[0], chosen("app"))]
    assert found == [
        "app > a 1.0 > c 3.0",
        "app > lib > a[more] 1.0 > c 3.0",
        "app > lib > b 2.0 ; sys_platform == 'win32' > c 3.0",
    ]
    assert len(paths(LOCK, C[0], chosen("app"), limit=2)) == 2


def test_unknown_names_are_named() -> None:
    with pytest.raises(UnknownInLock, match="`ghost`"):
        dependents(LOCK, [NormalizedName("ghost")], chosen("app"))


def forked() -> Lock:
    return lock_of(
        member(
            "app",
            extras={
                "cpu": [edge("torch", "extra == 'app[cpu]'", version="1.0")],
                "gpu": [edge("torch", "extra == 'app[gpu]'", version="2.0")],
            },
        ),
        member("user", "app[gpu]"),
        package("torch", "1.0"),
        package("torch", "2.0"),
        conflicts=((item("app", extra="cpu"), item("app", extra="gpu")),),
    )


def test_conflicts_are_settled_and_duplicates_found() -> None:
    assert to_text(tree(forked(), chosen("app[gpu]"))) == ["app", "└── torch 2.0 (extra: gpu)"]
    assert duplicates(forked()) == {"torch": ("1.0", "2.0")}
    assert duplicates(LOCK) == {}
    assert [node.version for node in dependents(forked(), [NormalizedName("torch")], chosen("app[gpu]"))] == [
        "1.0",
        "2.0",
    ]


def test_the_data_of_a_tree() -> None:
    data = to_data(tree(LOCK, chosen("app"), TreeOptions(depth=1)))
    assert data == [
        {
            "name": "app",
            "member": True,
            "children": [
                {"name": "a", "version": "1.0", "cut": True},
                {"name": "lib", "member": True, "cut": True},
            ],
        }
    ]
    assert json.loads(json.dumps(data)) == data
