"""Where files go when nothing, or several things, say so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from twine.utils import DEFAULT_REPOSITORY

from interlock.cli.surroundings import make_context, read_surroundings
from interlock.events import SILENT
from interlock.index.defaults import default_index_url
from interlock.ops.publishing.report import PublishRequest
from interlock.ops.publishing.repository import UnknownRepository, find_repository
from interlock.settings.given import GlobalFlags


def find(tmp_path: Path, request: PublishRequest, *indexes: str) -> tuple[str, str, object, bool]:
    context = make_context(GlobalFlags(cache_dir=str(tmp_path), index=indexes), read_surroundings(os.environ), SILENT)
    found = find_repository(context.means, request)
    return found.upload_url, found.index_url, found.login, found.public


def test_without_a_word_it_is_pypi(tmp_path: Path) -> None:
    assert find(tmp_path, PublishRequest()) == (DEFAULT_REPOSITORY, default_index_url(), None, True)
    assert find(tmp_path, PublishRequest(repository="pypi")) == (DEFAULT_REPOSITORY, default_index_url(), None, True)


def test_credentials_in_an_address_are_taken_out_of_it(tmp_path: Path) -> None:
    request = PublishRequest(publish_url="https://ann:secret@index.test/up/")
    assert find(tmp_path, request) == ("https://index.test/up/", "", ("ann", "secret"), False)


def test_an_empty_check_url_means_not_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTERLOCK_PUBLISH_URL", "https://index.test/up/")
    monkeypatch.setenv("INTERLOCK_PUBLISH_CHECK_URL", "https://index.test/simple/")
    assert find(tmp_path, PublishRequest())[1] == "https://index.test/simple/"
    assert find(tmp_path, PublishRequest(check_url=""))[1] == ""


@pytest.mark.parametrize(
    "request_",
    [PublishRequest(repository="other"), PublishRequest(repository="mine"), PublishRequest(publish_url="nonsense")],
)
def test_what_takes_no_files_is_an_error(tmp_path: Path, request_: PublishRequest) -> None:
    with pytest.raises(UnknownRepository):
        find(tmp_path, request_, "mine=https://index.test/simple/")
