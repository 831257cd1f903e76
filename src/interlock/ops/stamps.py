"""What the stamps of a command are made from."""

from __future__ import annotations

from interlock.context import Context
from interlock.settings.given import GlobalFlags
from interlock.workspace.fresh.stamp import Stamps

__all__ = ["stamps_of"]


def stamps_of(context: Context) -> Stamps:
    means, display = context.means, context.means.settings.display
    return Stamps(
        layout=means.layout,
        start=context.place.start,
        environ=means.environ,
        files=context.around.files,
        logins=tuple(filter(None, (context.around.login_file, means.settings.netrc))),
        began=means.now.timestamp(),
        python=means.settings.python,
        plain=context.flags == GlobalFlags()
        and not display.json
        and not display.verbosity
        and not context.around.user.plugins,
    )
