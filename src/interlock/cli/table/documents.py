"""What ``--json`` writes, by command: every key of the document, level by level, as its help shows it.

A line is the place and its keys: nothing for the document itself, ``[]`` for each item of a list; a word in capitals
stands for any key. Keys are only ever added to a document, and keep their meaning and type.
"""

from __future__ import annotations

__all__ = ["DOCUMENTS"]

_CHANGES = "packages, members, settings, affected"
_PACKAGE_CHANGE = (
    "name, kind, old, new, old_sources, new_sources, artifacts_added, artifacts_removed, because, parents, moved_with"
)


def _changes(place: str) -> tuple[tuple[str, str], ...]:
    """What changed in a lock."""
    return (
        (place, _CHANGES),
        (f"{place}.packages[]", _PACKAGE_CHANGE),
        (f"{place}.packages[].because[]", "member, path"),
        (f"{place}.members[]", "name, kind, keys"),
    )


_CHANGED = (("", "written, manifests, lock"), ("lock", "changed, changes"), *_changes("lock.changes"))
_CATALOG = (
    ("", "written, manifests, lock, ranges, adopted, left"),
    ("lock", "changed, changes"),
    *_changes("lock.changes"),
    ("ranges", "NAME"),
    ("adopted[]", "member, name, before, range"),
    ("left[]", "name, ranges"),
)
_SYNCED = (
    ("", "in_sync, applied, lock, environments"),
    ("lock", "path, changed, changes"),
    ("environments[]", "path, python, member, created, install, remove, keep"),
    ("environments[].install[]", "name, version, source, editable, file, replaces, reason"),
    ("environments[].install[].source", "type, and what tells this kind of source: index, name, path, url, commit"),
    ("environments[].remove[], environments[].keep[]", "name, version"),
)
_OUTDATED = (("", "packages"), ("packages[]", "name, locked, compatible, latest, members, direct"))
_PYTHON = "executable, version, implementation, free_threaded, virtual"
_ENVIRONMENT = "path, member, exists, ours, problem, python"
_DAMAGED = "name, version, files"
_DAMAGE = "path, problem"
_CREATED = (("", "path, name, files, workspace, registered, package"),)
_REMOVED = (("", "files, bytes, in_use"), ("in_use[]", "path, pid, what"))

DOCUMENTS: dict[tuple[str, ...], tuple[tuple[str, str], ...]] = {
    ("add",): _CHANGED,
    ("remove",): _CHANGED,
    ("catalog", "show"): (
        ("", "ranges"),
        ("ranges[]", "name, catalog, range, members, own"),
        ("ranges[].own[]", "member, range"),
    ),
    ("catalog", "set"): _CATALOG,
    ("catalog", "adopt"): _CATALOG,
    ("catalog", "dedupe"): _CATALOG,
    ("update",): (("", "lock, written"), ("lock", "changed, changes"), *_changes("lock.changes")),
    ("new",): _CREATED,
    ("init",): _CREATED,
    ("lock",): (
        ("", "path, changed, written, reasons, created, changes, members, packages"),
        *_changes("changes"),
    ),
    ("sync",): _SYNCED,
    ("install",): _SYNCED,
    ("run",): (
        ("with --list", "tasks, scripts"),
        ("tasks[]", "name, kind, words, env, cwd, help"),
        ("tasks[].env", "NAME"),
        ("scripts", "NAME"),
        ("with -r", "command, results"),
        ("results[]", "member, status, code, seconds, interrupted"),
    ),
    ("tree",): (
        ("", "roots"),
        ("roots[], and each of children[]", "name, version, kind, extras, via, marker, repeated, children"),
    ),
    ("show",): (
        ("", "packages"),
        ("packages[]", "name, version, source, marker, members, direct, description, installed"),
        (
            "packages[] of one package",
            "name, version, source, requires_python, dependencies, extras, files, size, needed_by, members, "
            "description",
        ),
        ("packages[].dependencies[]", "name, version, extras, marker"),
        ("packages[] with --latest", "name, locked, compatible, latest, members, direct"),
    ),
    ("why",): (
        ("", "paths, complete"),
        ("paths[]", "member, steps"),
        ("paths[].steps[]", "name, version, via, extras, marker"),
    ),
    ("outdated",): _OUTDATED,
    ("check",): (
        ("", "ok, findings, imports"),
        ("findings[]", "level, file, code, message, line"),
        ("imports", "members, files, findings, unknown, broken"),
        ("imports.findings[]", "code, member, file, line, package, locked, module, places, command, message"),
    ),
    ("licenses",): (("", "packages, denied"), ("packages[]", "name, version, license, members, installed")),
    ("audit",): (
        (
            "",
            "ok, packages, advisories, newest, findings, ignored, upgrades, withdrawn, incomparable, unused, skipped",
        ),
        (
            "findings[], ignored[]",
            "id, aliases, package, version, summary, severity, url, fixed, members, paths, line, excuse",
        ),
        ("findings[].severity", "rating, score, vector"),
        ("findings[].fixed[]", "version, fits, blocked_by"),
        ("findings[].fixed[].blocked_by[]", "by, requirement, specifier, place"),
        ("findings[].paths[]", "member, steps"),
        ("findings[].paths[].steps[]", "name, version, via"),
        ("findings[].excuse, unused[]", "id, package, reason, until, place"),
        ("upgrades[]", "package, version, to"),
    ),
    ("info",): (("", "name, index, latest, versions, yanked, status, requires_python, requires, extras, files"),),
    ("explain",): (("", "code, explanations"), ("explanations[]", "code, kind, means, example, remedy")),
    ("about",): (("", "interlock, python, executable, platform, cache, configuration, workspace, members"),),
    ("debug", "resolve"): (("", "packages"), ("packages[]", "name, version, markers")),
    ("debug", "tags"): (("", "python, tags"),),
    ("debug", "verify-lock"): (
        ("", "ok, members, packages, findings"),
        ("findings[]", "level, kind, members, package, version, requirement, by, environment, message"),
    ),
    ("version",): (("", "written, members"), ("members[]", "name, path, version, previous, dynamic, reason")),
    ("build",): (
        ("", "out_dir, ok, seconds, hooks, members"),
        ("members[]", "name, version, status, cached, seconds, files, problems, error"),
        ("members[].files[]", "file, kind, sha256, size"),
    ),
    ("publish",): (
        ("", "repository, ok, seconds, left_out, members"),
        ("members[]", "name, version, status, needs, files, error"),
        ("members[].files[]", "file, sha256, status"),
    ),
    ("workspace", "list"): (
        ("", "root, members"),
        ("members[]", "name, path, version, requires_python, package, current"),
    ),
    ("workspace", "dir"): (("", "path"),),
    ("workspace", "graph"): (
        ("", "root, members"),
        ("members[]", "name, path, needs"),
        ("members[].needs[]", "member, needs, kind, label"),
    ),
    ("venv",): (("", "path, python, version"),),
    ("env", "info"): (("", _ENVIRONMENT), ("python", _PYTHON)),
    ("env", "check"): (("", "ok, problems"), ("problems[]", "name, version, kind, requirement, found")),
    ("env", "verify"): (
        ("", "ok, path, checked, unchecked, damaged"),
        ("damaged[]", _DAMAGED),
        ("damaged[].files[]", _DAMAGE),
    ),
    ("env", "repair"): (
        ("", "ok, path, checked, unchecked, repaired, left"),
        ("repaired[]", _DAMAGED),
        ("left[]", f"{_DAMAGED}, why"),
        ("repaired[].files[], left[].files[]", _DAMAGE),
    ),
    ("env", "list"): (("", "environments"), ("environments[]", _ENVIRONMENT), ("environments[].python", _PYTHON)),
    ("env", "activate"): (("", "command, path, shell"),),
    ("env", "remove"): (("", "removed"),),
    ("env", "use"): (("", "path, python, made"),),
    ("python", "list"): (("", "pythons"), ("pythons[]", _PYTHON)),
    ("python", "find"): (("", _PYTHON),),
    ("python", "pin"): (("", "path, request"),),
    ("cache", "dir"): (("", "path"),),
    ("cache", "size"): (("", "path, bytes, buckets"), ("buckets[]", "name, files, bytes")),
    ("cache", "clean"): _REMOVED,
    ("cache", "verify"): (
        ("", "ok, checked, skipped, problems"),
        ("checked", "NAME"),
        ("problems[]", "bucket, entry, name, problems, dropped"),
    ),
    ("cache", "prune"): _REMOVED,
    ("cache", "gc"): (("", "entries, bytes, kept, fits"),),
    ("cache", "pack"): (("", "path, key, files, size, fetched, changed, unpacked"), ("key", "key, prefix")),
    ("cache", "unpack"): (("", "added, present, left, builds"),),
    ("cache", "key"): (("", "key, prefix"),),
    ("config",): (("with --list", "KEY"), ("KEY", "value, origin"), ("with a key", "key, value, origin")),
    ("source", "show"): (("", "sources"), ("sources[]", "name, role, url")),
    ("auth", "token"): (("", "username, password"),),
    ("self", "show"): (("", "version, python, plugins"), ("plugins[]", "command, package, object")),
    ("export",): (("with -o", "path"),),
    ("serve",): (("", "url, data, token, token_file"),),
    ("serve", "pack-key"): (("", "key"),),
    ("serve", "gc"): (("", "entries, bytes, kept"),),
    ("serve", "token", "create"): (("", "id, name, scopes, token"),),
    ("serve", "token", "list"): (
        ("", "tokens"),
        ("tokens[]", "id, name, scopes, indexes, created, expires, revoked, used, valid"),
    ),
}
