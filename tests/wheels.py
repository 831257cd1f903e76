"""Wheels and source distributions made in memory: real archives, the same bytes for the same arguments.

Wheels follow the binary distribution format (PEP 427); source distributions PEP 517, 625 and 643.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from collections.abc import Iterable, Mapping

import msgspec

__all__ = ["BACKEND", "Built", "dense_wheel", "make_sdist", "make_wheel"]

Content = str | bytes
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """An archive as an index would serve it."""

    name: str
    version: str
    filename: str
    data: bytes
    metadata: bytes
    """The METADATA (or PKG-INFO) inside."""
    requires_python: str | None = None

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @property
    def metadata_sha256(self) -> str:
        return hashlib.sha256(self.metadata).hexdigest()

    @property
    def is_wheel(self) -> bool:
        return self.filename.endswith(".whl")


def make_wheel(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
    files: Mapping[str, Content] | None = None,
    entry_points: Mapping[str, Mapping[str, str]] | None = None,
    tag: str = "py3-none-any",
    build: str = "",
    data: Mapping[str, Content] | None = None,
    executable: Iterable[str] = (),
    metadata_version: str = "2.1",
    summary: str = "",
    metadata: Content | None = None,
    record: Content | None = None,
    root_is_purelib: bool = True,
) -> Built:
    """Make a wheel.

    ``files`` maps a path in the archive to its content; without it there is one module named after the project whose
    ``VERSION`` tells the version. ``data`` goes below ``.data/`` ("scripts/x", "data/share/y", "headers/z.h").
    ``metadata`` and ``record`` replace the generated METADATA and RECORD, to make a wheel that lies.
    """
    stem = f"{_escaped(name)}-{version}"
    info = f"{stem}.dist-info"
    contents: dict[str, bytes] = {}
    if files is None:
        files = {f"{_escaped(name)}.py": f"NAME = {name!r}\nVERSION = {version!r}\n"}
    for path, content in files.items():
        contents[path] = _bytes(content)
    for path, content in (data or {}).items():
        contents[f"{stem}.data/{path}"] = _bytes(content)
    described = (
        _bytes(metadata)
        if metadata is not None
        else _metadata(
            name,
            version,
            requires=requires,
            extras=extras,
            requires_python=requires_python,
            summary=summary,
            metadata_version=metadata_version,
        )
    )
    contents[f"{info}/METADATA"] = described
    contents[f"{info}/WHEEL"] = _wheel_file(tag, build, root_is_purelib=root_is_purelib)
    if entry_points:
        contents[f"{info}/entry_points.txt"] = _entry_points(entry_points)
    contents[f"{info}/RECORD"] = _bytes(record) if record is not None else _record(contents, info)
    runnable = {path if path in contents else f"{stem}.data/{path}" for path in executable}
    return Built(
        name=name,
        version=version,
        filename=f"{stem}{'-' + build if build else ''}-{tag}.whl",
        data=_zipped(contents, runnable),
        metadata=described,
        requires_python=requires_python,
    )


def dense_wheel(name: str) -> bytes:
    """A small wheel of ``a`` 1.0, one text of whose ``.dist-info`` is tens of megabytes of short lines."""
    made = io.BytesIO()
    path = f"a-1.0.dist-info/{name}"
    with (
        zipfile.ZipFile(io.BytesIO(make_wheel("a", "1.0").data)) as sound,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        before = sound.read(path) if path in sound.namelist() else b""
        for other in sound.namelist():
            if other != path:
                archive.writestr(other, sound.read(other))
        archive.writestr(path, before + b"a\n" * (15 << 20))
    return made.getvalue()


def make_sdist(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
    static: bool = True,
    files: Mapping[str, Content] | None = None,
    backend: str | None = None,
    build_requires: Iterable[str] = (),
    pyproject: str | None = None,
) -> Built:
    """Make a source distribution that builds without any build requirement: its backend is a file inside it.

    ``static`` writes PKG-INFO 2.2 without ``Dynamic`` (its dependencies may be trusted unbuilt); otherwise
    PKG-INFO is 2.1 without dependencies, so that a build is needed to learn them. ``backend`` is the source of the
    in-tree backend (see :data:`BACKEND`); ``pyproject`` replaces pyproject.toml altogether.
    """
    stem = f"{_escaped(name)}-{version}"
    requires = tuple(requires)
    extras = {extra: tuple(wanted) for extra, wanted in (extras or {}).items()}
    full = _metadata(
        name, version, requires=requires, extras=extras, requires_python=requires_python, metadata_version="2.2"
    )
    info = full if static else _metadata(name, version, requires_python=requires_python, metadata_version="2.1")
    source = backend if backend is not None else BACKEND
    if files is None:
        files = {f"{_escaped(name)}.py": f"NAME = {name!r}\nVERSION = {version!r}\n"}
    declared = pyproject if pyproject is not None else _pyproject(build_requires)
    contents = {path: _bytes(content) for path, content in files.items()}
    contents |= {
        "PKG-INFO": info,
        "pyproject.toml": _bytes(declared),
        "in_tree_backend.py": _bytes(source),
        "METADATA.in": full,
    }
    return Built(
        name=name,
        version=version,
        filename=f"{stem}.tar.gz",
        data=_tarred(stem, contents),
        metadata=info,
        requires_python=requires_python,
    )


def _escaped(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _bytes(content: Content) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _metadata(
    name: str,
    version: str,
    *,
    requires: Iterable[str] = (),
    extras: Mapping[str, Iterable[str]] | None = None,
    requires_python: str | None = None,
    summary: str = "",
    metadata_version: str,
) -> bytes:
    lines = [f"Metadata-Version: {metadata_version}", f"Name: {name}", f"Version: {version}"]
    if summary:
        lines.append(f"Summary: {summary}")
    if requires_python:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    for extra, wanted in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {_within_extra(requirement, extra)}" for requirement in wanted]
    return ("\n".join(lines) + "\n").encode()


def _within_extra(requirement: str, extra: str) -> str:
    head, marked, marker = requirement.partition(";")
    condition = f"({marker.strip()}) and extra == '{extra}'" if marked else f"extra == '{extra}'"
    return f"{head.strip()} ; {condition}"


def _wheel_file(tag: str, build: str, *, root_is_purelib: bool) -> bytes:
    pythons, abis, platforms = tag.split("-")
    lines = ["Wheel-Version: 1.0", "Generator: tests", f"Root-Is-Purelib: {str(root_is_purelib).lower()}"]
    lines += [f"Tag: {p}-{a}-{q}" for p in pythons.split(".") for a in abis.split(".") for q in platforms.split(".")]
    if build:
        lines.append(f"Build: {build}")
    return ("\n".join(lines) + "\n").encode()


def _entry_points(groups: Mapping[str, Mapping[str, str]]) -> bytes:
    lines = []
    for group, points in groups.items():
        lines.append(f"[{group}]")
        lines += [f"{point} = {target}" for point, target in points.items()]
    return ("\n".join(lines) + "\n").encode()


def _record(contents: Mapping[str, bytes], info: str) -> bytes:
    rows = []
    for path, content in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        shown = f'"{path}"' if "," in path else path
        rows.append(f"{shown},sha256={digest},{len(content)}")
    rows.append(f"{info}/RECORD,,")
    return ("\n".join(rows) + "\n").encode()


def _zipped(contents: Mapping[str, bytes], executable: set[str]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in contents.items():
            entry = zipfile.ZipInfo(path, date_time=_EPOCH)
            entry.create_system = 3
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if path in executable else 0o100644) << 16
            archive.writestr(entry, content)
    return target.getvalue()


def _tarred(stem: str, contents: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=target, mode="wb", mtime=0, filename="") as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for path, content in sorted(contents.items()):
            entry = tarfile.TarInfo(f"{stem}/{path}")
            entry.size = len(content)
            entry.mode = 0o644
            archive.addfile(entry, io.BytesIO(content))
    return target.getvalue()


def _pyproject(build_requires: Iterable[str]) -> str:
    wanted = ", ".join(f'"{requirement}"' for requirement in build_requires)
    return f'[build-system]\nrequires = [{wanted}]\nbuild-backend = "in_tree_backend"\nbackend-path = ["."]\n'


BACKEND = '''\
"""A build backend of the standard library only: packs every .py file beside it but itself."""
import base64, hashlib, os, re, zipfile

SKIPPED = {"in_tree_backend.py", "setup.py"}


def _facts():
    with open("METADATA.in", "rb") as file:
        metadata = file.read()
    name = re.search(rb"^Name: (.+)$", metadata, re.M).group(1).decode()
    version = re.search(rb"^Version: (.+)$", metadata, re.M).group(1).decode()
    return re.sub(r"[-_.]+", "_", name).lower() + "-" + version, metadata


def _info(stem, metadata):
    wheel = b"Wheel-Version: 1.0\\nGenerator: in-tree\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    info = {stem + ".dist-info/METADATA": metadata, stem + ".dist-info/WHEEL": wheel}
    with open("pyproject.toml", "rb") as file:
        scripts = re.search(rb"^\\[project\\.scripts\\]\\n((?:[^\\[\\n].*\\n)*)", file.read(), re.M)
    if scripts:
        body = scripts.group(1).replace(b'"', b"")
        info[stem + ".dist-info/entry_points.txt"] = b"[console_scripts]\\n" + body
    return info


def _sources():
    found = {}
    for folder, folders, names in os.walk("."):
        folders[:] = sorted(f for f in folders if not f.startswith(".") and f != "__pycache__")
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ".").replace(os.sep, "/")
            if name.endswith(".py") and path not in SKIPPED:
                with open(path, "rb") as file:
                    found[path] = file.read()
    return found


def _pack(directory, contents, stem):
    rows = []
    for path, data in contents.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.append("%s,sha256=%s,%d" % (path, digest, len(data)))
    rows.append(stem + ".dist-info/RECORD,,")
    contents = dict(contents)
    contents[stem + ".dist-info/RECORD"] = ("\\n".join(rows) + "\\n").encode()
    filename = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, filename), "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in contents.items():
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), data)
    return filename


def get_requires_for_build_wheel(config_settings=None):
    return []


def get_requires_for_build_editable(config_settings=None):
    return []


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    stem, metadata = _facts()
    for path, data in _info(stem, metadata).items():
        target = os.path.join(metadata_directory, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)
    return stem + ".dist-info"


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    stem, metadata = _facts()
    return _pack(wheel_directory, {**_sources(), **_info(stem, metadata)}, stem)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    stem, metadata = _facts()
    link = {"_editable_" + stem.split("-")[0] + ".pth": (os.getcwd() + "\\n").encode()}
    return _pack(wheel_directory, {**link, **_info(stem, metadata)}, stem)


def build_sdist(sdist_directory, config_settings=None):
    import tarfile
    stem, _ = _facts()
    filename = stem + ".tar.gz"
    with tarfile.open(os.path.join(sdist_directory, filename), "w:gz") as archive:
        for name in sorted(os.listdir(".")):
            if name != filename and not name.startswith("."):
                archive.add(name, stem + "/" + name)
    return filename
'''
