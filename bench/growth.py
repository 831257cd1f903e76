"""``python -m bench.growth``: what grows with conflicts, markers and depth, on workspaces and wheels made here.

Every lock of ours is verified by ``debug verify-lock``, and each side of each conflict is exported on its own. A tool
that takes more than ``--seconds`` or ``--gigabytes`` is said to have no end.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import hashlib
import http.server
import shutil
import sys
import threading
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.measure import RunError, Sample, measure
from bench.paths import fresh, memory_folder
from bench.peers import install_peers
from bench.tool import INTERLOCK, UV, Tool

__all__ = ["SHAPES", "Shape", "write_shape"]

Selection = tuple[str, ...]
Members = dict[str, str]
"""Name -> text of the manifest, below its name and version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A workspace, and what is asked of it once it has a lock."""

    name: str
    members: Members
    conflicts: tuple[tuple[str, ...], ...] = ()
    """Sets of inline tables, as they stand in the root."""
    sides: tuple[Selection, ...] = ()
    """Arguments of ``export``, each of which has to succeed."""
    questions: tuple[Selection, ...] = ()
    """Reading commands that are timed."""
    peers: tuple[Tool, ...] = field(default=(INTERLOCK, UV))


def _extras(**requirements: Iterable[str]) -> str:
    rows = (f"{name} = {list(needed)!r}" for name, needed in requirements.items())
    return "[project.optional-dependencies]\n" + "\n".join(rows) + "\n"


def _side(member: str, extra: str) -> str:
    return f'{{ package = "{member}", extra = "{extra}" }}'


def _sets(count: int, *, shared: bool) -> Shape:
    """So many members, each with two extras that want different versions of a package of its own."""
    common = [f"common{n}>=1" for n in range(4)] if shared else []
    members = {f"m{n}": _extras(a=[f"clash{n}==1.0", *common], b=[f"clash{n}==2.0", *common]) for n in range(count)}
    sides = [("--package", f"m{n}", "--extra", extra) for n in range(count) for extra in "ab"]
    return Shape(
        name=f"{count} sets, {'a shared closure' if shared else 'nothing shared'}",
        members=members,
        conflicts=tuple((_side(f"m{n}", "a"), _side(f"m{n}", "b")) for n in range(count)),
        sides=tuple(sides),
    )


def _classes(count: int) -> Shape:
    """Members of two kinds: every one of the first conflicts with every one of the second."""
    members = {f"m{n}": f'dependencies = ["clash0=={1 + n % 2}.0", "common0"]\n' for n in range(count)}
    pairs = ((first, second) for first in range(0, count, 2) for second in range(1, count, 2))
    return Shape(
        name=f"{count} members in two classes",
        members=members,
        conflicts=tuple(tuple(f'{{ package = "m{n}" }}' for n in pair) for pair in pairs),
        sides=tuple(("--package", f"m{n}") for n in range(count)),
    )


def _large() -> Shape:
    """300 members with five extras and three groups each, and twenty conflicts."""
    members = {}
    for n in range(300):
        needed = [f"common{n % 40}", *([f"m{n - 1}"] if n % 10 else [])]
        extras = {f"e{k}": [f"common{(n + k) % 40}>=1"] for k in range(5)}
        for k in range(2):
            # What is not declared to conflict agrees.
            extras[f"e{k}"].append(f"clash{n}=={1 + k}.0" if n < 20 else f"clash{n % 20}>=1")
        groups = "\n".join(f'g{k} = ["common{(n * 3 + k) % 40}"]' for k in range(3))
        members[f"m{n}"] = f"dependencies = {needed!r}\n{_extras(**extras)}[dependency-groups]\n{groups}\n"
    sets = [(_side(f"m{n}", "e0"), _side(f"m{n}", "e1")) for n in range(20)]
    sides = [("--package", f"m{n}", "--extra", f"e{k}") for n in range(20) for k in range(2)]
    return Shape(name="300 members, 20 conflicts", members=members, conflicts=tuple(sets), sides=tuple(sides))


def _markers(terms: int) -> Shape:
    told = " or ".join(f"platform_release == '{n}' and python_version < '3.{n % 40}'" for n in range(terms // 2))
    return Shape(name=f"a marker of {terms} terms", members={"m0": f'dependencies = ["common0; {told}"]\n'})


def _chain(length: int) -> Shape:
    members = {
        f"m{n}": f'dependencies = ["m{n + 1}", "common{n % 40}"]\n' if n + 1 < length else "" for n in range(length)
    }
    return Shape(name=f"a chain of {length}", members=members, questions=_QUESTIONS)


def _lattice(count: int) -> Shape:
    """Each member needs all that come after it: 2^N ways from the first to the last."""
    members = {
        f"m{n}": f"dependencies = {[*(f'm{k}' for k in range(n + 1, count)), 'common0']!r}\n" for n in range(count)
    }
    return Shape(name=f"a lattice of {count}", members=members, questions=_QUESTIONS)


_QUESTIONS = (("why", "common0"), ("tree",), ("tree", "--invert", "common0"))

SHAPES: dict[str, Callable[[], Iterable[Shape]]] = {
    "apart": lambda: (_sets(count, shared=False) for count in (5, 10, 20, 40)),
    "shared": lambda: (_sets(count, shared=True) for count in (5, 10, 20, 40)),
    "classes": lambda: (_classes(count) for count in (8, 16, 32, 64)),
    "large": lambda: [_large()],
    "markers": lambda: (_markers(terms) for terms in (1000, 2000, 5000)),
    "deep": lambda: [_chain(1200), _lattice(60)],
}


def write_shape(shape: Shape, root: Path) -> None:
    """The workspace, for uv and for Interlock alike; the text of a member goes on where its ``[project]`` ends."""
    for name, text in shape.members.items():
        siblings = "\n".join(f"{other} = {{ workspace = true }}" for other in _siblings(text, shape.members))
        folder = fresh(root / "members" / name)
        (folder / "pyproject.toml").write_text(
            f'[project]\nname = "{name}"\nversion = "1.0"\nrequires-python = ">=3.11"\n{text}\n'
            + (f"[tool.uv.sources]\n{siblings}\n" if siblings else "")
        )
    sets = ",\n".join(f"  [{', '.join(items)}]" for items in shape.conflicts)
    (root / "pyproject.toml").write_text(
        '[tool.uv.workspace]\nmembers = ["members/*"]\n' + (f"[tool.uv]\nconflicts = [\n{sets}\n]\n" if sets else "")
    )


def _siblings(text: str, members: Members) -> list[str]:
    quoted = {*text.split("'")[1::2], *text.split('"')[1::2]}
    return sorted(quoted & members.keys())


def _write_index(folder: Path) -> None:
    """Wheels that need nothing, with the pages of PEP 503 and the metadata of PEP 658."""
    names = {f"clash{n}": ("1.0", "2.0") for n in range(40)} | {f"common{n}": ("1.0", "1.5") for n in range(40)}
    for name, versions in names.items():
        page = fresh(folder / name)
        links = []
        for version in versions:
            wheel = page / f"{name}-{version}-py3-none-any.whl"
            about, metadata = (
                f"{name}-{version}.dist-info",
                f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            )
            with zipfile.ZipFile(wheel, "w") as archive:
                archive.writestr(f"{about}/METADATA", metadata)
                archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
                archive.writestr(f"{about}/RECORD", "")
            Path(f"{wheel}.metadata").write_text(metadata)
            links.append(
                f'<a href="{wheel.name}#sha256={_sha256(wheel.read_bytes())}" '
                f'data-core-metadata="sha256={_sha256(metadata.encode())}">{wheel.name}</a>'
            )
        (page / "index.html").write_text("\n".join(links))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    # With the few that wait by default, a connection more waits for a second.
    request_queue_size = 512


@contextlib.contextmanager
def _served(folder: Path) -> Iterator[str]:
    handler = functools.partial(_Quiet, directory=str(folder))
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True, slots=True)
class _Place:
    folder: Path
    url: str
    bounds: tuple[str, ...]

    def run(self, tool: Tool, *arguments: str) -> Sample:
        """Raises RunError, also for a command that was ended for its time or memory."""
        variables = tool.variables(self.folder / "home", self.folder / f"cache-{tool.name}", self.url)
        argv = [*self.bounds, tool.argv("lock")[0], *arguments]
        return measure(argv, folder=self.folder / "work", environ=variables, log=self.folder / "log")


def _told(seconds: float, peak: int) -> str:
    return f"{seconds:7.2f} s {peak / 1e6:5.0f} MB"


def _measured(shape: Shape, place: _Place) -> list[str]:
    rows = []
    for tool in shape.peers:
        write_shape(shape, fresh(place.folder / "work"))
        fresh(place.folder / f"cache-{tool.name}")
        try:
            sample = place.run(tool, "lock")
        except RunError as error:
            rows.append(f"{tool.name} no end or an error: {str(error).splitlines()[-1][:60]}")
            continue
        rows.append(f"{tool.name} {_told(sample.seconds, sample.peak)}")
        if tool is INTERLOCK:
            place.run(tool, "debug", "verify-lock")
            for side in shape.sides:
                place.run(tool, "export", "--no-hashes", *side)
            for question in shape.questions:
                asked = place.run(tool, *question)
                rows.append(f"{' '.join(question)} {_told(asked.seconds, asked.peak)}")
            rows.append(f"verified, {len(shape.sides)} sides exported")
    return rows


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("shapes", nargs="*", metavar="SHAPE", help=f"all by default: {', '.join(SHAPES)}")
    parser.add_argument("--seconds", type=int, default=45)
    parser.add_argument("--gigabytes", type=int, default=6)
    arguments = parser.parse_args()
    if unknown := set(arguments.shapes) - SHAPES.keys():
        parser.error(f"no such shape: {', '.join(sorted(unknown))}")
    install_peers()
    folder = memory_folder()
    bounds = ("timeout", str(arguments.seconds), "prlimit", f"--as={arguments.gigabytes << 30}")
    try:
        _write_index(folder / "index")
        (folder / "home").mkdir()
        with _served(folder / "index") as url:
            place = _Place(folder, url, bounds)
            for name in arguments.shapes or SHAPES:
                for shape in SHAPES[name]():
                    print(f"{shape.name:34}", " | ".join(_measured(shape, place)), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
