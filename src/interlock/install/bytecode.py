"""Runs inside an environment's interpreter and compiles modules before they are moved to their place.

Standard input holds one JSON list of ``[file, place]`` per line, place being where the file will be; the paths of the
bytecode files that were made are printed, one JSON string per line. A relative place stands for files that will be
moved and copied: their bytecode is the same wherever and whenever it is made. Written for every Python since 3.9.
"""

import json
import marshal
import os
import py_compile
import sys

__all__ = ["is_whole", "main"]

_HEADER = 16
"""Bytes before the code (PEP 552)."""


def is_whole(bytecode: str) -> bool:
    """Whether all of it was written: Python does not look where a disk is full, and stumbles over it ever after."""
    with open(bytecode, "rb") as file:
        file.seek(_HEADER)
        try:
            marshal.load(file)  # noqa: S302 - this interpreter wrote it a moment ago
        except (EOFError, ValueError, TypeError):
            return False
    return True


def main() -> None:
    for line in sys.stdin:
        file, place = json.loads(line)
        try:
            mode = None if os.path.isabs(place) else py_compile.PycInvalidationMode.UNCHECKED_HASH
            made = py_compile.compile(file, dfile=place, doraise=True, invalidation_mode=mode)
            if made is None:
                continue
            if not is_whole(made):
                os.unlink(made)
                continue
        except (py_compile.PyCompileError, OSError, ValueError, RecursionError):
            # Templates, files for another Python: pip and the interpreter's own caching leave those alone as well.
            continue
        sys.stdout.write(json.dumps(made) + "\n")


if __name__ == "__main__":
    main()
