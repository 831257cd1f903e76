"""What is built for one Python goes to environments of that Python only."""

from __future__ import annotations

import sys

import pytest

from tests.ops.test_sync import PYENV, another_python
from tests.shop import Shop
from tests.wheels import BACKEND, make_sdist

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"

NATIVE = (
    BACKEND.replace("import base64,", "import sys, base64,", 1)
    .replace('stem + "-py3-none-any.whl"', 'stem + "-cp%d%d-none-any.whl" % sys.version_info[:2]')
    .replace(
        "= file.read()\n    return found",
        "= file.read() + b\"\\nFOR = '%d.%d'\" % sys.version_info[:2]\n    return found",
    )
)
"""A backend whose wheels are for the Python that it runs in."""


@pytest.fixture
def two(empty_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A member for each of two Pythons with environments of their own; both need what is built from several trees."""
    shop, other = empty_shop, another_python()
    monkeypatch.setenv("PYENV_ROOT", str(PYENV))
    monkeypatch.delenv("INTERLOCK_PYTHON")
    root = shop.root / "pyproject.toml"
    root.write_text(f'[tool.interlock]\nenv = "member"\n{root.read_text()}')
    shop.packages.add(make_sdist("ext", "1.0", backend=NATIVE))
    common = shop.member("common")
    beside = shop.member("beside").rename(shop.root / "beside")
    for tree in (common, beside):
        (tree / "in_tree_backend.py").write_text(NATIVE)
    sources = 'beside = { path = "../../beside" }\ncommon = { workspace = true }\n'
    for name, python in (("own", OWN), ("other", other)):
        shop.write(
            f"packages/{name}/pyproject.toml",
            f'[project]\nname = "{name}"\nversion = "1"\nrequires-python = "=={python}.*"\n'
            f'dependencies = ["ext", "beside", "common"]\n[tool.interlock]\npackage = false\n'
            f"[tool.interlock.sources]\n{sources}",
        )
    return shop


def test_each_environment_of_a_workspace_gets_builds_for_its_own_python(two: Shop) -> None:
    chosen = ("--package", "own", "--package", "other", "--no-editable")
    two.run("sync", *chosen)
    for name in ("own", "other"):
        show = "import ext, beside, common, sys; print(ext.FOR, beside.FOR, common.FOR, '%d.%d' % sys.version_info[:2])"
        said = two.python(show, environment=two.root / "packages" / name / ".venv")
        assert len(set(said.split())) == 1, (name, said)
    two.run("sync", *chosen, "--check")


@pytest.mark.parametrize("tag", ["cp399-cp399-any", "py3-none-win_arm64", f"cp{OWN.replace('.', '')}-none-other_9"])
def test_what_a_backend_builds_for_something_else_is_refused(empty_shop: Shop, tag: str) -> None:
    app = empty_shop.member("app")
    (app / "in_tree_backend.py").write_text(BACKEND.replace("-py3-none-any", f"-{tag}"))
    empty_shop.run("lock")
    result = empty_shop.refuses("sync", "--package", "app", error="unfitting-wheel")
    assert f"app-1.0-{tag}.whl" in result.err
    assert sys.version.split()[0] in result.err
