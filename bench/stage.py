"""The stage of one tool in one workload: its own tree, cache and home, put back into shape before each repetition."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.measure import Sample, measure
from bench.nginx import Mirror
from bench.paths import fresh
from bench.tool import Tool, installed
from bench.traffic import traffic_since
from bench.workload import Workload
from bench.workspace import change_member, member_manifest, write_project, write_workspace

__all__ = ["Stage"]


class Stage:
    def __init__(self, workload: Workload, tool: Tool, mirror: Mirror, folder: Path) -> None:
        self.workload = workload
        self.tool = tool
        self.mirror = mirror
        self.folder = fresh(folder)
        self.tree, self.cache, self.home = folder / "tree", folder / "cache", folder / "home"

    def __repr__(self) -> str:
        return f"<Stage {self.workload.name} {self.tool.name}>"

    @property
    def url(self) -> str:
        return self.mirror.delayed_url if self.workload.delayed else self.mirror.url

    def build(self) -> None:
        """Write the tree, run the seeds, keep the lock they made."""
        self.home.mkdir()
        if self.workload.project:
            write_project(self.tree, self.url if self.tool.name == "poetry" else "")
            self._write_requirements()
        else:
            write_workspace(self.workload.workspace, self.tree)
        for action in self.workload.seed:
            self._run(action)
        lock = self.tree / self.tool.lockfile
        if lock.is_file():
            shutil.copy2(lock, self.folder / "seeded.lock")

    def reset(self) -> None:
        """Put things back to how a repetition finds them."""
        without = self.workload.without
        if "cache" in without:
            shutil.rmtree(self.cache, ignore_errors=True)
        if "environment" in without:
            shutil.rmtree(self.tree / ".venv", ignore_errors=True)
        if "dist" in without:
            shutil.rmtree(self.tree / "dist", ignore_errors=True)
        if "lock" in without:
            (self.tree / self.tool.lockfile).unlink(missing_ok=True)
        if self.workload.change:
            # Nothing but this one file may be newer than at the last run: tools may trust modification times.
            number = self.workload.workspace.members // 2
            manifest, kept = member_manifest(self.tree, number), self.folder / "kept.toml"
            if not kept.is_file():
                shutil.copy2(manifest, kept)
            shutil.copy2(kept, manifest)
            shutil.copy2(self.folder / "seeded.lock", self.tree / self.tool.lockfile)
            change_member(self.tree, number, newcomer=self.workload.change == "newcomer")

    def repeat(self) -> Sample:
        self.reset()
        return self._run(self.workload.action)

    def result(self) -> frozenset[tuple[str, str]]:
        """What the command made: pins of the lock, or what is in the environment."""
        if self.workload.action == "build":
            return frozenset((path.name, "") for path in (self.tree / "dist").glob("*.whl"))
        if self.workload.action == "sync":
            return installed(self.tree / ".venv")
        return self.tool.pins(self.tree / self.tool.lockfile)

    def _run(self, action: str) -> Sample:
        offset = self.mirror.log.stat().st_size
        environ = self.tool.variables(self.home, self.cache, self.url)
        log = self.folder / f"{action}.log"
        sample = measure(self.tool.argv(action), folder=self.tree, environ=environ, log=log)
        traffic = traffic_since(self.mirror.log, offset)
        return Sample(
            seconds=sample.seconds,
            processor=sample.processor,
            peak=sample.peak,
            requests=traffic.requests,
            bytes=traffic.bytes,
            repeated=traffic.repeated,
        )

    def _write_requirements(self) -> None:
        lines = [
            line.strip().strip('",')
            for line in (self.tree / "pyproject.toml").read_text().splitlines()
            if line.startswith('    "')
        ]
        (self.tree / "requirements.txt").write_text("\n".join(lines) + "\n")
