"""The program: ``interlock`` and ``python -m interlock``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> int:
    """Carry out this process's command line; Ctrl-C is answered from the first moment on."""
    try:
        from interlock.signals import answer_at_once  # noqa: PLC0415 - loading may be interrupted

        answer_at_once()
        from interlock.cli.main import main as carry_out  # noqa: PLC0415 - takes a while

        return carry_out()
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


if __name__ == "__main__":
    sys.exit(main())
