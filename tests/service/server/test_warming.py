"""`interlock serve warm`: a folder is filled, also while its service runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Result
from tests.conftest import IndexFactory
from tests.processes import program
from tests.registry import registry
from tests.service.running import running_service

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def command(*arguments: str | Path) -> Result:
    line = [*program(), *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def test_what_a_lock_names_is_fetched_before_anybody_asks(index: IndexFactory, tmp_path: Path) -> None:
    server = index(registry({"a": {"1.0": ["b"]}, "b": {"1.0": []}}))
    data, project, config = tmp_path / "data", tmp_path / "project", tmp_path / "service.toml"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        '[project]\nname = "top"\nversion = "0"\nrequires-python = ">=3.11"\ndependencies = ["a"]\n'
        f'[[tool.interlock.index]]\nname = "main"\nurl = "{server.url}"\ndefault = true\n'
    )
    assert command("-C", project, "lock", "--cache-dir", tmp_path / "cache").code == 0
    config.write_text(f'[[index]]\nname = "main"\nurl = "{server.url}"\n')
    with running_service(data, "--config", str(config)) as service:
        service.started()
        lock = project / "interlock.lock"
        for expected in ({"fetched": 2, "there": 0, "missing": []}, {"fetched": 0, "there": 2, "missing": []}):
            answer = command("serve", "warm", "--lock", lock, "--data", data, "--config", config, "--json")
            assert (answer.code, json.loads(answer.out)) == (0, expected)
        server.forget()
        with service.client(service.make_token("--scope", "read")) as client:
            page = client.get("/simple/main/a/", headers={"accept": "application/vnd.pypi.simple.v1+json"})
            path = str(page.url.join(page.json()["files"][0]["url"]))
            assert client.get(path).status_code == 200
            assert client.get(path + ".metadata").status_code == 200
        assert server.paths("files") == []
        assert service.end() == 0
    answer = command("serve", "warm", "--lock", project / "interlock.lock", "--data", data, "--offline")
    assert answer.code == 1
    assert "no index of this name is served" in answer.err
    for wrong, code in (("nowhere.lock", 1), ("pyproject.toml", 1), ("", 2)):
        arguments = ["--lock", str(project / wrong)] if wrong else []
        assert command("serve", "warm", "--data", data, *arguments).code == code
