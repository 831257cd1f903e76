"""What reads the files and variables of whoever runs this: damaged ones are told of, and no value that cannot be meant
gets through.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from math import isfinite
from pathlib import Path

from interlock.cli.pip_configuration import parse_pip_configuration
from interlock.cli.surroundings import read_surroundings
from interlock.core.manifests.manifest import ToolSettings
from interlock.index.netrc import read_netrc
from interlock.ops.running.env_file import with_env_files
from interlock.settings.decided import Settings
from interlock.settings.given import GlobalFlags
from interlock.settings.resolve import resolve_settings

__all__ = ["SEEDS", "TARGETS"]

_URL = "https://h.test/"


def _at(read: Callable[[Path], object]) -> Callable[[bytes], object]:
    def target(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "file"
            path.write_bytes(data)
            read(path)

    return target


def _settings(environ: Mapping[str, str]) -> None:
    alone = {"PIP_CONFIG_FILE": os.devnull, "INTERLOCK_AUTH_FILE": os.devnull}
    settings = resolve_settings(GlobalFlags(), ToolSettings(), read_surroundings({**alone, **environ}))
    _check(settings)


def _check(settings: Settings) -> None:
    """What the rooms below rely on without looking."""
    assert settings.concurrent_downloads > 0
    assert settings.concurrent_builds > 0
    assert settings.concurrent_installs > 0
    assert settings.http_retries >= 0
    assert settings.http_timeout > 0
    assert isfinite(settings.http_timeout)
    for text in (
        settings.cache_dir,
        settings.python,
        settings.ca_bundle,
        *(index.url for index in settings.resolving.indexes),
    ):
        assert "\0" not in text


def _variables(data: bytes) -> None:
    """Lines ``NAME=value``; no variable of a process holds a NUL."""
    lines = os.fsdecode(data.replace(b"\0", b"")).splitlines()
    pairs = (line.partition("=") for line in lines)
    _settings({name: value for name, _, value in pairs if name and name != "INTERLOCK_CONFIG_FILE"})


TARGETS: dict[str, Callable[[bytes], object]] = {
    "env-file": _at(lambda path: with_env_files({"SET": "1"}, [path])),
    "user-settings": _at(lambda path: _settings({"INTERLOCK_CONFIG_FILE": str(path)})),
    "logins": _at(lambda path: _settings({"INTERLOCK_AUTH_FILE": str(path)})),
    "variables": _variables,
    "pip-configuration": lambda data: parse_pip_configuration([data.decode("utf-8", "replace")]),
    "netrc": _at(lambda path: read_netrc(str(path)).find(_URL, "ann")),
}

SEEDS: dict[str, tuple[bytes, ...]] = {
    "env-file": (b"# c\nexport A=b\nB=\"x ${A} \\n ${C:-d}\" # e\nC='two\nlines'\nD=\nSET\n",),
    "user-settings": (
        b'cache-dir = "c"\nconcurrent-downloads = 5\nhttp-timeout = 2.5\nlink-mode = "copy"\n'
        b'find-links = ["w"]\nallow-insecure-host = ["h.test:8080"]\nenv = "member"\npython = "3.12"\n'
        b'[[index]]\nname = "i"\nurl = "https://ann:secret@index.test/simple/"\nexplicit = true\n',
        b"http-retries = 0\nprogress = false\nadd-bounds = 'major'\n",
        b'default-index = "https://index.test/"\nconcurrent-builds = -1\nconcurrent-installs = 0\nhttp-timeout = inf\n',
    ),
    "logins": (b'[index.i]\nusername = "ann"\npassword = "secret"\n[index."b.c"]\nusername = 1\n',),
    "variables": (
        b"INTERLOCK_INDEX=i=https://ann:secret@index.test/simple/ j=file:///w\nINTERLOCK_DEFAULT_INDEX=https://h.test/\n"
        b"INTERLOCK_EXCLUDE_NEWER=7 days\nINTERLOCK_HTTP_TIMEOUT=2.5\nINTERLOCK_HTTP_RETRIES=3\nINTERLOCK_OFFLINE=1\n"
        b"INTERLOCK_CONCURRENT_DOWNLOADS=4\nINTERLOCK_VERBOSE=1\nINTERLOCK_LIMIT_PAGE_SIZE=7\nUV_INDEX_I_USERNAME=u\n"
        b"INTERLOCK_NO_BUILD_PACKAGE=a B_c\nINTERLOCK_LINK_MODE=copy\nNO_COLOR=1\nPIP_TRUSTED_HOST=h.test\n",
        b"INTERLOCK_EXCLUDE_NEWER=2024-01-01T00:00:00+01:00\nINTERLOCK_FIND_LINKS=./w https://h.test/w\n",
        b"INTERLOCK_EXCLUDE_NEWER=9999-12-31T23:59:59-23:00\n",
        b"INTERLOCK_EXCLUDE_NEWER=P1W\n",
    ),
    "pip-configuration": (
        b"[global]\nindex-url = https://index.test/simple/\ntrusted-host = a.test\n  b.test\n[install]\ncert=c\n",
    ),
    "netrc": (b'machine h.test login ann password "s \\" e"\nmacdef m\nx\n\ndefault login b\n  password c # d\n',),
}
