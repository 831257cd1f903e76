"""What RECORD files say, and how some of them say it."""

from __future__ import annotations

import hashlib

import pytest

from interlock.store.wheels import BadWheel, parse_record


def test_a_record_with_hexadecimal_digits_is_understood() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    record = f"a.py,sha256={digest},1\n".encode()
    assert parse_record(record, "a-1-py3-none-any.whl") == {"a.py": ("sha256", digest)}


def test_a_record_with_an_endless_field_is_refused() -> None:
    with pytest.raises(BadWheel, match="RECORD cannot be read"):
        parse_record(b'"' + b"a" * 200_000 + b'",,\n', "a.whl")
