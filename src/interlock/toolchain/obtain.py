"""From what the lock wants to an unpacked wheel in the store: fetched, or built here."""

from __future__ import annotations

from pathlib import Path

import anyio
import anyio.to_thread

from interlock.build.results import Results
from interlock.build.source_tree import SourceTree
from interlock.core.artifacts.artifact import Artifact
from interlock.core.metadata.metadata import Metadata
from interlock.core.metadata.text import InvalidMetadata, parse_metadata
from interlock.core.names import NormalizedName
from interlock.core.plan.plan import Wanted
from interlock.core.sources.source import Directory, File, Git, Member, Registry, Url
from interlock.core.text.one_line import one_line
from interlock.errors import IntegrityError
from interlock.events import Warned
from interlock.store.archives import StoredWheel, add_wheel, drop_wheel, open_wheel
from interlock.toolchain.checkouts import checkout_tree
from interlock.toolchain.sdists import archive_tree, sdist_tree
from interlock.toolchain.toolchain import Toolchain

__all__ = ["MetadataMismatch", "Obtainer"]


class MetadataMismatch(IntegrityError):
    """An index's metadata file says something else than the wheel it is about."""

    code = "metadata-mismatch"

    def __init__(self, filename: str, index: str) -> None:
        super().__init__(
            f"The METADATA in {filename} requires something else than index `{index}` had said it does.",
            hint="The index is at fault. Tell whoever runs it, or take the package from another one.",
            facts={"filename": filename, "index": index},
        )


class Obtainer:
    """Obtains wheels; ``trees`` says where members are, ``root`` what other paths are relative to."""

    def __init__(self, toolchain: Toolchain, *, root: Path, trees: dict[NormalizedName, Path]) -> None:
        self._toolchain = toolchain
        self._root = root
        self._trees = trees

    def __repr__(self) -> str:
        return f"<Obtainer for {self._root}>"

    async def __call__(self, wanted: Wanted) -> StoredWheel:
        source = wanted.source
        if isinstance(source, Registry):
            return await self._from_index(wanted, source)
        if isinstance(source, Url | File):
            return await self._from_archive(wanted, source)
        if isinstance(source, Git):
            tree = await checkout_tree(self._toolchain, source, root=self._root)
            return await self._built(SourceTree(path=tree, name=wanted.name, identity=source.identity))
        path = self._trees[source.name] if isinstance(source, Member) else self._root / source.path
        return await self._built(SourceTree(path=path, name=wanted.name), editable=wanted.editable)

    def look(self, wanted: Wanted) -> StoredWheel | None:
        """What is in the store already, without asking anybody; blocking."""
        artifact = wanted.artifact
        if artifact is not None and not isinstance(wanted.source, Git):
            return (
                open_wheel(self._toolchain.layout, artifact.sha256) if artifact.is_wheel and artifact.sha256 else None
            )
        if is_tree(wanted) and wanted.digest:
            results = Results(self._toolchain.layout)
            built = results.load(wanted.digest)
            if built is not None and built.filename:
                path = results.path(wanted.digest, built)
                return add_wheel(self._toolchain.layout, path, filename=built.filename)
        return None

    async def _from_index(self, wanted: Wanted, source: Registry) -> StoredWheel:
        artifact = wanted.artifact
        assert artifact is not None, wanted.name
        if not artifact.is_wheel:
            async with sdist_tree(self._toolchain, wanted.name, wanted.version, source.index, artifact) as tree:
                return await self._built(tree)
        if not artifact.sha256:
            return await self._download(wanted, source, artifact)
        async with self._toolchain.arriving(artifact.sha256):
            known = open_wheel(self._toolchain.layout, artifact.sha256)
            return known if known is not None else await self._download(wanted, source, artifact)

    async def _download(self, wanted: Wanted, source: Registry, artifact: Artifact) -> StoredWheel:
        return await self.accept(wanted, await self._toolchain.client.download(wanted.name, source.index, artifact))

    async def accept(self, wanted: Wanted, content: bytes | Path) -> StoredWheel:
        """Verify a wheel of an index, wherever it came from, and put it into the store; a file is deleted.

        Raises :class:`IntegrityError` for one that is not what the lock or the index says.
        """
        source, artifact = wanted.source, wanted.artifact
        assert isinstance(source, Registry), wanted.name
        assert artifact is not None, wanted.name
        wheel = await self._stored(content, artifact.filename, artifact.sha256, temporary=True)
        await self.compare(wanted, wheel)
        return wheel

    async def compare(self, wanted: Wanted, wheel: StoredWheel) -> None:
        """Have a wheel of an index that says something else than the index did not stay in the store.

        Raises :class:`MetadataMismatch`.
        """
        assert isinstance(wanted.source, Registry), wanted.name
        assert wanted.artifact is not None, wanted.name
        await anyio.to_thread.run_sync(self._compare, wheel, wanted.name, wanted.source.index, wanted.artifact)

    def _compare(self, wheel: StoredWheel, name: NormalizedName, index: str, artifact: Artifact) -> None:
        """What the resolution was made from has to be what arrives; a wheel that differs does not stay in the store."""
        promised = self._toolchain.client.known_metadata(name, index, artifact)
        if promised is None:
            return
        try:
            arrived = parse_metadata(wheel.metadata)
        except InvalidMetadata:
            arrived = None
        if arrived is None or _decisive(arrived) != _decisive(promised):
            drop_wheel(self._toolchain.layout, wheel.sha256)
            raise MetadataMismatch(artifact.filename, index)

    async def _from_archive(self, wanted: Wanted, source: Url | File) -> StoredWheel:
        artifact = wanted.artifact
        assert artifact is not None, wanted.name
        layout = self._toolchain.layout
        if artifact.is_wheel and artifact.sha256:
            known = open_wheel(layout, artifact.sha256)
            if known is not None:
                return known
        url = source.url if isinstance(source, Url) else (self._root / source.path).as_uri()
        fetched = await self._toolchain.client.fetch_url(url, artifact.sha256)
        if artifact.is_wheel:
            return await self._stored(fetched.content, artifact.filename, fetched.sha256, temporary=True)
        opened = archive_tree(layout, fetched, artifact.filename, name=wanted.name, subdirectory=source.subdirectory)
        async with opened as tree:
            return await self._built(tree)

    async def _built(self, tree: SourceTree, *, editable: bool = False) -> StoredWheel:
        builder = await self._toolchain.builder()
        wheel = await (builder.editable(tree) if editable else builder.wheel(tree))
        return await self._stored(wheel, wheel.name, "")

    async def _stored(
        self, content: bytes | Path, filename: str, sha256: str, *, temporary: bool = False
    ) -> StoredWheel:
        layout = self._toolchain.layout

        def add() -> StoredWheel:
            try:
                return add_wheel(layout, content, filename=filename, sha256=sha256)
            finally:
                if temporary and isinstance(content, Path):
                    content.unlink(missing_ok=True)

        stored = await anyio.to_thread.run_sync(add)
        if stored.unverified:
            first, *more = stored.unverified
            rest = f" and {len(more)} more" if more else ""
            text = f"The RECORD of {filename} gives no hash that counts for {one_line(first)}{rest}."
            self._toolchain.means.reporter.report(Warned("unrecorded-files", text))
        return stored


def is_tree(wanted: Wanted) -> bool:
    """Whether it is built from a tree that may change under our hands."""
    return isinstance(wanted.source, Member | Directory)


def _decisive(metadata: Metadata) -> tuple[object, ...]:
    return (frozenset(metadata.requires), metadata.requires_python, frozenset(metadata.extras))
