"""The context of a command: what changes with the workspace, the flags and the variables, and from when on."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from interlock.cli.surroundings import make_context
from interlock.context import Context, Place
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.sources.source import Index
from interlock.events import SILENT, Aside
from interlock.settings.given import GlobalFlags, Surroundings

TOOL = ToolSettings(indexes=(Index(name="company", url="https://company.test/"),), env="member", prerelease="allow")


@pytest.fixture
def context(tmp_path: Path) -> Context:
    around = Surroundings(environ={}, now=datetime(2026, 1, 1, tzinfo=UTC), cache_home=str(tmp_path))
    return make_context(GlobalFlags(prerelease="disallow"), around, SILENT)


def test_a_path_of_the_command_line_is_relative_to_its_directory() -> None:
    place = Place(directory=Path(os.sep, "a", "b"), start=Path(os.sep, "elsewhere"))
    assert place.path("../c/./d") == Path(os.sep, "a", "c", "d")
    assert place.path(os.path.join(os.sep, "e")) == Path(os.sep, "e")


def test_a_workspace_adds_its_settings_below_those_of_the_command(context: Context) -> None:
    here = context.within(TOOL)
    assert [index.name for index in here.means.settings.resolving.indexes] == ["company", "pypi"]
    assert (here.means.settings.env, here.means.settings.resolving.prerelease) == ("member", "disallow")
    assert here.means.layout is context.means.layout
    assert here.place == context.place
    assert context.means.settings.env == "shared"
    assert here.within(ToolSettings()).means == context.means


def test_a_workspace_may_have_limits_of_its_own_in_the_same_store(context: Context) -> None:
    here = context.within(ToolSettings(limits={"page_size": 1}))
    assert here.means.layout.limits == here.means.settings.limits != context.means.settings.limits
    assert here.means.layout.root == context.means.layout.root


def test_other_flags_and_variables_count_once_settings_are_made_anew(context: Context) -> None:
    asked = context.asking(python="3.12").with_environ({"INTERLOCK_ENV": "member"})
    assert (asked.means.settings.python, asked.means.settings.env) == ("", "shared")
    assert asked.means.environ == {"INTERLOCK_ENV": "member"}
    here = asked.within(ToolSettings())
    assert (here.means.settings.python, here.means.settings.python_flag, here.means.settings.env) == (
        "3.12",
        "3.12",
        "member",
    )


def test_what_is_changed_of_a_command_leaves_the_rest_of_it(context: Context) -> None:
    reporter = Aside(SILENT)
    changed = context.starting_at(Path(os.sep)).reporting_to(reporter)
    assert (changed.place.start, changed.place.directory) == (Path(os.sep), context.place.directory)
    assert changed.means.reporter is reporter
    assert changed.means.settings == context.means.settings
