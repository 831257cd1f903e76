"""How bad a flaw is: the base score of a CVSS vector (CVSS 3.1, section 7), and the words for scores (section 5).

Version 4 has no formula but a table of some hundred expert scores: of its vectors the record's own word counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from interlock.core.advisories.advisory import Rating

__all__ = ["base_score", "rating_of", "word_of"]

_METRICS: Mapping[str, Mapping[str, float]] = {
    "AV": {"N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2},
    "AC": {"L": 0.77, "H": 0.44},
    "PR": {"N": 0.85, "L": 0.62, "H": 0.27},
    "UI": {"N": 0.85, "R": 0.62},
    "C": {"H": 0.56, "L": 0.22, "N": 0.0},
    "I": {"H": 0.56, "L": 0.22, "N": 0.0},
    "A": {"H": 0.56, "L": 0.22, "N": 0.0},
}
_PRIVILEGES_BEYOND = {"N": 0.85, "L": 0.68, "H": 0.5}
"""What ``PR`` weighs where the flaw reaches beyond its component."""
_WORDS: Mapping[str, Rating] = {
    "critical": "critical",
    "high": "high",
    "important": "high",
    "moderate": "medium",
    "medium": "medium",
    "low": "low",
    "none": "none",
}


def base_score(vector: str) -> float | None:
    """The base score of a vector of CVSS 3.0 or 3.1; None for any other text.

    >>> base_score("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"), base_score("CVSS:4.0/AV:N")
    (9.8, None)
    """
    version, *rest = vector.split("/")
    written = dict(part.split(":", 1) for part in rest if ":" in part)
    if version not in {"CVSS:3.0", "CVSS:3.1"} or written.get("S") not in {"U", "C"}:
        return None
    beyond = written["S"] == "C"
    metrics = {**_METRICS, "PR": _PRIVILEGES_BEYOND} if beyond else _METRICS
    weights = {name: known.get(written.get(name, "")) for name, known in metrics.items()}
    found = {name: weight for name, weight in weights.items() if weight is not None}
    if len(found) < len(weights):
        return None
    base = 1 - (1 - found["C"]) * (1 - found["I"]) * (1 - found["A"])
    impact = 7.52 * (base - 0.029) - 3.25 * (base - 0.02) ** 15 if beyond else 6.42 * base
    if impact <= 0:
        return 0.0
    exploitability = 8.22 * found["AV"] * found["AC"] * found["PR"] * found["UI"]
    return _rounded_up(min((1.08 if beyond else 1.0) * (impact + exploitability), 10.0))


def rating_of(score: float) -> Rating:
    """
    >>> [rating_of(score) for score in (0.0, 3.9, 4.0, 6.9, 7.0, 8.9, 9.0)]
    ['none', 'low', 'medium', 'medium', 'high', 'high', 'critical']
    """
    steps: tuple[tuple[float, Rating], ...] = ((9.0, "critical"), (7.0, "high"), (4.0, "medium"), (0.1, "low"))
    return next((word for least, word in steps if score >= least), "none")


def word_of(text: str) -> Rating:
    """The rating that databases write as a word, ``MODERATE`` say."""
    return _WORDS.get(text.lower(), "unknown")


def _rounded_up(score: float) -> float:
    """To one decimal, on integers: CVSS 3.1 is exact about this (appendix A)."""
    whole = round(score * 100_000)
    return whole / 100_000 if whole % 10_000 == 0 else (whole // 10_000 + 1) / 10.0
