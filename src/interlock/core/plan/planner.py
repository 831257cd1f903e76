"""From what a lock wants and what is installed to a plan; nothing is touched, and the same input gives the same plan.

A distribution stays when its version is the wanted one, it came from the wanted place (``direct_url.json``, PEP 610) in
the wanted way (editable or not, PEP 660), and, for a source tree, the tree is the one it was built from: its version
moves with the tree and does not count.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence

from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Installed, Plan, Reason, Step, Wanted
from interlock.core.settings.name_set import NO_NAMES, NameSet
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Url
from interlock.core.versions.version_list import is_same_version

__all__ = ["SEEDS", "plan"]

SEEDS = frozenset({NormalizedName("pip"), NormalizedName("setuptools"), NormalizedName("wheel")})
"""What ``python -m venv`` and virtualenv put into an environment. An exact sync leaves these where they are unless they
are wanted in another version: they belong to the environment, not to the lock."""


def plan(
    wanted: Iterable[Wanted],
    installed: Iterable[Installed],
    *,
    exact: bool,
    reinstall: NameSet = NO_NAMES,
    keep: Collection[str] = SEEDS,
    locations: Mapping[NormalizedName, str] | None = None,
) -> Plan:
    """Decide what to install, remove and leave; each list is sorted by name.

    ``exact`` removes what is not wanted, except the names in ``keep``.
    ``locations`` gives the ``file:`` URL where the tree of a member or directory (or the archive of a file source) is
    now; without one for a name, only the kind of its source is compared.
    """
    found: dict[NormalizedName, list[Installed]] = {}
    for distribution in installed:
        found.setdefault(distribution.name, []).append(distribution)
    steps: list[Step] = []
    kept: list[Installed] = []
    removed: list[Installed] = []
    names = set()
    places = locations or {}
    for want in sorted(wanted, key=lambda item: item.name):
        names.add(want.name)
        present = sorted(found.get(want.name, ()), key=lambda item: item.dist_info)
        if not present:
            steps.append(Step(wanted=want))
            continue
        judged = [(_difference(want, one, places.get(want.name, "")), one) for one in present]
        # Two .dist-info of one name are what an interrupted installer leaves behind: one stays at most.
        reason, one = min(judged, key=lambda pair: pair[0] is not None)
        removed.extend(other for other in present if other is not one)
        if len(present) > 1 and reason is None:
            reason = "reinstall"  # removing the other's files may have taken some of this one's
        if want.name in reinstall:
            reason = "reinstall"
        if reason is not None:
            steps.append(Step(wanted=want, replaces=one, reason=reason))
        else:
            kept.append(one)
    for name, distributions in found.items():
        if name not in names:
            (removed if exact and name not in keep else kept).extend(distributions)
    return Plan(install=tuple(steps), remove=_sorted(removed), keep=_sorted(kept))


def _sorted(distributions: Sequence[Installed]) -> tuple[Installed, ...]:
    return tuple(sorted(distributions, key=lambda item: (item.name, item.dist_info)))


def _difference(wanted: Wanted, installed: Installed, location: str) -> Reason | None:
    """Why the installed distribution does not do, None when it does."""
    tree = isinstance(wanted.source, (Member, Directory))
    if wanted.version and not tree and not is_same_version(wanted.version, installed.version):
        return "version"
    if wanted.editable != installed.editable or not _same_origin(wanted, installed.origin, location):
        return "source"
    if wanted.digest and wanted.digest != installed.digest:
        return "changed"
    return None


def _same_origin(wanted: Wanted, origin: str, location: str) -> bool:
    source = wanted.source
    if isinstance(source, Registry):
        return not origin
    if not origin:
        return False
    try:
        recorded = json.loads(origin)
    except ValueError:
        return False
    if not isinstance(recorded, dict) or not isinstance(recorded.get("url"), str):
        return False
    if isinstance(source, (Member, Directory)):
        return "dir_info" in recorded and (not location or _same_url(recorded["url"], location))
    if str(recorded.get("subdirectory") or "") != source.subdirectory:
        return False
    if isinstance(source, Git):
        return _same_commit(source, recorded, location)
    return _same_archive(source, wanted, recorded, location)


def _same_commit(source: Git, recorded: Mapping[str, object], location: str) -> bool:
    details = recorded.get("vcs_info")
    if not isinstance(details, dict) or details.get("commit_id") != source.commit:
        return False
    if bool(details.get("git_lfs")) != source.lfs:
        return False
    # A repository inside the workspace is a relative path in the lock and an absolute URL in the environment.
    expected = source.url if "://" in source.url else location
    return not expected or _same_url(str(recorded["url"]), expected)


def _same_archive(source: Url | File, wanted: Wanted, recorded: Mapping[str, object], location: str) -> bool:
    details = recorded.get("archive_info")
    if not isinstance(details, dict):
        return False
    expected = source.url if isinstance(source, Url) else location
    if expected and not _same_url(str(recorded["url"]), expected):
        return False
    hashes = details.get("hashes")
    known = hashes.get("sha256", "") if isinstance(hashes, dict) else ""
    if not known and isinstance(details.get("hash"), str):
        known = details["hash"].removeprefix("sha256=")
    promised = wanted.artifact.sha256 if wanted.artifact else ""
    return not known or not promised or known == promised


def _same_url(one: str, other: str) -> bool:
    """Equal but for what does not change the place: a fragment, a final slash, ``.git``."""
    return _bare(one) == _bare(other)


def _bare(url: str) -> str:
    return url.partition("#")[0].removeprefix("git+").rstrip("/").removesuffix(".git")
