"""What RECORD files say, and how some of them say it."""

from __future__ import annotations

import hashlib

from interlock.store.wheels import parse_record


def test_a_record_with_hexadecimal_digits_is_understood() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    record = f"a.py,sha256={digest},1\n".encode()
    assert parse_record(record, "a-1-py3-none-any.whl") == {"a.py": ("sha256", digest)}
