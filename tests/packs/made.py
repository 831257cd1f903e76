"""Packs of small files, for the tests of this room."""

from __future__ import annotations

import hashlib
from pathlib import Path

from interlock.packs.header import Form
from interlock.packs.writing import Content, write_pack
from tests.wheels import make_sdist, make_wheel

__all__ = ["files", "pack_of"]


def files(folder: Path, count: int = 4) -> dict[str, Path]:
    """Wheels of growing size and an sdist, by sha256."""
    folder.mkdir(exist_ok=True)
    built = [make_wheel(f"p{n}", "1.0", files={f"p{n}.py": f"N = '{'ab' * n * 40}'\n"}) for n in range(count)]
    found = {}
    for one in (*built, make_sdist("source", "1.0")):
        path = folder / one.filename
        path.write_bytes(one.data)
        found[hashlib.sha256(one.data).hexdigest()] = path
    return found


def pack_of(found: dict[str, Path], target: Path) -> Path:
    contents = [
        Content(sha256=sha256, form=Form.WHEEL if path.suffix == ".whl" else Form.SDIST, path=path)
        for sha256, path in found.items()
    ]
    write_pack(target, contents)
    return target
