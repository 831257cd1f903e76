"""The files of a new project, as texts: library, application, WSGI web application, workspace root."""

from __future__ import annotations

import sys
from typing import Literal, get_args

import msgspec

from interlock.core.names import normalize_name
from interlock.core.requirements.parse import parse_requirement
from interlock.core.toml.array import literal
from interlock.core.toml.document import format_value

__all__ = ["BACKENDS", "KINDS", "Kind", "Scaffold", "is_standard_module", "project_table", "scaffold"]

Kind = Literal["lib", "app", "web", "workspace"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BACKENDS = {
    "hatchling": ("hatchling>=1.27", "hatchling.build"),
    "setuptools": ("setuptools>=77", "setuptools.build_meta"),
    "flit-core": ("flit_core>=3.11", "flit_core.buildapi"),
    "poetry-core": ("poetry-core>=2", "poetry.core.masonry.api"),
    "pdm-backend": ("pdm-backend>=2.4", "pdm.backend"),
    "uv-build": ("uv_build>=0.8,<1", "uv_build"),
}
_STANDARD_ELSEWHERE = frozenset(
    [
        *("aifc", "annotationlib", "asynchat", "asyncore", "audioop", "cgi", "cgitb", "chunk", "compression"),
        *("crypt", "distutils", "imghdr", "imp", "lib2to3", "mailcap", "msilib", "nis", "nntplib", "ossaudiodev"),
        *("pipes", "smtpd", "sndhdr", "spwd", "sunau", "telnetlib", "tomllib", "uu", "xdrlib"),
    ]
)
"""Modules of supported Pythons other than the one that runs this."""
_STARTED_WITH = frozenset({"sitecustomize", "test", "usercustomize"})
"""Modules that are no part of that list: Python's own tests, and what it imports whenever it starts."""
_IGNORED = ".venv/\n__pycache__/\ndist/\n*.egg-info/\n"


class Scaffold(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted."""

    name: str
    """As written; dots make namespace packages."""
    kind: Kind = "lib"
    src: bool = True
    """Packages below ``src``; False: beside the manifest."""
    version: str = "0.1.0"
    description: str = ""
    author: str = ""
    license: str = ""
    readme: bool = True
    requires_python: str = ">=3.11"
    dependencies: tuple[str, ...] = ()
    dev_dependencies: tuple[str, ...] = ()
    tests: bool = True
    """Whether there are tests, and pytest to run them."""
    backend: str = "hatchling"
    package: bool = True
    member: bool = False
    """Of a workspace, which ignores and tests for all."""

    @property
    def dev(self) -> tuple[str, ...]:
        """What the dev group holds: what was asked for, and what runs the tests."""
        named = any(parse_requirement(text).name == "pytest" for text in self.dev_dependencies)
        return self.dev_dependencies if named or not self.tests else ("pytest>=8", *self.dev_dependencies)

    @property
    def module(self) -> str:
        """The dotted name of the package."""
        return ".".join(part.replace("-", "_").lower() for part in self.name.split(".") if part)

    @property
    def project(self) -> str:
        return str(normalize_name(self.name))


def is_standard_module(name: str) -> bool:
    """Whether Python has a top-level module of that name, or looks for one, so that no other can be imported.

    >>> is_standard_module("test"), is_standard_module("tests"), is_standard_module("imp")
    (True, False, True)
    """
    return name in sys.stdlib_module_names or name in _STANDARD_ELSEWHERE or name in _STARTED_WITH


def scaffold(wanted: Scaffold) -> dict[str, str]:
    """Every file by its path."""
    if wanted.kind == "workspace":
        files = {
            "pyproject.toml": '[tool.interlock.workspace]\nmembers = ["packages/*", "apps/*"]\n',
            "packages/.gitkeep": "",
            ".gitignore": _IGNORED,
        }
        if wanted.readme:
            files["README.md"] = f"# {wanted.project}\n\nMembers are in `packages` and `apps`.\n"
        return files
    base = f"{'src/' if wanted.src else ''}{wanted.module.replace('.', '/')}"
    files = {"pyproject.toml": project_table(wanted)}
    if wanted.readme:
        files["README.md"] = f"# {wanted.project}\n" + (f"\n{wanted.description}\n" if wanted.description else "")
    if not wanted.member:
        files[".gitignore"] = _IGNORED
    files.update({f"{base}/{name}": text for name, text in _modules(wanted).items()})
    leaf = wanted.module.replace(".", "_")
    files[f"tests/test_{leaf}.py"] = _test(wanted)
    return files


def project_table(wanted: Scaffold) -> str:
    """The manifest."""
    lines = ["[project]", f"name = {format_value(wanted.project)}", f"version = {format_value(wanted.version)}"]
    lines.append(f"description = {format_value(wanted.description)}")
    if wanted.readme:
        lines.append('readme = "README.md"')
    if wanted.author:
        name, _, email = wanted.author.partition("<")
        author = {"name": name.strip(), "email": email.strip(" >")}
        lines.append(f"authors = [{format_value({key: value for key, value in author.items() if value})}]")
    if wanted.license:
        lines.append(f"license = {format_value(wanted.license)}")
    lines.append(f"requires-python = {format_value(wanted.requires_python)}")
    lines.append(f"dependencies = {_list(wanted.dependencies)}")
    if wanted.kind in {"app", "web"} and wanted.package:
        lines += ["", "[project.scripts]", f'{wanted.project} = "{wanted.module}.__main__:main"']
    if wanted.dev:
        lines += ["", "[dependency-groups]", f"dev = {_list(wanted.dev)}"]
    if wanted.package:
        requires, backend = BACKENDS[wanted.backend]
        lines += ["", "[build-system]", f'requires = ["{requires}"]', f'build-backend = "{backend}"']
        lines += _backend_settings(wanted)
    if wanted.tests:
        # What they import is found without installing anything, too.
        lines += ["", "[tool.pytest.ini_options]", 'testpaths = ["tests"]']
        lines += [f'pythonpath = ["{"src" if wanted.src else "."}"]']
    return "\n".join(lines) + "\n"


def _backend_settings(wanted: Scaffold) -> list[str]:
    """What a backend has to be told where the package is not where it looks for it."""
    top = wanted.module.partition(".")[0]
    prefix = "src/" if wanted.src else ""
    if wanted.backend == "hatchling" and (wanted.module != wanted.project.replace("-", "_") or not wanted.src):
        return ["", "[tool.hatch.build.targets.wheel]", f'packages = ["{prefix}{top}"]']
    if wanted.backend == "setuptools" and not wanted.src:
        return ["", "[tool.setuptools.packages.find]", f'include = ["{top}*"]']
    if wanted.backend == "flit-core":
        return ["", "[tool.flit.module]", f'name = "{wanted.module}"']
    if wanted.backend == "poetry-core":
        place = ', from = "src"' if wanted.src else ""
        return ["", "[tool.poetry]", f'packages = [{{ include = "{top}"{place} }}]']
    if wanted.backend == "pdm-backend" and "." in wanted.module:
        # It finds packages by their __init__.py, which a namespace does not have.
        place = "src" if wanted.src else "."
        return ["", "[tool.pdm.build]", f'includes = ["{prefix}{top}"]', f'package-dir = "{place}"']
    if wanted.backend == "uv-build":
        lines = ["", "[tool.uv.build-backend]", f'module-name = "{wanted.module}"']
        return lines if wanted.src else [*lines, 'module-root = ""']
    return []


def _list(texts: tuple[str, ...]) -> str:
    return "[\n" + "".join(f"    {literal(text)},\n" for text in texts) + "]" if texts else "[]"


def _modules(wanted: Scaffold) -> dict[str, str]:
    about = wanted.description.rstrip(".") or wanted.project
    if wanted.kind == "lib":
        code = (
            f'"""{about}."""\n\n__all__ = ["greet"]\n\n\ndef greet(name: str) -> str:\n    return f"Hello, {{name}}!"\n'
        )
        return {"__init__.py": code, "py.typed": ""}
    if wanted.kind == "app":
        main = (
            f'"""The command `{wanted.project}`."""\n\nfrom __future__ import annotations\n\nimport sys\n\n\n'
            "def main(arguments: list[str] | None = None) -> int:\n"
            '    name = " ".join(sys.argv[1:] if arguments is None else arguments) or "world"\n'
            '    print(f"Hello, {name}!")\n    return 0\n\n\n'
            'if __name__ == "__main__":\n    sys.exit(main())\n'
        )
        return {"__init__.py": f'"""{about}."""\n', "__main__.py": main}
    return {
        "__init__.py": f'"""{about}."""\n',
        "py.typed": "",
        "application.py": _WEB,
        "__main__.py": _SERVER.format(wanted.module, wanted.project),
    }


_WEB = '''\
"""The web application (WSGI, PEP 3333): any server for it can run `application`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment


def application(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    if environ.get("PATH_INFO", "/") != "/":
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"Nothing here.\\n"]
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [b"Hello, world!\\n"]
'''
_SERVER = '''\
"""A server for developing; in production use a real one."""

from __future__ import annotations

import argparse
from wsgiref.simple_server import make_server

from {0}.application import application


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="{1}", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    chosen = parser.parse_args(arguments)
    with make_server(chosen.host, chosen.port, application) as server:
        print(f"http://{{chosen.host}}:{{server.server_port}}/ (Ctrl-C ends it)", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
'''


def _test(wanted: Scaffold) -> str:
    module = wanted.module
    if wanted.kind == "lib":
        return (
            f'from {module} import greet\n\n\ndef test_greeting() -> None:\n    assert greet("you") == "Hello, you!"\n'
        )
    if wanted.kind == "app":
        return (
            f"import pytest\n\nfrom {module}.__main__ import main\n\n\n"
            "def test_it_greets(capsys: pytest.CaptureFixture[str]) -> None:\n"
            '    assert main(["you"]) == 0\n    assert capsys.readouterr().out == "Hello, you!\\n"\n'
        )
    return (
        "from wsgiref.util import setup_testing_defaults\n\n"
        f"from {module}.application import application\n\n\n"
        "def test_the_front_page() -> None:\n    environ: dict[str, object] = {}\n    setup_testing_defaults(environ)\n"
        "    answers: list[str] = []\n\n    def start_response(status: str, *_: object) -> None:\n"
        "        answers.append(status)\n\n"
        '    assert b"".join(application(environ, start_response)) == b"Hello, world!\\n"  # type: ignore[arg-type]\n'
        '    assert answers == ["200 OK"]\n'
    )
