"""What packages are built with and when: dynamic fields, sources, constraints and the choice of wheel or sdist."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from tests.shop import Shop
from tests.wheels import BACKEND, make_sdist, make_wheel

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


def test_what_may_not_be_built_is_not_built_with_either(empty_shop: Shop) -> None:
    """Not even when what was built before is at hand."""
    shop = empty_shop
    shop.packages.add(make_sdist("tools", "1.0", files={"tools_backend.py": BACKEND}))
    pyproject = '[build-system]\nrequires = ["tools"]\nbuild-backend = "tools_backend"\n'
    for version in ("1.0", "2.0"):
        shop.packages.add(make_sdist("made", version, pyproject=pyproject))
    shop.member("web", "made==1.0", lines="[tool.interlock]\npackage = false\n")
    shop.run("sync", "--package", "web")
    shop.member("web", "made==2.0", lines="[tool.interlock]\npackage = false\n")
    said = shop.run("sync", "--package", "web", "--no-build-package", "tools", code=1)
    assert "tools" in said.err
    shop.run("sync", "--package", "web")


@pytest.mark.parametrize(
    ("flag", "code"), [((), 0), (("--no-build",), 1), (("--no-build-package", "made"), 1), (("--no-binary",), 0)]
)
def test_what_may_be_built_counts_where_there_is_no_workspace_too(
    empty_shop: Shop, tmp_path: Path, flag: tuple[str, ...], code: int
) -> None:
    shop, script = empty_shop, tmp_path / "tool.py"
    shop.packages.add(make_sdist("made", "1.0"))
    script.write_text("# /// script\n# dependencies = ['made']\n# ///\nimport made\n")
    shop.run("debug", "resolve", *flag, "made", code=code)
    shop.run("run", *flag, str(script), code=code)
