"""Dependencies of a project in the standard form, some of which still stand in Poetry's tables."""

from __future__ import annotations

from interlock.core.editing.manifest_editor import ManifestEditor, Target
from interlock.core.editing.poetry_editor import PoetryEditor
from interlock.core.names import NormalizedName, normalize_name
from interlock.core.requirements.requirement import Requirement

__all__ = ["MixedEditor"]


class MixedEditor(PoetryEditor):
    """Changes a dependency where others of its kind stand: a group made anew elsewhere would hide the old one."""

    def targets(self) -> tuple[Target, ...]:
        poetry = [target for target in PoetryEditor.targets(self) if self._is_poetry(target)]
        return (*(target for target in ManifestEditor.targets(self) if target not in poetry), *poetry)

    def requirements(self, target: Target) -> tuple[Requirement, ...]:
        return (PoetryEditor if self._is_poetry(target) else ManifestEditor).requirements(self, target)

    def put(self, target: Target, requirement: Requirement, text: str) -> None:
        (PoetryEditor if self._is_poetry(target) else ManifestEditor).put(self, target, requirement, text)

    def remove(self, target: Target, name: NormalizedName) -> bool:
        return (PoetryEditor if self._is_poetry(target) else ManifestEditor).remove(self, target, name)

    def set_source(self, name: str, value: dict[str, object]) -> None:
        wanted = normalize_name(name)
        listed = [
            self._is_poetry(target)
            for target in self.targets()
            if any(found.name == wanted for found in self.requirements(target))
        ]
        if any(listed):
            PoetryEditor.set_source(self, name, value)
        if not all(listed):
            ManifestEditor.set_source(self, name, value)

    def _poetry_targets(self) -> tuple[Target, ...]:
        return tuple(target for target in self.targets() if self._is_poetry(target))

    def _is_poetry(self, target: Target) -> bool:
        if not isinstance(self.document.get(self._table(target)), dict):
            return False
        if target.kind == "group":
            return self.document.get(self._path(target)) is None
        dynamic = self.document.get(("project", "dynamic"))
        return target.kind == "dependencies" and isinstance(dynamic, list) and "dependencies" in dynamic
