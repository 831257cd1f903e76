"""The builder of a command, as its settings and the workspace's tool table say."""

from __future__ import annotations

import msgspec

from interlock.build.environment import Provision
from interlock.build.frontend import Builder, BuildLimits, BuildOptions
from interlock.core.manifests.manifest import ToolSettings
from interlock.core.requirements import format_requirement
from interlock.envs.interpreters import Interpreter
from interlock.workspace.context import Context

__all__ = ["make_builder"]


def make_builder(
    context: Context,
    tool: ToolSettings,
    interpreter: Interpreter,
    provision: Provision,
    *,
    source_date_epoch: int | None,
    timeout: float | None,
) -> Builder:
    """Make a builder; its servers start with the first build."""
    limits = BuildLimits(concurrency=context.settings.concurrent_builds)
    return Builder(
        context.layout,
        provision=provision,
        environ=context.environ,
        limits=limits if timeout is None else msgspec.structs.replace(limits, timeout=timeout),
        options=BuildOptions(
            interpreter=f"{interpreter.implementation} {interpreter.version} {interpreter.tags[0]}",
            config_settings=tool.config_settings,
            config_settings_package=tool.config_settings_package,
            extra_requires={
                name: tuple(format_requirement(requirement) for requirement in requirements)
                for name, requirements in tool.extra_build_dependencies.items()
            },
            not_isolated=tool.not_isolated,
            source_date_epoch=source_date_epoch,
        ),
        reporter=context.reporter,
    )
