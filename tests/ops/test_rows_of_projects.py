"""What a project says, from its manifest to what is built and installed: metadata, build requirements, limits."""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import pytest

from tests.index_server import Answer, IndexServer
from tests.shop import Shop
from tests.wheels import BACKEND, Built, make_sdist, make_wheel

COUNTING = """
_prepare = prepare_metadata_for_build_wheel


def prepare_metadata_for_build_wheel(folder, config_settings=None):
    with open({log!r}, "a") as log:
        log.write("asked\\n")
    name = _prepare(folder, config_settings)
    with open(os.path.join(folder, name, "METADATA"), "a") as metadata, open("needs.txt") as needs:
        metadata.write("".join("Requires-Dist: " + line for line in needs))
    return name
"""


def dynamic_member(shop: Shop, log: Path) -> Path:
    folder = shop.member("moving", lines='[tool.setuptools.dynamic]\ndependencies = { file = ["needs.txt"] }\n')
    (folder / "needs.txt").write_text("click\n")
    manifest = shop.manifest("moving")
    manifest.write_text(manifest.read_text().replace("dependencies = []", 'dynamic = ["dependencies"]'))
    (folder / "in_tree_backend.py").write_text(BACKEND + COUNTING.format(log=str(log)))
    return folder


def test_a_backend_is_asked_for_dynamic_fields_once_for_the_same_files(empty_shop: Shop, tmp_path: Path) -> None:
    shop, log = empty_shop, tmp_path / "log"
    folder = dynamic_member(shop, log)
    for arguments in (["lock"], ["lock"], ["lock", "--upgrade"], ["lock", "--check"], ["show"]):
        shop.run(*arguments)
    assert shop.versions() == {"click": "8.1"}
    assert log.read_text() == "asked\n"
    (folder / "needs.txt").write_text("safe\n")
    said = shop.run("lock", "--check", code=3)
    assert "packages/moving: what the project there says it needs has changed" in said.err
    shop.run("lock")
    assert shop.versions() == {"safe": "2.1"}
    assert log.read_text() == "asked\n" * 2


def test_a_source_is_for_locking_alone(empty_shop: Shop, tmp_path: Path) -> None:
    """What is published of a member says nothing of where its dependencies were taken from."""
    shop = empty_shop
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "pyproject.toml").write_text('[project]\nname = "helper"\nversion = "3.0"\n')
    shop.member("web", "helper>=1", lines=f'[tool.interlock.sources]\nhelper = {{ path = "{alone}" }}\n')
    shop.run("lock")
    assert shop.versions() == {"helper": "3.0"}
    shop.run("build", "--package", "web", "--wheel")
    (wheel,) = (shop.root / "dist").glob("web-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("web-1.0.dist-info/METADATA").decode()
    assert [line for line in text.splitlines() if line.startswith("Requires-Dist")] == ["Requires-Dist: helper>=1"]


@pytest.mark.parametrize("limited", [True, False])
def test_constraints_of_builds_decide_what_a_package_is_built_with(empty_shop: Shop, limited: bool) -> None:
    shop = empty_shop
    for version in ("77.0", "78.0"):
        backend = BACKEND.replace('"in_tree_backend.py", ', "").replace(
            "return found", f"return {{**found, 'made.py': {f'WITH = {version!r}'.encode()!r}}}"
        )
        shop.packages.add(make_wheel("tools", version, files={"tools_backend.py": backend}))
    pyproject = '[build-system]\nrequires = ["tools"]\nbuild-backend = "tools_backend"\n'
    shop.packages.add(make_sdist("made", "1.0", pyproject=pyproject))
    if limited:
        root = shop.root / "pyproject.toml"
        root.write_text(f'[tool.interlock]\nbuild-constraint-dependencies = ["tools<78"]\n{root.read_text()}')
    shop.member("web", "made")
    shop.run("sync", "--package", "web")
    assert shop.python("import made; print(made.WITH)") == ("77.0" if limited else "78.0")


@pytest.mark.parametrize(
    ("flags", "chosen"),
    [
        (("--no-binary",), "sdist"),
        (("--no-binary-package", "both"), "sdist"),
        (("--no-build",), "wheel"),
        (("--no-binary", "--no-build-package", "both"), "wheel"),
    ],
)
def test_the_name_of_a_package_beats_what_counts_for_all(empty_shop: Shop, flags: tuple[str, ...], chosen: str) -> None:
    shop = empty_shop
    shop.packages.add(make_wheel("both", "1.0", files={"both.py": "KIND = 'wheel'\n"}))
    shop.packages.add(make_sdist("both", "1.0", files={"both.py": "KIND = 'sdist'\n"}))
    shop.member("web", "both", lines="[tool.interlock]\npackage = false\n")
    shop.run("sync", "--package", "web", *flags)
    assert shop.python("import both; print(both.KIND)") == chosen


def test_the_lowest_of_what_members_ask_for_and_the_newest_of_the_rest(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.member("web", "flask>=3.0", lines='[project.optional-dependencies]\nextra = ["click>=8.0"]\n')
    shop.run("lock", "--resolution", "lowest-direct")
    assert shop.versions() == {"click": "8.0", "flask": "3.0", "jinja": "3.1", "safe": "2.1"}
    shop.run("lock", "--resolution", "lowest", "--upgrade")
    assert shop.versions() == {"click": "8.0", "flask": "3.0", "jinja": "3.0", "safe": "2.0"}


def test_a_file_with_an_old_kind_of_hash_only_is_fetched_and_locked_with_a_good_one(empty_shop: Shop) -> None:
    shop, wheel = empty_shop, make_wheel("old", "1.0")
    release = shop.packages.publish(wheel, hashed=False)
    entry = shop.index.file_url(release)
    md5 = hashlib.md5(wheel.data, usedforsecurity=False).hexdigest()
    page = f'<html><a href="{entry}#md5={md5}">{wheel.filename}</a></html>'
    shop.index.replace("/simple/old/", page.encode(), kind="text/html")
    shop.member("web", "old")
    shop.run("lock")
    (package,) = shop.lock.packages
    assert [file.sha256 for file in package.artifacts] == [wheel.sha256]
    assert "md5" not in shop.lockfile.read_text()


def test_the_lock_has_the_size_and_the_hash_of_every_file(shop: Shop) -> None:
    shop.run("lock")
    built: dict[str, Built] = {
        release.filename: release.built for name in shop.versions() for release in shop.packages.releases(name)
    }
    for package in shop.lock.packages:
        assert package.artifacts
        for file in package.artifacts:
            assert (file.sha256, file.size) == (built[file.filename].sha256, len(built[file.filename].data))


def test_no_more_files_are_fetched_at_once_than_allowed(empty_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = empty_shop
    names = [f"part{number}" for number in range(8)]
    for name in names:
        shop.packages.wheel(name, "1.0")
    shop.member("web", *names)
    shop.run("lock")
    counter = _Counter(shop.index)
    monkeypatch.setattr(shop.index, "answer", counter.answer)
    for allowed in ("2", "8"):
        counter.most = 0
        monkeypatch.setenv("INTERLOCK_CONCURRENT_DOWNLOADS", allowed)
        shop.run("sync", "--package", "web", "--cache-dir", shop.cache / allowed)
        shop.run("env", "remove")
        assert 1 < counter.most <= int(allowed), allowed


class _Counter:
    """How many files an index hands out at the same time."""

    def __init__(self, index: IndexServer) -> None:
        self._answer = index.answer
        self._guard = threading.Lock()
        self._now = 0
        self.most = 0

    def answer(self, path: str, headers: dict[str, str]) -> Answer:
        with self._guard:
            self._now += 1
            self.most = max(self.most, self._now)
        time.sleep(0.05)
        try:
            return self._answer(path, headers)
        finally:
            with self._guard:
                self._now -= 1


def test_a_file_that_an_environment_and_a_build_want_is_fetched_once(empty_shop: Shop) -> None:
    shop = empty_shop
    shop.packages.wheel("part", "1.0")
    manifest = shop.member("web", "part") / "pyproject.toml"
    text = manifest.read_text()
    manifest.write_text(text.replace("requires = []", 'requires = ["part"]'))
    assert manifest.read_text() != text
    shop.run("lock")
    shop.index.slow("part-1.0-py3-none-any.whl", 0.3)
    shop.index.forget()
    shop.run("sync", "--package", "web")
    assert len(shop.index.paths("/part-1.0-py3-none-any.whl")) == 1, shop.index.paths()


def test_bytecode_is_compiled_when_asked(shop: Shop) -> None:
    shop.run("sync", "--package", "catalog")
    assert not list((shop.root / ".venv").glob("lib/python3*/site-packages/__pycache__/click.*.pyc"))
    shop.run("env", "remove")
    shop.run("sync", "--package", "catalog", "--compile")
    assert list((shop.root / ".venv").glob("lib/python3*/site-packages/__pycache__/click.*.pyc"))


def test_an_optional_group_of_poetry_is_installed_when_asked_for(empty_shop: Shop) -> None:
    shop = empty_shop
    (shop.root / "pyproject.toml").write_text(
        '[tool.poetry]\nname = "app"\nversion = "1"\npackage-mode = false\n'
        '[tool.poetry.dependencies]\npython = "^3.11"\nclick = "^8"\n'
        '[tool.poetry.group.test.dependencies]\nsafe = "*"\n'
        '[tool.poetry.group.docs]\noptional = true\n[tool.poetry.group.docs.dependencies]\njinja = "*"\n'
    )
    shop.run("sync")
    assert shop.installed().keys() == {"click", "safe"}
    shop.run("sync", "--with", "docs")
    assert shop.installed().keys() == {"click", "jinja", "safe"}


def test_a_store_on_another_file_system_is_copied_from(shop: Shop) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == shop.root.stat().st_dev:
        pytest.skip("needs another file system")
    with tempfile.TemporaryDirectory(dir=memory) as store:
        shop.run("sync", "--package", "catalog", "--cache-dir", store, "--link-mode", "hardlink")
        (stored,) = Path(store).glob("wheels-v1/*/*/tree/click.py")
        (installed,) = (shop.root / ".venv").glob("lib/python3*/site-packages/click.py")
        assert installed.read_bytes() == stored.read_bytes()
        assert (installed.stat().st_nlink, installed.is_symlink()) == (1, False)
