"""The selection that the command line asks for."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.workspace.selection import SelectionFlags

__all__ = ["selection_flags"]


def selection_flags(call: Call, *, everyone: bool = False) -> SelectionFlags:
    """``everyone``: without ``--package``, the command is about every member wherever it is started.

    Raises :class:`InvalidName`.
    """
    packages = call.texts("package")
    return SelectionFlags(
        packages=packages,
        all_packages=call.given("all_packages") or (everyone and not packages),
        groups=call.texts("group"),
        no_groups=call.texts("no_group"),
        only_groups=call.texts("only_group"),
        all_groups=call.given("all_groups"),
        no_default_groups=call.flag("no_default_groups"),
        dev=call.given("dev"),
        no_dev=call.flag("no_dev"),
        only_dev=call.given("only_dev"),
        extras=call.texts("extra"),
        no_extras=call.texts("no_extra"),
        all_extras=call.given("all_extras"),
        with_groups=call.texts("with_group"),
        without_groups=call.texts("without_group"),
        only=call.texts("only"),
        no_install_project=call.flag("no_install_project"),
        no_install_workspace=call.flag("no_install_workspace"),
        no_install_local=call.flag("no_install_local"),
        no_install_packages=call.names("no_install_package"),
        no_root=call.given("no_root"),
        only_root=call.given("only_root"),
        no_directory=call.given("no_directory"),
    )
