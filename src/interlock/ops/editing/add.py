"""``interlock add``: requirements written into manifests, with bounds for what was resolved and their sources."""

from __future__ import annotations

from collections.abc import Callable

import anyio.to_thread
import msgspec

from interlock.context import Context
from interlock.core.editing.manifest_editor import ManifestEditor, Target
from interlock.core.editing.requirement_wishes import Wish, bounded
from interlock.core.lock.model import Lock
from interlock.core.manifests.catalog_ranges import range_for
from interlock.core.manifests.manifest import Manifest
from interlock.core.names import NormalizedName, normalize_extra
from interlock.core.requirements.requirement import Requirement, format_requirement
from interlock.core.settings.choices import Bounds
from interlock.core.sources.source import Registry
from interlock.core.toml.array import insert, items, literal
from interlock.errors import UsageError
from interlock.ops.editing.changes import ChangeOptions, ChangeOutcome, Draft, change
from interlock.ops.editing.editing import chosen_paths, manifest_at, open_editor
from interlock.ops.editing.rewrite import Files, read_manifest
from interlock.ops.editing.wanted_sources import Placed, newest, place_wishes
from interlock.workspace.catalog import takes
from interlock.workspace.members import Workspace

__all__ = ["AddOptions", "AddOutcome", "SelfDependency", "add"]


class SelfDependency(UsageError):
    """A project is to depend on itself."""

    code = "self-dependency"


class AddOptions(msgspec.Struct, frozen=True, kw_only=True):
    wishes: tuple[Wish, ...]
    constraints: tuple[Wish, ...] = ()
    packages: tuple[NormalizedName, ...] = ()
    all_packages: bool = False
    target: Target = Target()
    extras: tuple[str, ...] = ()
    marker: str = ""
    source: str = ""
    """Name of the index to take it from."""
    indexes: tuple[tuple[str, str], ...] = ()
    """Names and URLs of indexes to write to the root."""
    git: dict[str, str] = {}
    """``rev``, ``tag``, ``branch``, ``subdirectory``."""
    lfs: bool = False
    editable: bool | None = None
    workspace: bool | None = None
    """Whether a directory becomes a member; None: when it is below the root."""
    bounds: Bounds = "lower"
    allow_prereleases: bool = False
    raw: bool = False
    after: ChangeOptions = ChangeOptions()


class AddOutcome(msgspec.Struct, frozen=True, kw_only=True):
    change: ChangeOutcome
    added: tuple[tuple[str, str, str], ...] = ()
    """Path of the member, where in it, the requirement as written."""
    present: tuple[str, ...] = ()
    """Names that were there already."""


async def add(context: Context, options: AddOptions) -> AddOutcome:
    """Add the wishes to every chosen member."""
    added: list[tuple[str, str, str]] = []
    present: dict[str, None] = {}

    async def make(workspace: Workspace) -> Draft:
        added.clear()
        present.clear()
        placed = await place_wishes(context, workspace, options.wishes, options)
        least = await newest(context, workspace, placed) if options.allow_prereleases else {}
        adding = _Adding(workspace, options, placed, least)
        draft = await anyio.to_thread.run_sync(adding.draft)
        present.update(dict.fromkeys(adding.present))

        def finish(lock: Lock) -> Files:
            files = adding.files(lock)
            added[:] = adding.added
            return files

        added[:] = adding.added
        return msgspec.structs.replace(draft, finish=finish)

    outcome = await change(context, make, options.after)
    return AddOutcome(change=outcome, added=tuple(added), present=tuple(present))


class _Adding:
    """One attempt: the same edits are made twice, without bounds to resolve and with them to keep."""

    def __init__(
        self,
        workspace: Workspace,
        options: AddOptions,
        placed: tuple[Placed, ...],
        least: dict[NormalizedName, str],
    ) -> None:
        self._workspace = workspace
        self._options = options
        self._placed = placed
        self._least = least
        self._constraints = {wish.normalized: wish.specifier for wish in options.constraints if wish.name}
        self._paths = chosen_paths(
            workspace,
            options.packages,
            everyone=options.all_packages,
            root_allowed=options.target.kind == "group",
        )
        self._before: Files = {path: read_manifest(workspace, path) for path in {*self._paths, "."}}
        self.added: list[tuple[str, str, str]] = []
        self.present: list[str] = []

    def __repr__(self) -> str:
        return f"<Adding {[item.wish.name for item in self._placed]} to {self._paths}>"

    def draft(self) -> Draft:
        upgrade = {item.wish.normalized: "" for item in self._placed if item.wish.latest}
        return Draft(files=self.files(None), upgrade=upgrade)

    def files(self, lock: Lock | None) -> Files:
        """The manifests with the wishes, with bounds once there is a lock to take them from."""
        self.added.clear()
        self.present.clear()
        files: Files = {}
        for path in self._paths:
            editor = open_editor(self._workspace, path, self._before[path])
            for item in self._placed:
                self._put(editor, path, item, lock)
            files[path] = editor.data
        members = [item.member_path for item in self._placed if item.member_path]
        files = self._edit_root(files, members)
        for item in self._placed:
            if item.member_path and item.member_path not in files:
                files[item.member_path] = read_manifest(self._workspace, item.member_path)
        return {path: data for path, data in files.items() if path in self._paths or data != self._before.get(path)}

    def _put(self, editor: ManifestEditor, path: str, item: Placed, lock: Lock | None) -> None:
        wish, options = item.wish, self._options
        name = wish.normalized
        own = manifest_at(self._workspace, path)
        if name == own.name and not wish.extras:
            raise SelfDependency(
                f"`{own.display_name}` cannot depend on itself.", hint="Did you mean another member with --package?"
            )
        known = [found for found in editor.requirements(options.target) if found.name == name]
        plain = wish.is_bare and not (options.extras or options.marker or options.source or item.source)
        if known and plain and not options.raw:
            self.present.append(wish.name)
            return
        keep = known[0] if len(known) == 1 else None
        requirement = self._requirement(item, keep, lock, shared=self._is_shared(own, name))
        text = format_requirement(requirement)
        text = wish.name + text[len(requirement.name) :]
        editor.put(options.target, requirement, _single_quoted(text))
        if item.source and not options.raw:
            editor.set_source(wish.name, dict(_relative(item.source, path)))
        self.added.append((path, str(options.target), text))

    def _is_shared(self, manifest: Manifest, name: NormalizedName) -> bool:
        """Whether a manifest takes a range from the workspace's catalog where it has the bare name."""
        return bool(range_for(takes(manifest), self._workspace.manifest.catalog, name))

    def _requirement(self, item: Placed, keep: Requirement | None, lock: Lock | None, *, shared: bool) -> Requirement:
        wish, options = item.wish, self._options
        name = wish.normalized
        extras = {*wish.extras, *(normalize_extra(extra) for extra in options.extras)}
        markers = [text for text in (wish.marker, options.marker) if text]
        marker = " and ".join(f"({text})" if " or " in text else text for text in markers)
        specifier, url = wish.specifier, ""
        if options.raw and wish.source:
            url = _direct_reference(wish.source)
        elif not specifier and not item.source.keys() - {"index"}:
            if keep is not None and not wish.latest and keep.specifier:
                specifier = keep.specifier
            elif shared:
                specifier = ""
            elif lock is None:
                specifier = self._constraints.get(name) or self._least.get(name, "")
            elif not options.raw and not options.after.frozen:
                specifier = bounded(options.bounds, _versions(lock, name))
        if keep is not None and not wish.latest:
            extras |= set(keep.extras)
            marker = marker or keep.marker
        return Requirement(name=name, specifier=specifier, marker=marker, extras=tuple(sorted(extras)), url=url)

    def _edit_root(self, files: Files, members: list[str]) -> Files:
        """The root with new members and new indexes."""
        known = {index.name for index in self._workspace.manifest.settings.indexes}
        indexes = [(name, url) for name, url in self._options.indexes if name not in known]
        if not members and not indexes:
            return files
        editor = open_editor(self._workspace, ".", files.get(".", self._before["."]))
        table = self._workspace.manifest.tool_table
        for path in members:
            editor.edit_list((*table, "workspace", "members"), _appending(path))
        for name, url in indexes:
            editor.document.append_table((*table, "index"), (f'name = "{name}"', f'url = "{url}"'))
        return {**files, ".": editor.data}


def _appending(path: str) -> Callable[[str], str]:
    return lambda text: insert(text, len(items(text)), literal(path))


def _versions(lock: Lock, name: NormalizedName) -> list[str]:
    return [item.version for item in lock.packages if item.name == name and isinstance(item.source, Registry)]


def _single_quoted(text: str) -> str:
    """Markers with single quotes, so that the TOML string needs no escapes."""
    body, semicolon, marker = text.partition(";")
    return f"{body}{semicolon}{marker.replace(chr(34), chr(39))}" if "'" not in marker else text


def _relative(source: dict[str, object], path: str) -> dict[str, object]:
    """Paths are relative to the manifest they stand in; ``source`` has them relative to the root."""
    place = source.get("path")
    if not isinstance(place, str) or place.startswith("/"):
        return source
    up = "" if path == "." else "../" * (path.count("/") + 1)
    return {**source, "path": f"{up}{place}" if up else place}


def _direct_reference(source: dict[str, str]) -> str:
    if "git" in source:
        reference = next((f"@{source[key]}" for key in ("rev", "tag", "branch") if key in source), "")
        below = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
        return f"git+{source['git']}{reference}{below}"
    return source.get("url") or f"file:{source.get('path', '')}"
