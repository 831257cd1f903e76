"""``interlock publish`` against an index server on loopback."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.processes import running, wait_for
from tests.publish.conftest import Shop
from tests.publish.loopback_index import Proxy


def statuses(document: Any) -> dict[str, str]:
    return {found["name"]: found["status"] for found in document["members"]}


def in_order(uploads: list[str]) -> bool:
    """Whether no member came before one it needs."""
    place = {
        name: [number for number, file in enumerate(uploads) if file.startswith(f"{name}-")] for name in Shop.order
    }
    needs = [("core", "web"), ("web", "app"), ("data", "app")]
    return all(max(place[first], default=-1) < min(place[then], default=99) for first, then in needs)


def posts(proxy: Proxy) -> list[str | None]:
    """The credentials that came with each file."""
    return [
        headers.get("authorization")
        for method, _, headers in proxy.requests
        if method == "POST" and headers["content-type"].startswith("multipart/form-data")
    ]


def test_publishes_everything_once_and_dependencies_first(run: Run, shop: Shop, proxy: Proxy) -> None:
    result = run("publish", "--all-packages", "--json")
    assert result.code == 0, result.err
    assert set(statuses(result.json()).values()) == {"published"}
    assert proxy.index.files == shop.stems()
    assert in_order(proxy.uploads)
    assert proxy.uploads[0].endswith(".tar.gz")
    again = run("publish", "--all-packages", "--json")
    assert set(statuses(again.json()).values()) == {"present"}
    assert len(proxy.uploads) == 8


def test_what_was_published_installs_with_pip(run: Run, shop: Shop, proxy: Proxy, tmp_path: Path) -> None:
    assert run("publish", "--all-packages").code == 0
    command = [sys.executable, "-m", "pip", "install", "-q", "--target", str(tmp_path / "there"), "--isolated"]
    command += ["--index-url", proxy.index.simple_url, "--no-cache-dir", "--disable-pip-version-check", "app"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    code = "import app, core, data, web; print(app.NAME, core.NAME)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "there", capture_output=True, text=True, check=True
    )
    assert done.stdout == "app core\n"


@pytest.mark.parametrize("number", range(1, 9))
@pytest.mark.parametrize("fault", ["refuse", "drop"])
def test_interrupted_at_any_upload_and_resumed(run: Run, shop: Shop, proxy: Proxy, number: int, fault: str) -> None:
    proxy.faults[number] = fault
    first = run("publish", "--all-packages", "--json")
    assert first.code == 1
    failed = [name for name, status in statuses(first.json()).items() if status == "failed"]
    assert len(failed) == 1
    assert in_order(proxy.uploads)
    proxy.faults.clear()
    second = run("publish", "--all-packages", "--resume", "--json")
    assert second.code == 0, second.err
    assert sorted(proxy.uploads) == shop.stems(), "each file arrived once"
    assert proxy.index.files == shop.stems()
    assert in_order(proxy.uploads)
    assert not (shop.dist / ".interlock-publish.json").exists()


@pytest.mark.parametrize("number", range(1, 9))
def test_a_state_file_resumes_where_the_index_cannot_be_asked(run: Run, shop: Shop, proxy: Proxy, number: int) -> None:
    proxy.faults[number] = "refuse"
    assert run("publish", "--all-packages", "--check-url", "").code == 1
    proxy.faults.clear()
    arrived = list(proxy.uploads)
    state = shop.dist / ".interlock-publish.json"
    assert sorted(json.loads(state.read_text())["files"] if arrived else []) == sorted(arrived)
    assert run("publish", "--all-packages", "--check-url", "", "--resume").code == 0
    assert sorted(proxy.uploads) == shop.stems()
    assert not state.exists()


def test_a_file_that_cannot_be_compared_is_not_called_another_one(run: Run, shop: Shop, proxy: Proxy) -> None:
    assert run("publish", "--package", "core").code == 0
    (shop.dist / ".interlock-publish.json").unlink(missing_ok=True)
    (member,) = run("publish", "--package", "core", "--check-url", "", "--json").json()["members"]
    assert member["error"]["code"] == "different-file-exists"
    assert "is not known" in member["error"]["message"]


def test_dependents_of_a_refused_member_are_held_back_and_others_go_on(run: Run, shop: Shop, proxy: Proxy) -> None:
    proxy.faults["core-1.0.tar.gz"] = "forbid"
    result = run("publish", "--all-packages", "--json")
    assert result.code == 1
    assert statuses(result.json()) == {"core": "failed", "data": "published", "web": "held-back", "app": "held-back"}
    errors = {found["name"]: found["error"] for found in result.json()["members"]}
    assert errors["core"]["code"] == "upload-unauthorized"
    assert (errors["app"]["code"], errors["app"]["facts"]["needs"]) == ("held-back", ["web"])


def test_an_answer_that_is_lost_does_not_upload_twice(run: Run, shop: Shop, proxy: Proxy) -> None:
    proxy.faults[3] = "lose"
    assert run("publish", "--all-packages").code == 0
    assert sorted(proxy.uploads) == shop.stems()


def test_a_busy_server_is_asked_again(run: Run, shop: Shop, proxy: Proxy) -> None:
    proxy.faults[2] = "busy"
    assert run("publish", "--all-packages").code == 0
    assert proxy.index.files == shop.stems()


def test_a_file_that_never_shows_holds_its_dependents_back(run: Run, shop: Shop, proxy: Proxy) -> None:
    proxy.faults["web-1.0.tar.gz"] = "hide"
    result = run("publish", "--all-packages", "--wait", "1", "--json")
    assert statuses(result.json()) == {"core": "published", "data": "published", "web": "failed", "app": "held-back"}
    assert next(m for m in result.json()["members"] if m["name"] == "web")["error"]["code"] == "upload-not-visible"


def test_a_different_file_by_the_same_name_stops_everything_before_it_begins(
    run: Run, shop: Shop, proxy: Proxy
) -> None:
    (proxy.index.folder / "web-1.0.tar.gz").write_bytes(b"something else")
    result = run("publish", "--all-packages", "--json")
    assert (result.code, result.json()["error"]["code"]) == (1, "different-file-exists")
    assert proxy.uploads == []
    allowed = run("publish", "--all-packages", "--skip-existing", "--json")
    assert allowed.code == 0, allowed.err
    assert "web-1.0.tar.gz" not in proxy.uploads


def test_a_redirect_is_an_error_that_says_where_to(run: Run, shop: Shop, proxy: Proxy) -> None:
    proxy.faults[1] = "moved"
    error = next(m["error"] for m in run("publish", "--package", "core", "--json").json()["members"])
    assert (error["code"], "elsewhere.test" in error["message"]) == ("upload-redirected", True)


def test_a_dry_run_sends_nothing(run: Run, shop: Shop, proxy: Proxy) -> None:
    result = run("publish", "--all-packages", "--dry-run")
    assert (result.code, proxy.uploads) == (0, [])
    assert next(line.split()[1] for line in result.out.splitlines()) == "core-1.0.tar.gz"
    assert len(result.out.splitlines()) == 8


def test_a_dry_run_says_what_is_there_already(run: Run, shop: Shop, proxy: Proxy) -> None:
    assert run("publish", "--package", "core").code == 0
    dry = run("publish", "--package", "core", "--package", "data", "--dry-run", "--json")
    assert statuses(dry.json()) == {"core": "present", "data": "planned"}
    said = run("publish", "--package", "core", "--package", "data", "--dry-run").err
    assert "Found 1 member, would publish 1 member (" in said


def test_unpublished_leaves_out_what_is_there(run: Run, shop: Shop, proxy: Proxy) -> None:
    assert run("publish", "--package", "core", "--package", "data").code == 0
    result = run("publish", "--unpublished", "--json").json()
    assert statuses(result) == {"web": "published", "app": "published"}
    assert result["left_out"] == {"core": "on the index already", "data": "on the index already"}


@pytest.mark.parametrize(
    ("user", "arguments", "environ"),
    [
        ("__token__:secret", ["--token", "secret"], {}),
        ("__token__:secret", [], {"INTERLOCK_PUBLISH_TOKEN": "secret"}),
        ("ann:secret", ["-u", "ann", "--password", "secret"], {}),
        ("ann:secret", [], {"INTERLOCK_PUBLISH_USERNAME": "ann", "INTERLOCK_PUBLISH_PASSWORD": "secret"}),
        ("ann:secret", ["-u", "ann"], {"INTERLOCK_PUBLISH_PASSWORD": "secret"}),
    ],
)
def test_credentials_come_from_flags_and_variables(
    run: Run,
    shop: Shop,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    user: str,
    arguments: list[str],
    environ: dict[str, str],
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    result = run("publish", "--package", "core", *arguments)
    assert result.code == 0, result.err
    assert posts(proxy)[0] == "Basic " + base64.b64encode(user.encode()).decode()
    assert "secret" not in result.out + result.err


@pytest.mark.parametrize("other", ["--username", "--password"])
@pytest.mark.parametrize("build", [[], ["--build"]])
def test_two_logins_are_refused_before_anything_is_looked_at(
    run: Run, shop: Shop, proxy: Proxy, other: str, build: list[str]
) -> None:
    shutil.rmtree(shop.dist)
    result = run("publish", "--package", "core", *build, "--token", "secret", other, "hidden")
    assert result.code == 2
    assert result.err.startswith("error[conflicting-login]: ")
    assert not {"secret", "hidden"} & set(result.err.split())
    assert not shop.dist.exists()
    assert not proxy.requests


def test_netrc_and_the_configured_index_give_credentials(
    run: Run, shop: Shop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login bob password hidden\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert run("publish", "--package", "core").code == 0
    manifest = shop.base / "pyproject.toml"
    manifest.write_text(
        manifest.read_text() + f'[[tool.interlock.index]]\nname = "company"\nurl = "{proxy.simple_url}"\n'
        f'publish-url = "{proxy.url}"\nexplicit = true\n'
    )
    monkeypatch.setenv("INTERLOCK_NO_INDEX", "0")
    monkeypatch.setenv("INTERLOCK_INDEX_COMPANY_USERNAME", "carol")
    monkeypatch.setenv("INTERLOCK_INDEX_COMPANY_PASSWORD", "x")
    assert run("publish", "--package", "data", "-r", "company").code == 0
    assert posts(proxy) == ["Basic Ym9iOmhpZGRlbg=="] * 2 + ["Basic Y2Fyb2w6eA=="] * 2


@pytest.mark.parametrize(
    ("netrc", "user", "variables", "sent"),
    [
        ("machine 127.0.0.1 login ann password a machine 127.0.0.1 login bob password b", "ann@", {}, "ann:a"),
        ("machine 127.0.0.1 login ann password a", "eve@", {}, "eve:"),
        ("machine 127.0.0.1 login ann password a", "", {"INTERLOCK_PUBLISH_USERNAME": "ann"}, "ann:a"),
        ("default login ann password a", "", {}, "ann:a"),
        ("default login ann password a", "ann@", {}, "ann:a"),
        ("default login ann password a", "bob:x@", {}, "bob:x"),
        ("machine other.test login o password p default login ann password a", "", {}, "ann:a"),
        ("machine 127.0.0.1 login ann password a", "bob@", {"INTERLOCK_PUBLISH_PASSWORD": "x"}, "bob:x"),
        ("", "bob:x@", {"INTERLOCK_PUBLISH_PASSWORD": "y"}, "__token__:y"),
    ],
)
def test_who_publishes_by_netrc_and_the_address(
    run: Run,
    shop: Shop,
    proxy: Proxy,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    netrc: str,
    user: str,
    variables: dict[str, str],
    sent: str,
) -> None:
    (tmp_path / "netrc").write_text(netrc)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("INTERLOCK_PUBLISH_URL", proxy.url.replace("://", f"://{user}"))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    result = run("publish", "--package", "core")
    assert posts(proxy)[0] == "Basic " + base64.b64encode(sent.encode()).decode(), result.err


def test_an_unknown_repository_is_an_error(run: Run, shop: Shop, proxy: Proxy) -> None:
    error = run("publish", "-r", "nowhere", "--json").json()["error"]
    assert (error["code"], "nowhere" in error["message"]) == ("unknown-repository", True)


def test_private_and_disabled_members_are_not_published(run: Run, shop: Shop, proxy: Proxy) -> None:
    manifests = {name: shop.base / "packages" / name / "pyproject.toml" for name in ("core", "data")}
    before = {name: path.read_text() for name, path in manifests.items()}
    manifests["core"].write_text(before["core"] + "[tool.interlock]\npublish = false\n")
    private = '[project]\nclassifiers = ["Private :: Do Not Upload"]\n'
    manifests["data"].write_text(before["data"].replace("[project]\n", private))
    result = run("publish", "--all-packages", "--json").json()
    assert result["left_out"] == {"core": "publish = false", "data": "Private :: Do Not Upload"}
    for name in manifests:
        error = run("publish", "--package", name, "--json").json()["error"]
        assert (error["code"], error["facts"]["reason"]) == ("not-publishable", result["left_out"][name])
    # What a file says counts, too.
    assert run("build", "--package", "data").code == 0
    manifests["data"].write_text(before["data"])
    error = run("publish", "--package", "data", "--json").json()["error"]
    assert (error["code"], "Private :: Do Not Upload" in error["message"]) == ("not-publishable", True)


def test_a_missing_build_is_told_for_every_member_and_build_makes_it(run: Run, shop: Shop, proxy: Proxy) -> None:
    for name in ("core", "web"):
        path = shop.base / "packages" / name / "pyproject.toml"
        path.write_text(path.read_text().replace('version = "1.0"', 'version = "2.0"'))
    error = run("publish", "--all-packages", "--json").json()["error"]
    assert (error["code"], len(error["facts"]["problems"])) == ("not-publishable", 2)
    assert proxy.uploads == []
    assert run("publish", "--all-packages", "--build").code == 0
    assert "core-2.0.tar.gz" in proxy.uploads
    assert "core-1.0.tar.gz" not in proxy.uploads


def attestation(path: Path) -> str:
    """What matters of an attestation: which file it is of."""
    subject = {"name": path.name, "digest": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}}
    statement = base64.b64encode(json.dumps({"subject": [subject]}).encode()).decode()
    return json.dumps({"version": 1, "envelope": {"statement": statement}})


def test_a_form_has_the_metadata_and_attestations(run: Run, shop: Shop, proxy: Proxy) -> None:
    beside = shop.dist / "web-1.0.tar.gz.publish.attestation"
    beside.write_text(attestation(shop.dist / "web-1.0.tar.gz"))
    assert run("publish", "--package", "web").code == 0
    sdist, wheel = (form.decode("utf-8", "replace") for form in proxy.forms)
    for name, value in (
        ("name", "web"),
        ("requires_dist", "core>=1.0"),
        ("filetype", "sdist"),
        ("pyversion", "source"),
    ):
        assert f'name="{name}"\r\n\r\n{value}\r\n' in sdist
    assert f'name="attestations"\r\n\r\n[{beside.read_text()}]\r\n' in sdist
    assert 'name="pyversion"\r\n\r\npy3\r\n' in wheel
    assert "attestations" not in wheel


def test_an_attestation_of_another_file_stops_everything(run: Run, shop: Shop, proxy: Proxy) -> None:
    beside = shop.dist / "web-1.0.tar.gz.publish.attestation"
    for text, words in (
        (attestation(shop.dist / "app-1.0.tar.gz"), "attests another file"),
        ("{}", "is not an attestation"),
    ):
        beside.write_text(text)
        error = run("publish", "--all-packages", "--json").json()["error"]
        assert (error["code"], words in error["message"]) == ("not-publishable", True)
    assert proxy.uploads == []
    assert run("publish", "--all-packages", "--no-attestations").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("number", range(1, 8))
def test_killed_after_any_upload_and_resumed(run: Run, shop: Shop, proxy: Proxy, number: int) -> None:
    with running("publish", "--all-packages") as process:
        wait_for(lambda: len(proxy.uploads) >= number, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    time.sleep(0.2)
    while proxy.under_way:
        time.sleep(0.02)
    assert run("publish", "--all-packages", "--resume").code == 0
    assert sorted(proxy.uploads) == shop.stems()
    assert in_order(proxy.uploads)


def test_a_member_that_is_needed_and_nowhere_is_warned_of(run: Run, shop: Shop, proxy: Proxy) -> None:
    alone = run("publish", "--package", "web")
    assert alone.code == 0
    assert "web 1.0 requires the member `core>=1.0`, which is not there" in alone.err
    assert run("publish", "--package", "core").code == 0
    assert "unpublished-dependency" not in run("publish", "--package", "web").err


def test_a_pin_that_nothing_there_is_or_comes_meets_is_refused(run: Run, shop: Shop, proxy: Proxy) -> None:
    manifest = shop.base / "packages/web/pyproject.toml"
    manifest.write_text(manifest.read_text().replace("'core'", "'core==0.9'"))
    assert "core==0.9" in manifest.read_text()
    assert run("build", "--package", "web").code == 0
    for asked in (["--package", "web"], ["--all-packages"]):
        error = run("publish", *asked, "--json").json()["error"]
        assert error["code"] == "not-publishable"
        assert "web 1.0 requires the member `core==0.9`, which is not there" in error["message"]
    assert proxy.uploads == []
    (proxy.index.folder / "core-0.9.tar.gz").write_bytes(b"an older one")
    assert run("publish", "--all-packages").code == 0


def test_a_range_of_pythons_that_a_needed_member_does_not_have_is_said(run: Run, shop: Shop, proxy: Proxy) -> None:
    assert "narrowed-python" not in run("publish", "--all-packages", "--dry-run").err
    manifest = shop.base / "packages/core/pyproject.toml"
    manifest.write_text(manifest.read_text().replace("[project]\n", '[project]\nrequires-python = ">=3.99"\n'))
    sources = "[tool.interlock.sources]\n" + "".join(f"{name} = {{ workspace = true }}\n" for name in shop.order)
    top = shop.base / "pyproject.toml"
    top.write_text(f"{top.read_text()}\n{sources}")
    said = run("publish", "--all-packages", "--dry-run").err
    assert "web says Python" in said
    assert "it can be installed on >=3.99 only" in said


@pytest.mark.parametrize(("fault", "code"), [("forbid", "upload-unauthorized"), ("moved", "upload-redirected")])
def test_who_may_not_upload_is_told_before_anything_is_sent(
    run: Run, shop: Shop, proxy: Proxy, fault: str, code: str
) -> None:
    proxy.faults[""] = fault
    for arguments in ([], ["--dry-run", "--token", "secret"]):
        result = run("publish", "--all-packages", "--json", *arguments)
        assert (result.code, result.json()["error"]["code"]) == (1, code)
    assert (proxy.uploads, posts(proxy)) == ([], [])
    # Without credentials a dry run has nothing to ask with.
    assert run("publish", "--all-packages", "--dry-run").code == 0


def test_a_project_that_takes_no_files_stops_everything(run: Run, shop: Shop, proxy: Proxy) -> None:
    page = {"meta": {"api-version": "1.4"}, "name": "web", "files": [], "project-status": {"status": "archived"}}
    proxy.answers["/simple/web/"] = (200, json.dumps(page).encode())
    error = run("publish", "--all-packages", "--json").json()["error"]
    assert error["code"] == "not-publishable"
    assert error["facts"]["problems"] == ["web 1.0: the index says that the project is archived"]
    assert proxy.uploads == []


def test_a_range_that_leaves_out_what_is_published_with_it_is_warned_of(
    run: Run, shop: Shop, proxy: Proxy, tmp_path: Path
) -> None:
    manifest = shop.base / "packages" / "web" / "pyproject.toml"
    manifest.write_text(manifest.read_text().replace("['core']", "['core<1']"))
    assert run("build", "--package", "web", "-o", shop.dist).code == 0
    result = run("publish", "--all-packages", "--dry-run")
    assert "web 1.0 requires the member `core<1`, which is not there" in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_a_keyring_gives_what_is_not_said(
    run: Run, shop: Shop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "bin" / "keyring"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nif [ "$1" = get ]; then echo "of $3"; else printf "dora\\nhidden\\n"; fi\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("INTERLOCK_KEYRING_PROVIDER", "subprocess")
    assert run("publish", "--package", "core").code == 0
    assert run("publish", "--package", "data", "-u", "ann").code == 0
    logins = [base64.b64decode(sent.removeprefix("Basic ")).decode() for sent in posts(proxy) if sent]
    assert logins == ["dora:hidden"] * 2 + ["ann:of ann"] * 2


def test_a_refusal_says_what_was_shown(run: Run, shop: Shop, proxy: Proxy) -> None:
    proxy.faults["core-1.0.tar.gz"] = "forbid"
    assert "refuses an upload without credentials for core-1.0.tar.gz" in run("publish", "--package", "core").err
    with_token = run("publish", "--package", "core", "--token", "secret").err
    assert "refuses the credentials from " in with_token and "secret" not in with_token
