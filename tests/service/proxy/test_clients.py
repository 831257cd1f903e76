"""pip, uv and Interlock itself install through it, with hashes, and what is private stays so."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from interlock.service.proxy.options import ProxiedIndex, ProxyOptions
from tests.conftest import IndexFactory
from tests.index_server import IndexServer
from tests.peers import peer
from tests.processes import program
from tests.registry import Registry, registry
from tests.service.proxy.served import Served, origin
from tests.wheels import make_sdist, make_wheel

Serve = Callable[..., Served]


def shop() -> Registry:
    packages = registry({"b": {"1.0": [], "2.0": []}, "c": {"1.0": ["b<2"]}})
    packages.publish(make_wheel("a", "1.0", requires=["b", "c>=1", "acme-web"]), metadata=False)
    packages.publish(make_wheel("a", "2.0", requires_python=">=99"))
    packages.publish(make_wheel("b", "1.5", requires=[]), yanked="broken")
    packages.publish(make_sdist("c", "0.9"))
    return packages


class Behind(NamedTuple):
    """A proxy's index, and the servers behind it."""

    simple: str
    public: IndexServer
    private: IndexServer


@pytest.fixture
def served(index: IndexFactory, serve: Serve) -> Behind:
    public = index(shop())
    private = index(registry({"acme-web": {"1.0": []}}), credentials=("ann", "secret"))
    mixed = ProxiedIndex(name="main", origins=(origin(private, "acme-*", name="corp", others=False), origin(public)))
    options = ProxyOptions(indexes=(mixed,), credentials={"corp": ("ann", "secret")})
    return Behind(serve(options=options).simple(), public, private)


EXPECTED = {"a": "1.0", "b": "1.0", "c": "1.0", "acme-web": "1.0"}


def installed(target: Path) -> dict[str, str]:
    infos = (path.name.removesuffix(".dist-info").rpartition("-") for path in target.rglob("*.dist-info"))
    return {name.replace("_", "-"): version for name, _, version in infos}


def run(*command: str, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, timeout=90, env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def only_once(served: Behind) -> bool:
    """Whatever came was asked for once: all of it, or the end of a wheel for its metadata. And nothing private."""
    asked = [(request.path, request.status) for request in served.public.requests]
    return len(asked) == len(set(asked)) and not served.public.paths("acme") and bool(served.private.requests)


def test_pip_installs(served: Behind, tmp_path: Path) -> None:
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("pip is not here")
    for target in ("first", "second"):
        run(
            sys.executable, "-m", "pip", "install", "-q", "--no-cache-dir", "--disable-pip-version-check",
            "--target", str(tmp_path / target), "-i", served.simple, "a", cwd=tmp_path,
        )  # fmt: skip
        assert installed(tmp_path / target) == EXPECTED
    assert only_once(served)


def test_uv_locks_and_installs_with_hashes(served: Behind, tmp_path: Path) -> None:
    uv = peer("uv")
    (tmp_path / "wanted.in").write_text("a\n")
    cache = str(tmp_path / "uv-cache")
    run(
        uv, "pip", "compile", "-q", "--generate-hashes", "--index-url", served.simple, "--cache-dir", cache,
        "wanted.in", "-o", "wanted.txt", cwd=tmp_path,
    )  # fmt: skip
    assert "--hash=sha256:" in (tmp_path / "wanted.txt").read_text()
    run(
        uv, "pip", "install", "-q", "--require-hashes", "--index-url", served.simple, "--cache-dir", cache,
        "--target", str(tmp_path / "target"), "-r", "wanted.txt", cwd=tmp_path,
    )  # fmt: skip
    assert installed(tmp_path / "target") == EXPECTED
    assert only_once(served)


def foreign_project(folder: Path, tables: str) -> Path:
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "top"\nversion = "0"\nrequires-python = ">=3.11,<4"\ndependencies = ["a"]\n{tables}'
    )
    return folder


def test_poetry_locks_and_installs_with_hashes(served: Behind, tmp_path: Path) -> None:
    poetry = peer("poetry")
    project = foreign_project(
        tmp_path / "project",
        f'[tool.poetry]\npackage-mode = false\n[[tool.poetry.source]]\nname = "main"\nurl = "{served.simple}"\n',
    )
    alone = {
        "POETRY_CACHE_DIR": str(tmp_path / "poetry"),
        "POETRY_VIRTUALENVS_IN_PROJECT": "true",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    run(poetry, "lock", "--no-interaction", cwd=project, **alone)
    assert 'hash = "sha256:' in (project / "poetry.lock").read_text()
    run(poetry, "sync", "--no-interaction", cwd=project, **alone)
    assert installed(project / ".venv").items() >= EXPECTED.items()
    assert only_once(served)


def test_pdm_locks_and_installs_with_hashes(served: Behind, tmp_path: Path) -> None:
    pdm = peer("pdm")
    project = foreign_project(
        tmp_path / "project",
        "[tool.pdm]\ndistribution = false\n"
        f'[[tool.pdm.source]]\nname = "pypi"\nurl = "{served.simple}"\nverify_ssl = false\n',
    )
    alone = {"PDM_CACHE_DIR": str(tmp_path / "pdm"), "PDM_CHECK_UPDATE": "false", "HOME": str(tmp_path)}
    run(pdm, "venv", "create", "--name", "here", sys.executable, cwd=project, **alone)
    run(pdm, "lock", "-q", cwd=project, **alone)
    assert "sha256:" in (project / "pdm.lock").read_text()
    run(pdm, "sync", "-q", "--clean", cwd=project, **alone)
    assert installed(tmp_path).items() >= EXPECTED.items()
    assert only_once(served)


def test_interlock_locks_the_same_as_alone_and_installs(served: Behind, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "top"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["a"]\n'
        f'[[tool.interlock.index]]\nname = "main"\nurl = "{served.simple}"\ndefault = true\n'
    )
    cache = str(tmp_path / "cache")
    run(*program(), "sync", "--cache-dir", cache, "--no-install-workspace", cwd=project)
    assert {name: EXPECTED[name] for name in EXPECTED} == installed(project / ".venv")
    assert only_once(served)
    shutil.rmtree(cache)
    run(*program(), "sync", "--locked", "--reinstall", "--cache-dir", cache, "--no-install-workspace", cwd=project)
    assert only_once(served)


def test_a_lock_that_was_made_without_it_installs_through_it_and_back(served: Behind, tmp_path: Path) -> None:
    """A lock names no host, and files are where the page of their index says."""
    project = tmp_path / "project"
    project.mkdir()
    manifest = (
        '[project]\nname = "top"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["c"]\n'
        '[[tool.interlock.index]]\nname = "main"\nurl = "{url}"\ndefault = true\n'
    )
    sync = (*program(), "sync", "--locked", "--no-install-workspace", "--cache-dir")
    for number, (made, used) in enumerate(((served.public.url, served.simple), (served.simple, served.public.url))):
        (project / "interlock.lock").unlink(missing_ok=True)
        shutil.rmtree(project / ".venv", ignore_errors=True)
        (project / "pyproject.toml").write_text(manifest.format(url=made))
        run(*program(), "lock", "--cache-dir", str(tmp_path / f"made-{number}"), cwd=project)
        (project / "pyproject.toml").write_text(manifest.format(url=used))
        run(*sync, str(tmp_path / f"used-{number}"), cwd=project)
        assert installed(project / ".venv") == {"b": "1.0", "c": "1.0"}
