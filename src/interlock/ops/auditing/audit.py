"""``interlock audit``: what is known against what is locked, who needs it, and what would mend it.

The advisories are files; nobody is asked about the packages of a workspace. Settings of the root::

    [tool.interlock.audit]
    advisories = ["https://mirror.example/osv/pypi.zip"]
    ignore = [{ id = "GHSA-xxxx-xxxx-xxxx", reason = "we never parse YAML of others", until = 2027-01-31 }]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.advisories.excuses import judge
from interlock.core.advisories.fixes import Fix, judge_fix
from interlock.core.advisories.matching import Finding, Matches, match
from interlock.core.lock.graph import Graph, Key, key_of
from interlock.core.lock.lines import package_lines
from interlock.core.lock.model import LockedPackage
from interlock.core.lock.paths import Ways, all_of
from interlock.core.manifests.lines import find_line
from interlock.core.manifests.manifest import AuditExcuse
from interlock.index.urls import is_remote
from interlock.ops.auditing.advisory_files import Collection, NoAdvisories, read_advisories
from interlock.ops.auditing.claims import Claims, collect_claims
from interlock.ops.auditing.report import AuditReport, Excuse, ReportedFinding, Upgrade
from interlock.ops.showing.reading import Locked, read_locked
from interlock.workspace.home import expanded
from interlock.workspace.lockfile import read_lockfile
from interlock.workspace.selection import SelectionFlags

__all__ = ["AuditOptions", "audit"]

_MANIFEST = "pyproject.toml"


class AuditOptions(msgspec.Struct, frozen=True, kw_only=True):
    advisories: tuple[str, ...] = ()
    """Paths relative to the working directory, and URLs; empty: those of the root's settings."""
    selection: SelectionFlags | None = None
    """None: everything that is locked."""
    frozen: bool = False
    locked: bool = False


async def audit(context: Context, options: AuditOptions) -> AuditReport:
    """Judge the lock; nothing is written.

    Raises :class:`NoAdvisories`, :class:`~interlock.core.advisories.osv.InvalidAdvisory`, and what fetching raises.
    """
    flags = options.selection or SelectionFlags(all_packages=True)
    locked = await read_locked(context, flags, frozen=options.frozen, locked=options.locked, strict=False)
    graph = Graph(locked.lock)
    ways = Ways(graph, locked.selection if options.selection is not None else all_of(locked.lock))
    packages = [part for part in ways.reached if isinstance(part, LockedPackage)]
    collection = await read_advisories(
        locked.context, _places(locked, options), frozenset(package.name for package in packages)
    )
    judged = [(package.name, package.version) for package in packages if package.version]
    matches = match(judged, collection.relevant)
    return await _report(locked, ways, packages, collection, matches)


def _places(locked: Locked, options: AuditOptions) -> list[str | Path]:
    directory = locked.context.place.directory
    written = options.advisories
    if not written:
        written, directory = locked.workspace.settings.audit.advisories, locked.workspace.root
    if not written:
        raise NoAdvisories(
            "There is nothing to audit by.",
            hint="Name a folder, an archive or a URL of OSV records with --advisories, "
            "or with `advisories` in [tool.interlock.audit].",
        )
    return [text if is_remote(text) else directory / expanded(text) for text in written]


async def _report(
    locked: Locked, ways: Ways, packages: list[LockedPackage], collection: Collection, matches: Matches
) -> AuditReport:
    by_version: dict[tuple[str, str], list[LockedPackage]] = {}
    for package in packages:
        by_version.setdefault((package.name, package.version), []).append(package)
    rules = locked.workspace.settings.audit.ignore
    judged = judge(matches.findings, rules, today=locked.context.means.now.strftime("%Y-%m-%d"))
    open_ones = [finding for finding, _ in judged.open]
    flawed = [one for key in {(one.package, one.version) for one in open_ones} for one in by_version[key]]
    claims = await collect_claims(
        locked, [one for one in flawed if matches.clean[one.name, one.version] or _fixed(open_ones, one)]
    )
    texts = await anyio.to_thread.run_sync(_read_texts, locked)
    places = {rule: texts.place(rule) for rule in rules}

    def told(finding: Finding, rule: AuditExcuse | None) -> ReportedFinding:
        parts = by_version[finding.package, finding.version]
        paths = tuple(path for part in parts for path in ways.to(part))
        return ReportedFinding(
            **{field: getattr(finding, field) for field in _TOLD},
            fixed=tuple(_fix(version, parts, claims) for version in finding.fixed),
            members=tuple(sorted({path.member for path in paths})),
            paths=paths,
            line=texts.lines.get((finding.package, finding.version), 0),
            excuse=Excuse.of(rule, places[rule]) if rule is not None else None,
        )

    return AuditReport(
        packages=len(packages),
        advisories=collection.records,
        newest=collection.newest,
        findings=tuple(told(*one) for one in judged.open),
        ignored=tuple(told(*one) for one in judged.excused),
        upgrades=tuple(_upgrades(flawed, matches, claims)),
        withdrawn=matches.withdrawn,
        incomparable=matches.incomparable,
        unused=tuple(Excuse.of(rule, places[rule]) for rule in judged.unused),
        skipped=tuple(sorted({package.name for package in packages if not package.version})),
    )


_TOLD = ("id", "aliases", "package", "version", "summary", "severity", "url")


def _fixed(findings: Iterable[Finding], package: LockedPackage) -> bool:
    return any(one.fixed for one in findings if (one.package, one.version) == (package.name, package.version))


def _fix(version: str, parts: list[LockedPackage], claims: Mapping[Key, Claims]) -> Fix:
    """Whether a version fits in place of all that are locked as this one; unknown where nobody looked."""
    known = [claims[key_of(part)] for part in parts if key_of(part) in claims]
    if not known:
        return Fix(version=version, fits="unknown")
    return judge_fix(
        version,
        parts[0].version,
        (claim for one in known for claim in one.found),
        complete=all(one.complete for one in known),
    )


def _upgrades(flawed: list[LockedPackage], matches: Matches, claims: Mapping[Key, Claims]) -> Iterable[Upgrade]:
    for package in sorted(flawed, key=lambda one: (one.name, one.version)):
        fixes = (_fix(version, [package], claims) for version in matches.clean[package.name, package.version])
        fitting = next((fix.version for fix in fixes if fix.fits == "yes"), "")
        if fitting:
            yield Upgrade(package=package.name, version=package.version, to=fitting)


class _Texts(msgspec.Struct, frozen=True):
    manifest: str
    lines: dict[tuple[str, str], int]

    def place(self, rule: AuditExcuse) -> str:
        line = find_line(self.manifest, ("tool", "interlock", "audit", "ignore"), rule.id)
        return f"{_MANIFEST}:{line}" if line is not None else _MANIFEST


def _read_texts(locked: Locked) -> _Texts:
    root = locked.workspace.root
    lock = (read_lockfile(root) or b"").decode("utf-8", "replace")
    return _Texts((root / _MANIFEST).read_text(encoding="utf-8-sig"), package_lines(lock))
