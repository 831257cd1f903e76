"""``interlock workspace graph``."""

from __future__ import annotations

from interlock.cli.call import Call
from interlock.workspace.discovery import discover
from interlock.workspace.graph import Dependency, Graph, member_graph

__all__ = ["run"]


def run(call: Call) -> int:
    workspace = discover(call.context.place.start, layout=call.context.means.layout)
    graph = member_graph(workspace)
    kind = "json" if call.json else call.text("format") or "text"
    if kind == "json":
        members = [
            {"name": name, "path": workspace.by_name[name].path, "needs": graph.needs(name)} for name in graph.names
        ]
        call.document({"root": workspace.root, "members": members})
    elif kind == "dot":
        call.terminal.data(format_dot(graph))
    else:
        call.terminal.data(format_text(graph))
    return 0


def format_text(graph: Graph) -> str:
    """Each member, and below it what it needs of the others."""
    lines: list[str] = []
    for name in graph.names:
        lines.append(name)
        lines += [f"  needs {item.needs}{_reason(item)}" for item in graph.needs(name)]
    return "".join(f"{line}\n" for line in lines)


def format_dot(graph: Graph) -> str:
    """The graph for Graphviz; what is not needed at run time is dashed."""
    lines = ["digraph workspace {", "  rankdir = LR;", "  node [shape = box];"]
    lines += [f'  "{name}";' for name in graph.names]
    for name in graph.names:
        for item in graph.needs(name):
            style = "" if item.kind == "runtime" else f' [style = dashed, label = "{_reason(item).strip(" ()")}"]'
            lines.append(f'  "{name}" -> "{item.needs}"{style};')
    return "".join(f"{line}\n" for line in [*lines, "}"])


def _reason(item: Dependency) -> str:
    return "" if item.kind == "runtime" else f" ({f'{item.kind} {item.label}'.strip()})"
