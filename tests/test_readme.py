"""README says what is true: every error code is listed in it, and none that is gone."""

from __future__ import annotations

import re

from tests.architecture import ROOT, error_codes


def test_readme_lists_every_error_code() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text[text.index("### Error codes") :]
    listed = set(re.findall(r"`([a-z][a-z0-9-]*)`", section))
    # The root class is never raised itself; "bug" is what the command line calls an exception that is none of ours.
    assert listed == (error_codes() - {"error"}) | {"bug"}
