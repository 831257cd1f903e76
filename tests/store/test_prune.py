from __future__ import annotations

import shutil
from pathlib import Path

from interlock.core.names import normalize_name
from interlock.store.archives import add_wheel, open_wheel
from interlock.store.layout import Bucket, Layout
from interlock.store.prune import clear, drop_wheels, iter_wheels, prune, usage
from tests.wheels import make_wheel


def filled(root: Path) -> tuple[Layout, list[str]]:
    layout = Layout(root)
    digests = []
    for name, version in (("a", "1"), ("a", "2"), ("b", "1")):
        wheel = make_wheel(name, version)
        digests.append(add_wheel(layout, wheel.data, filename=wheel.filename).sha256)
    layout.write(layout.entry(Bucket.BUILT, "f" * 64) / "x.whl", b"built")
    return layout, digests


def test_wheels_are_listed_and_dropped_by_name_and_version(tmp_path: Path) -> None:
    layout, digests = filled(tmp_path / "store")
    assert sorted(wheel.sha256 for wheel in iter_wheels(layout)) == sorted(digests)
    assert drop_wheels(layout, normalize_name("a"), "2").entries == 1
    assert open_wheel(layout, digests[1]) is None
    assert open_wheel(layout, digests[0]) is not None
    gone = drop_wheels(layout, normalize_name("A"))
    assert gone.entries == 1 and gone.files == 5 and gone.size > 100
    assert [wheel.name for wheel in iter_wheels(layout)] == ["b"]


def test_pruning_deletes_old_formats_damage_and_leftovers_only(tmp_path: Path) -> None:
    layout, digests = filled(tmp_path / "store")
    (layout.root / "wheels-v0" / "ab").mkdir(parents=True)
    (layout.root / "wheels-v0" / "ab" / "x").write_text("old")
    (layout.root / "photos").mkdir()
    layout.temporary_directory()
    shutil.rmtree(layout.entry(Bucket.WHEELS, digests[0]) / "tree")
    assert prune(layout).entries == 3
    assert not (layout.root / "wheels-v0").exists()
    assert (layout.root / "photos").exists()
    assert not list(layout.tmp.iterdir())
    assert not layout.entry(Bucket.WHEELS, digests[0]).exists()
    assert open_wheel(layout, digests[1]) is not None
    assert prune(layout).entries == 0


def test_pruning_for_ci_keeps_what_was_built(tmp_path: Path) -> None:
    layout, _ = filled(tmp_path / "store")
    prune(layout, ci=True)
    assert [found.bucket for found in usage(layout) if found.files] == ["built-v1"]
    clear(layout)
    assert usage(layout) == ()
    assert prune(Layout(tmp_path / "nothing")).entries == 0
    assert not (tmp_path / "nothing").exists()


def test_a_named_place_is_for_one_at_a_time(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "store")
    first, second = layout.temporary_directory("one"), layout.temporary_directory("one")
    assert (first.name, first == second, second.is_dir()) == ("one", False, True)
    first.rmdir()
    assert layout.temporary_directory("one") == first
