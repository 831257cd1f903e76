"""The builder of a command, as its settings and the workspace's tool table say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from interlock.build.environment import BuildEnvironment, Provision
from interlock.build.frontend import Builder
from interlock.build.options import BuildLimits, BuildOptions
from interlock.core.requirements.requirement import format_requirement
from interlock.envs.interpreters import Interpreter
from interlock.means import Means
from interlock.store.blobs import SecondLevel

if TYPE_CHECKING:
    from interlock.toolchain.toolchain import ToolchainOptions

__all__ = ["make_builder"]


def make_builder(
    means: Means,
    options: ToolchainOptions,
    interpreter: Interpreter,
    provision: Provision,
    shared: BuildEnvironment | None,
    second: SecondLevel | None,
) -> Builder:
    """Make a builder; its servers start with the first build."""
    tool, timeout = options.tool, options.build_timeout
    limits = BuildLimits(concurrency=means.settings.concurrent_builds)
    return Builder(
        means.layout,
        provision=provision,
        environ=means.environ,
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
            shared=shared,
            source_date_epoch=options.source_date_epoch,
        ),
        reporter=means.reporter,
        second=second,
    )
