"""Runs inside an environment's interpreter and makes hard links, while the one that asks for them makes others.

Standard input holds one order after the other: its length on a line, then a folder that is linked from, a folder that
is linked to, and paths below both, with NUL between them. The answer is a line with how many links were made before the
first that could not be. Written for every Python since 3.9.
"""

import os
import sys

__all__ = ["main"]


def main() -> None:
    while head := sys.stdin.buffer.readline():
        source, target, *paths = sys.stdin.buffer.read(int(head)).split(b"\0")
        sys.stdout.buffer.write(b"%d\n" % linked(source, target, paths))
        sys.stdout.buffer.flush()


def linked(source: bytes, target: bytes, paths: "list[bytes]") -> int:
    done, opened = 0, []
    try:
        opened.append(os.open(source, os.O_RDONLY))
        opened.append(os.open(target, os.O_RDONLY))
        for path in paths:
            os.link(path, path, src_dir_fd=opened[0], dst_dir_fd=opened[1])
            done += 1
    except OSError:
        # Who asked finds out what the matter is.
        pass
    finally:
        for handle in opened:
            os.close(handle)
    return done


if __name__ == "__main__":
    main()
