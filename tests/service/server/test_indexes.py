"""The indexes of a configuration as clients see them, through the service as people start it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.index_server import IndexServer
from tests.registry import registry
from tests.service.running import running_service

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}

IndexFactory = Callable[..., IndexServer]


def test_without_a_configuration_pypi_is_served_from_where_it_is_here(
    index: IndexFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = index(registry(lib={"1.0": [], "2.0": []}))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", upstream.url)
    with running_service(tmp_path / "data") as service:
        service.started()
        with service.client() as client:
            page = client.get("/simple/pypi/lib/", headers=JSON).json()
            assert page["versions"] == ["1.0", "2.0"]
            assert client.get("/simple/other/lib/", headers=JSON).status_code == 404
        with service.client("") as client:
            assert client.get("/simple/pypi/lib/").status_code == 401
        assert service.end() == 0


def test_pip_installs_through_the_service(index: IndexFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    upstream = index(registry(app={"1.0": ["lib>=1"]}, lib={"1.0": [], "2.0": []}))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", upstream.url)
    with running_service(tmp_path / "data") as service:
        service.started()
        address = f"{service.url.replace('://', f'://anybody:{service.token}@')}/simple/pypi/"
        line = [sys.executable, "-m", "pip", "install", "--no-input", "--disable-pip-version-check", "--no-cache-dir"]
        target = tmp_path / "target"
        done = subprocess.run(
            [*line, "--target", str(target), "--index-url", address, "app"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert {path.name for path in target.glob("*.dist-info")} == {"app-1.0.dist-info", "lib-2.0.dist-info"}
        assert service.token.rpartition("_")[2] not in json.dumps(service.events)


def test_indexes_are_for_the_tokens_that_are_named_and_reserved_names_for_one_index(
    index: IndexFactory, tmp_path: Path
) -> None:
    public = index(registry(lib={"1.0": []}, **{"acme-web": {"9.9": []}}))
    private = index(registry(lib={"3.0": []}, **{"acme-web": {"1.0": []}}), credentials=("svc", "secret"))
    (tmp_path / "password").write_text("secret\n")
    file = tmp_path / "service.toml"
    file.write_text(
        f"""
        [[index]]
        name = "public"
        url = "{public.url}"
        [[index]]
        name = "company"
        url = "{private.url}"
        username = "svc"
        password-file = "password"
        reserved = ["acme-*"]
        tokens = ["team"]
        [[index]]
        name = "all"
        includes = ["company", "public"]
        tokens = ["team"]
        """
    )
    with running_service(tmp_path / "data", "--config", str(file)) as service:
        service.started()
        team, guest = (service.make_token("--name", name, "--scope", "read") for name in ("team", "guest"))

        def versions(token: str, path: str) -> object:
            with service.client(token) as client:
                answer = client.get(f"/simple/{path}/", headers=JSON)
                return answer.json()["versions"] if answer.status_code == 200 else answer.status_code

        assert versions(team, "company/acme-web") == ["1.0"]
        assert versions(team, "all/acme-web") == ["1.0"]
        assert versions(team, "all/lib") == ["3.0"]
        assert versions(guest, "public/lib") == ["1.0"]
        # A reserved name is for its own index alone, and says nothing to anybody else.
        assert versions(team, "public/acme-web") == versions(guest, "public/acme-web") == 403
        assert versions(guest, "public/acme-none") == 403
        # What one may not use does not exist.
        assert versions(guest, "company/lib") == versions(guest, "none/lib") == 404
        assert not [request for request in public.requests if "acme" in request.path]
        assert "secret" not in json.dumps(service.events)


def test_packages_are_uploaded_to_an_index_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text('[[index]]\nname = "own"\nuploads = true\nreserved = ["acme-*"]\n')
    wheel = registry(**{"acme-web": {"1.0": []}}).find("acme_web-1.0-py3-none-any.whl")
    assert wheel is not None
    with running_service(tmp_path / "data", "--config", str(file)) as service:
        service.started()
        form = {":action": "file_upload", "name": "acme-web", "version": "1.0", "protocol_version": "1"}
        files = {"content": ("acme_web-1.0-py3-none-any.whl", wheel.built.data)}
        with service.client(service.make_token("--scope", "read")) as client:
            assert client.post("/upload/own", data=form, files=files).status_code == 403
        with service.client(service.make_token("--scope", "read,publish")) as client:
            assert client.post("/upload/own", data=form, files=files).status_code == 200
            assert client.get("/simple/own/acme-web/", headers=JSON).json()["versions"] == ["1.0"]


def test_offline_it_answers_from_what_it_has_and_asks_nobody(
    index: IndexFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstream = index(registry(lib={"1.0": []}, other={"1.0": []}))
    monkeypatch.setenv("INTERLOCK_DEFAULT_INDEX", upstream.url)
    with running_service(tmp_path / "data") as service:
        token = service.started().token
        with service.client() as client:
            assert client.get("/simple/pypi/lib/", headers=JSON).status_code == 200
        assert service.end() == 0
    asked = len(upstream.requests)
    with running_service(tmp_path / "data", "--offline") as service:
        service.started()
        with service.client(token) as client:
            assert client.get("/simple/pypi/lib/", headers=JSON).json()["versions"] == ["1.0"]
            assert client.get("/simple/pypi/other/", headers=JSON).status_code >= 400
        assert service.end() == 0
    assert len(upstream.requests) == asked
