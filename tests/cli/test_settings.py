"""Settings: flags over variables over the manifest over the user's file over defaults."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from interlock.cli.arguments import parse_arguments
from interlock.cli.pip_configuration import parse_pip_configuration
from interlock.cli.surroundings import read_flags
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.names import normalize_name
from interlock.core.settings.limits import Limits
from interlock.core.settings.variables import InvalidSetting
from interlock.core.sources.source import Index
from interlock.settings.decided import Settings
from interlock.settings.given import GlobalFlags, PipSettings, Surroundings, UserSettings
from interlock.settings.resolve import resolve_settings

NOW = datetime(2026, 3, 10, 12, 30, 15, 99, tzinfo=UTC)
DEFAULT = Index(name="pypi", url="", default=True)


def resolve(
    flags: GlobalFlags | None = None,
    environ: dict[str, str] | None = None,
    tool: ToolSettings | None = None,
    user: UserSettings | None = None,
    pip: PipSettings | None = None,
) -> Settings:
    around = Surroundings(
        environ=environ or {},
        now=NOW,
        home="/home/ann",
        cache_home="/home/ann/.cache/interlock",
        processors=6,
        user=user or UserSettings(),
        pip=pip or PipSettings(),
    )
    return resolve_settings(flags or GlobalFlags(), tool or ToolSettings(), around)


def test_defaults() -> None:
    found = resolve()
    assert found.cache_dir == "/home/ann/.cache/interlock"
    assert found.resolving.indexes == (DEFAULT,)
    assert (found.concurrent_downloads, found.concurrent_builds, found.concurrent_installs) == (50, 6, 6)
    assert (found.netrc, found.display.progress, found.display.color, found.offline) == (
        "/home/ann/.netrc",
        True,
        "auto",
        False,
    )


def test_flags_beat_variables_beat_the_user_beat_defaults() -> None:
    user = UserSettings(cache_dir="/user", link_mode="copy", concurrent_downloads=7)
    environ = {"INTERLOCK_CACHE_DIR": "/variable", "INTERLOCK_CONCURRENT_DOWNLOADS": "9"}
    assert resolve(user=user).cache_dir == "/user"
    assert resolve(environ=environ, user=user).cache_dir == "/variable"
    assert resolve(GlobalFlags(cache_dir="/flag"), environ, user=user).cache_dir == "/flag"
    assert resolve(environ=environ, user=user).concurrent_downloads == 9
    assert resolve(user=user).link_mode == "copy"
    assert resolve(tool=ToolSettings(link_mode="symlink"), user=user).link_mode == "symlink"


def test_an_empty_variable_is_unset() -> None:
    assert resolve(environ={"INTERLOCK_CACHE_DIR": "", "INTERLOCK_OFFLINE": ""}).offline is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("INTERLOCK_OFFLINE", "maybe"),
        ("INTERLOCK_CONCURRENT_BUILDS", "-1"),
        ("INTERLOCK_HTTP_TIMEOUT", "soon"),
        ("INTERLOCK_HTTP_TIMEOUT", "nan"),
        ("INTERLOCK_RESOLUTION", "newest"),
        ("INTERLOCK_PRERELEASE", "always"),
        ("INTERLOCK_LINK_MODE", "move"),
        ("INTERLOCK_COLOR", "blue"),
        ("INTERLOCK_EXCLUDE_NEWER", "tomorrow"),
        ("INTERLOCK_INDEX", "https://index.test/simple/"),
        ("INTERLOCK_ENV", "mine"),
        ("INTERLOCK_NO_BUILD_PACKAGE", "my/web"),
        ("INTERLOCK_NO_BINARY_PACKAGE", "flask>3"),
        ("INTERLOCK_NO_SOURCES_PACKAGE", "a,b"),
    ],
)
def test_a_wrong_variable_is_a_usage_error(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting) as caught:
        resolve(environ={name: value})
    assert caught.value.exit_code == 2
    assert value in caught.value.message


def test_the_default_index_comes_from_the_first_place_that_names_one() -> None:
    pip = PipSettings(index_url="https://conf.test/simple/")
    environ = {"PIP_INDEX_URL": "https://pip.test/simple/"}
    assert resolve(pip=pip).resolving.indexes[0].url == "https://conf.test/simple/"
    assert resolve(environ=environ, pip=pip).resolving.indexes[0].url == "https://pip.test/simple/"
    environ["UV_DEFAULT_INDEX"] = "https://uv.test/simple/"
    assert resolve(environ=environ).resolving.indexes[0].url == "https://uv.test/simple/"
    tool = ToolSettings(indexes=(Index(name="house", url="https://house.test/simple/", default=True),))
    assert [(index.name, index.url) for index in resolve(environ=environ, tool=tool).resolving.indexes] == [
        ("house", "https://house.test/simple/")
    ]
    environ["INTERLOCK_DEFAULT_INDEX"] = "https://variable.test/simple/"
    assert [(index.name, index.url) for index in resolve(environ=environ, tool=tool).resolving.indexes] == [
        ("house", "https://variable.test/simple/")
    ]
    flags = GlobalFlags(default_index="https://flag.test/simple/")
    found = resolve(flags, environ).resolving.indexes
    assert found == (Index(name="pypi", url="https://flag.test/simple/", default=True),)


def test_indexes_keep_their_order_and_their_roles() -> None:
    tool = ToolSettings(
        indexes=(
            Index(name="last", url="https://last.test/", default=True),
            Index(name="house", url="https://house.test/"),
            Index(name="wheels", url="https://wheels.test/", explicit=True),
        )
    )
    flags = GlobalFlags(index=("extra=https://extra.test/", "wheels=https://other.test/"))
    found = resolve(flags, {"INTERLOCK_INDEX": "more=https://more.test/"}, tool).resolving.indexes
    assert [(index.name, index.url, index.explicit, index.default) for index in found] == [
        ("extra", "https://extra.test/", False, False),
        ("wheels", "https://other.test/", True, False),
        ("more", "https://more.test/", False, False),
        ("house", "https://house.test/", False, False),
        ("last", "https://last.test/", False, True),
    ]


def test_an_index_called_like_the_default_one_is_the_default_one() -> None:
    tool = ToolSettings(
        indexes=(Index(name="pypi", url="https://mirror.test/"), Index(name="b", url="https://b.test/"))
    )
    found = resolve(tool=tool).resolving.indexes
    assert [(index.name, index.default) for index in found] == [("pypi", True), ("b", False)]


def test_no_index_leaves_only_explicit_ones() -> None:
    tool = ToolSettings(indexes=(Index(name="w", url="https://w.test/", explicit=True),), find_links=("wheels",))
    found = resolve(GlobalFlags(no_index=True, find_links=("more",)), tool=tool)
    assert [(index.name, index.url, index.flat) for index in found.resolving.indexes] == [
        ("find-links-1", "more", True),
        ("find-links-2", "wheels", True),
        ("w", "https://w.test/", False),
    ]
    assert found.find_links == ("more", "wheels")


def test_credentials_leave_the_url() -> None:
    found = resolve(GlobalFlags(index=("house=https://ann:s%40crit@house.test/simple/",)))
    assert found.resolving.indexes[0].url == "https://house.test/simple/"
    assert found.credentials == {"house": ("ann", "s@crit")}
    assert "crit" not in repr(found)


@pytest.mark.parametrize(
    "prefix", ["INTERLOCK_INDEX_MY_HOUSE_2", "UV_INDEX_MY_HOUSE_2", "POETRY_HTTP_BASIC_MY_HOUSE_2"]
)
def test_credentials_by_name_beat_those_in_the_url(prefix: str) -> None:
    environ = {f"{prefix}_USERNAME": "bob", f"{prefix}_PASSWORD": "pw"}
    found = resolve(GlobalFlags(index=("my-house.2=https://ann:x@house.test/",)), environ)
    assert found.credentials == {"my-house.2": ("bob", "pw")}


def test_an_index_without_a_name_is_refused_without_showing_its_password() -> None:
    with pytest.raises(InvalidSetting) as caught:
        resolve(GlobalFlags(index=("https://ann:secret@index.test/",)))
    assert "secret" not in caught.value.message
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("Write it as name=url; the lock records the name. An index to publish to:")


def test_cutoffs_of_the_manifest_and_of_packages() -> None:
    tool = ToolSettings(
        exclude_newer="3 days", exclude_newer_package={normalize_name("a"): "2026-01-01", normalize_name("b"): ""}
    )
    found = resolve(tool=tool)
    assert (found.resolving.exclude_newer, found.resolving.exclude_newer_span) == ("2026-03-07T00:00:00Z", "3 days")
    assert found.resolving.exclude_newer_package == {"a": "2026-01-02T00:00:00Z", "b": ""}
    flagged = resolve(GlobalFlags(exclude_newer="2026-02-01"), tool=tool)
    assert (flagged.resolving.exclude_newer, flagged.resolving.exclude_newer_span) == ("2026-02-02T00:00:00Z", "")


def test_policies_and_names_add_up() -> None:
    tool = ToolSettings(no_build_packages=(normalize_name("B"),), resolution="lowest-direct", env="member")
    found = resolve(GlobalFlags(no_build_package=(normalize_name("A.x"),)), {"INTERLOCK_NO_BUILD_PACKAGE": "c"}, tool)
    assert found.resolving.no_build_packages == ("a-x", "b", "c")
    assert (found.resolving.resolution, found.env) == ("lowest-direct", "member")
    assert resolve(GlobalFlags(env="shared"), tool=tool).env == "shared"
    assert resolve(GlobalFlags(prerelease="if-necessary-or-explicit")).resolving.prerelease == "if-necessary"


@pytest.mark.parametrize("flag", ["no_build_package", "no_binary_package", "no_sources_package"])
def test_a_flag_may_have_several_names_with_commas_between_them(flag: str) -> None:
    option = f"--{flag.replace('_', '-')}"
    found = resolve(read_flags(parse_arguments(["lock", option, "B.x,a", option, "c"]).values))
    assert getattr(found.resolving, f"{flag}s") == ("a", "b-x", "c")


def test_tls_from_the_usual_variables() -> None:
    environ = {"SSL_CERT_FILE": "/ca.pem", "SSL_CLIENT_CERT": "/me.pem", "PIP_TRUSTED_HOST": "a.test b.test:8443"}
    found = resolve(GlobalFlags(allow_insecure_host=("c.test",)), environ, pip=PipSettings(cert="/pip.pem"))
    assert (found.ca_bundle, found.client_cert) == ("/ca.pem", "/me.pem")
    assert found.insecure_hosts == ("c.test", "a.test", "b.test:8443")
    assert resolve(pip=PipSettings(cert="/pip.pem")).ca_bundle == "/pip.pem"


def test_verbosity_from_flags_then_variables() -> None:
    assert resolve(GlobalFlags(verbose=2, quiet=1)).display.verbosity == 1
    assert resolve(environ={"INTERLOCK_QUIET": "2"}).display.verbosity == -2
    assert resolve(GlobalFlags(verbose=1), {"INTERLOCK_QUIET": "2"}).display.verbosity == 1


def test_pip_configuration_files_in_order() -> None:
    machine = "[global]\nindex-url = https://old.test/simple/\ntrusted-host =\n    a.test\n    b.test\n# note\n"
    person = "[global]\nindex_url: https://new.test/simple/\ncert = /x.pem\n[freeze]\nindex-url = https://no.test/\n"
    found = parse_pip_configuration([machine, person])
    assert found == PipSettings(index_url="https://new.test/simple/", trusted_hosts=("a.test", "b.test"), cert="/x.pem")
    assert parse_pip_configuration([person, "[install]\nindex-url = https://i.test/"]).index_url == "https://i.test/"


def test_limits_come_from_variables_before_the_root() -> None:
    around = Surroundings(environ={"INTERLOCK_LIMIT_PAGE_SIZE": "7"}, now=datetime(2026, 1, 1, tzinfo=UTC))
    tool = ToolSettings(limits={"page-size": 5, "file-size": 6})
    limits = resolve_settings(GlobalFlags(), tool, around).limits
    assert (limits.page_size, limits.file_size, limits.slowest) == (7, 6, Limits().slowest)
