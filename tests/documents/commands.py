"""The lists in COMMANDS.md: the commands there are, and what each writes with ``--json``."""

from __future__ import annotations

from interlock.cli.table.commands import COMMANDS
from interlock.cli.table.documents import DOCUMENTS

__all__ = ["commands", "documents"]


def commands() -> str:
    rows = ["| command | what it does | for example |", "|---|---|---|"]
    for command in COMMANDS:
        name = " ".join(command.words)
        also = "".join(f", `{' '.join(words)}`" for words in command.aliases)
        arguments = command.examples[0][0]
        example = f"interlock {name} {arguments}".strip().replace("|", r"\|")
        rows.append(f"| `{name}`{also} | {command.summary} | `{example}` |")
    return "\n".join(rows)


def documents() -> str:
    rows = ["| command | place | keys |", "|---|---|---|"]
    for words, lines in DOCUMENTS.items():
        for number, (place, keys) in enumerate(lines):
            name = f"`{' '.join(words)}`" if not number else ""
            rows.append(f"| {name} | {place or 'the document'} | {keys} |")
    return "\n".join(rows)
