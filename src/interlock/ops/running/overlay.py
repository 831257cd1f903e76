"""An environment on top of another one, for one run: more packages, without touching what is there."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import anyio.to_thread

from interlock.context import Context
from interlock.envs.environments import VirtualEnvironment, create_environment, load_environment
from interlock.errors import EnvironmentFailure
from interlock.ops.tools import open_toolchain
from interlock.resolution.provision import Provisioner
from interlock.store.runs import running_in
from interlock.store.space import write_file

__all__ = ["overlaid"]


@asynccontextmanager
async def overlaid(
    context: Context, base: VirtualEnvironment, requirements: tuple[str, ...], what: str
) -> AsyncIterator[tuple[VirtualEnvironment, tuple[str, ...], int]]:
    """An environment that sees the requirements and then the base, and the folder of the requirements' programs.

    What the requirements need is kept in the store, by the descriptor that comes with it, for ``what`` is run; on top
    of it is only a folder that is gone afterwards.
    """
    with ExitStack() as stack:
        async with open_toolchain(context) as toolchain:
            provided = await Provisioner(toolchain.on(base.interpreter))(requirements, purpose="run --with")
            place = Path(provided.path).parent
            keeping = stack.enter_context(running_in(context.means.layout, place, what))
        async with _stacked(context.means.interpreters, place, base) as (top, scripts):
            yield top, scripts, keeping


@asynccontextmanager
async def _stacked(
    interpreters: Path, place: Path, base: VirtualEnvironment
) -> AsyncIterator[tuple[VirtualEnvironment, tuple[str, ...]]]:
    extra = await anyio.to_thread.run_sync(lambda: load_environment(place, interpreters))
    if extra is None:
        raise EnvironmentFailure(f"There is no environment at {place}.")
    folder = Path(await anyio.to_thread.run_sync(lambda: tempfile.mkdtemp(prefix="interlock-with-")))
    try:
        top = await anyio.to_thread.run_sync(lambda: _stack(folder / "env", extra, base))
        yield top, (extra.scripts,)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _stack(path: Path, extra: VirtualEnvironment, base: VirtualEnvironment) -> VirtualEnvironment:
    top = create_environment(path, base.interpreter)
    # site.addsitedir reads the .pth files there, which is how editable members are found.
    places = dict.fromkeys((extra.purelib, extra.platlib, base.purelib, base.platlib))
    lines = [f"import site; site.addsitedir({place!r})" for place in places]
    write_file(Path(top.purelib) / "_interlock_run.pth", ("\n".join(lines) + "\n").encode())
    return top
