"""Workspaces that can be built without a network: every member brings a small backend of its own (PEP 517)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.wheels import make_wheel

__all__ = ["BACKEND", "dist", "member", "members", "root", "with_backend"]

BACKEND = """
import gzip, io, os, tarfile, tomllib, zipfile

def _read():
    with open("pyproject.toml", "rb") as file:
        return tomllib.load(file)["project"]

def _metadata(project):
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {project['version']}"]
    lines += [f"Requires-Dist: {text}" for text in project.get("dependencies", [])]
    for extra, texts in project.get("optional-dependencies", {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {text} ; extra == '{extra}'" for text in texts]
    lines += [f"Classifier: {text}" for text in project.get("classifiers", [])]
    return "\\n".join([*lines, ""])

def _stem(project):
    return f"{project['name'].replace('-', '_')}-{project['version']}"

def _files():
    found = []
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "__")))
        found += [os.path.normpath(os.path.join(folder, name)) for name in sorted(names)]
    return sorted(found)

def build_sdist(folder, config_settings=None):
    print("building a source archive", sorted((config_settings or {}).items()))
    project = _read()
    name = _stem(project) + ".tar.gz"
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    with gzip.GzipFile(os.path.join(folder, name), "wb", mtime=epoch) as packed, tarfile.open(
        mode="w", fileobj=packed
    ) as archive:
        def add(path, data):
            info = tarfile.TarInfo(f"{_stem(project)}/{path}")
            info.size, info.mtime = len(data), epoch
            archive.addfile(info, io.BytesIO(data))
        for path in _files():
            if path != "PKG-INFO":
                with open(path, "rb") as file:
                    add(path, file.read())
        add("PKG-INFO", _metadata(project).encode())
    return name

def build_wheel(folder, config_settings=None, metadata_directory=None):
    project = _read()
    stem = _stem(project)
    name = stem + "-py3-none-any.whl"
    scripts = project.get("scripts", {})
    with zipfile.ZipFile(os.path.join(folder, name), "w") as archive:
        def add(path, text):
            archive.writestr(zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0)), text)
            record.append(f"{path},,")
        record = []
        for path in _files():
            if path.startswith("src" + os.sep):
                with open(path) as file:
                    add(path[4:], file.read())
        add(f"{stem}.dist-info/METADATA", _metadata(project))
        add(f"{stem}.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        if scripts:
            lines = "".join(f"{key} = {value}\\n" for key, value in scripts.items())
            add(f"{stem}.dist-info/entry_points.txt", "[console_scripts]\\n" + lines)
        add(f"{stem}.dist-info/RECORD", "\\n".join([*record, f"{stem}.dist-info/RECORD,,", ""]))
    return name
"""


def root(base: Path, text: str = "") -> Path:
    """A virtual root whose members are below ``packages``."""
    base.mkdir(parents=True, exist_ok=True)
    (base / "pyproject.toml").write_text(text or '[tool.interlock.workspace]\nmembers = ["packages/*"]\n')
    return base


def member(
    base: Path,
    name: str,
    *,
    version: str = "1.0",
    needs: Iterable[str] = (),
    requires: Iterable[str] = (),
    backend: str = BACKEND,
    more: str = "",
) -> Path:
    """Write one member with a module of its name; ``more`` goes to the end of its ``[project]`` table."""
    tree = base / "packages" / name
    module = name.replace("-", "_")
    (tree / "src").mkdir(parents=True)
    (tree / "src" / f"{module}.py").write_text(f'"""{name}."""\n\nNAME = "{name}"\n')
    (tree / "backend.py").write_text(backend)
    (tree / "pyproject.toml").write_text(
        f'[build-system]\nrequires = {list(requires)}\nbuild-backend = "backend"\nbackend-path = ["."]\n\n'
        f'[project]\nname = "{name}"\nversion = "{version}"\ndependencies = {list(needs)}\n{more}'
    )
    return tree


def members(document: Any) -> dict[str, Any]:
    """What ``build --json`` says of every member, by name."""
    return {found["name"]: found for found in document["members"]}


def dist(base: Path) -> list[str]:
    """The names of the files that were built."""
    return sorted(path.name for path in (base / "dist").iterdir())


def with_backend(trees: Path) -> Path:
    """A member whose backend comes from a wheel; returns what has to change for it to be built again."""
    files = {"maker/__init__.py": "from maker.part import *\n", "maker/part.py": BACKEND}
    wheel = make_wheel("maker", "1.5", files=files)
    (trees / "wheels").mkdir()
    (trees / "wheels" / wheel.filename).write_bytes(wheel.data)
    tree = member(trees, "app")
    (tree / "backend.py").unlink()
    manifest = tree / "pyproject.toml"
    text = manifest.read_text().replace("requires = []", 'requires = ["maker"]').replace('backend-path = ["."]\n', "")
    manifest.write_text(text.replace('"backend"', '"maker"'))
    return tree / "src" / "app.py"
