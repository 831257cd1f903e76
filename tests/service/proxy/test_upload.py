"""Packages of one's own: uploaded once and for ever, and served like any other."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from interlock.service.proxy.options import ProxiedIndex, ProxyOptions
from tests.conftest import IndexFactory
from tests.processes import program
from tests.registry import registry
from tests.service.proxy.served import JSON, Served, origin
from tests.service.running import running_service
from tests.wheels import Built, make_sdist, make_wheel

Serve = Callable[..., Served]


@pytest.fixture
def own(serve: Serve, tmp_path: Path) -> Served:
    index = ProxiedIndex(name="main", takes_uploads=True)
    return serve(options=ProxyOptions(indexes=(index,), own_packages=tmp_path / "own", upload_size=4 << 20))


def upload(served: Served, built: Built, index: str = "main", **fields: str) -> httpx.Response:
    form = {":action": "file_upload", "protocol_version": "1", "name": built.name, "version": built.version, **fields}
    files = {"content": (built.filename, built.data)}
    return httpx.post(f"{served.root}/upload/{index}", data=form, files=files, timeout=20)


def nothing_left(tmp_path: Path) -> bool:
    return not list((tmp_path / "own" / ".arriving").iterdir())


def test_what_is_uploaded_is_served(own: Served, tmp_path: Path) -> None:
    wheel = make_wheel("acme.Web", "1.0", requires=["b>=2"], requires_python=">=3.9")
    sdist = make_sdist("acme.Web", "1.0", requires=["b>=2"])
    for built in (wheel, sdist):
        sha256 = hashlib.sha256(built.data).hexdigest()
        blake = hashlib.blake2b(built.data, digest_size=32).hexdigest()
        assert upload(own, built, sha256_digest=sha256, blake2_256_digest=blake).status_code == 200
    page = own.page("acme-web").json()
    assert page["versions"] == ["1.0"]
    by_name = {file["filename"]: file for file in page["files"]}
    entry = by_name[wheel.filename]
    assert entry["hashes"] == {"sha256": wheel.sha256}
    assert entry["size"] == len(wheel.data)
    assert entry["requires-python"] == ">=3.9"
    assert entry["core-metadata"] == {"sha256": hashlib.sha256(wheel.metadata).hexdigest()}
    assert entry["upload-time"].startswith("2027-01-15T08:00:00")
    assert "core-metadata" not in by_name[sdist.filename]
    path = entry["url"].removeprefix("../../..")
    assert own.get(path).content == wheel.data
    assert own.get(path + ".metadata").content == wheel.metadata
    assert own.get(path, range="bytes=0-9").content == wheel.data[:10]
    assert own.get("/simple/main/").json()["projects"] == [{"name": "acme-web"}]
    assert nothing_left(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_tag_of_a_page_is_known_to_the_next_process(tmp_path: Path) -> None:
    """Each process has a seed of its own for the hashes of Python, and a tag must hang on none."""
    (tmp_path / "service.toml").write_text('[[index]]\nname = "own"\nuploads = true\n')
    form = {":action": "file_upload", "protocol_version": "1", "name": "a"}
    token = ""
    tags: list[list[str]] = []
    for _ in range(2):
        with running_service(tmp_path / "data", "--config", str(tmp_path / "service.toml")) as service:
            service.started()
            token = token or service.make_token("--scope", "read,publish")
            with service.client(token) as client:
                for version in () if tags else ("1.0", "2.0", "10.0"):
                    built = make_wheel("a", version)
                    sent = {"content": (built.filename, built.data)}
                    answer = client.post("/upload/own", data={**form, "version": version}, files=sent)
                    assert answer.status_code == 200
                found = []
                for accept in (JSON, "text/html"):
                    page = client.get("/simple/own/a/", headers={"Accept": accept})
                    found.append(page.headers["etag"])
                    if tags:
                        told = {"Accept": accept, "If-None-Match": tags[0][len(found) - 1]}
                        assert client.get("/simple/own/a/", headers=told).status_code == 304
                tags.append(found)
            assert service.end() == 0
    assert tags[0] == tags[1]


def test_a_published_file_never_changes(own: Served, tmp_path: Path) -> None:
    first, other = make_wheel("a", "1.0"), make_wheel("a", "1.0", summary="built again")
    assert upload(own, first).status_code == 200
    assert upload(own, first).status_code == 200
    refused = upload(own, other)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "file-already-there")
    assert own.get(own.file("a")).content == first.data
    assert nothing_left(tmp_path)


def test_of_many_uploads_at_once_one_counts(own: Served, tmp_path: Path) -> None:
    many = [make_wheel("a", "1.0", summary=f"build {number}") for number in range(12)]
    ready = threading.Barrier(len(many))

    def send(built: Built) -> tuple[int, bytes]:
        ready.wait()
        return upload(own, built).status_code, built.data

    with ThreadPoolExecutor(len(many)) as pool:
        done = list(pool.map(send, many))
    won = [data for status, data in done if status == 200]
    assert len(won) == 1
    assert {status for status, _ in done} == {200, 409}
    assert own.get(own.file("a")).content == won[0]
    assert nothing_left(tmp_path)


def test_twine_uploads(own: Served, tmp_path: Path) -> None:
    built = [make_wheel("acme", "1.0"), make_sdist("acme", "1.0")]
    for each in built:
        (tmp_path / each.filename).write_bytes(each.data)
    files = [str(tmp_path / each.filename) for each in built]
    command = [sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar"]
    command += ["--repository-url", f"{own.root}/upload/main", "-u", "ann", "-p", "secret"]
    for _ in range(2):
        done = subprocess.run([*command, *files], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(own.page("acme").json()["files"]) == 2


def test_interlock_publishes(own: Served, tmp_path: Path) -> None:
    project = tmp_path / "acme"
    (project / "dist").mkdir(parents=True)
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "acme"\nversion = "1.0"\n'
    )
    for built in (make_wheel("acme", "1.0"), make_sdist("acme", "1.0")):
        (project / "dist" / built.filename).write_bytes(built.data)
    command = [
        *program(),
        "publish",
        "--cache-dir",
        str(tmp_path / "cache"),
        "--publish-url",
        f"{own.root}/upload/main",
    ]
    command += ["--check-url", own.simple(), "-u", "ann", "-p", "secret", "--json"]
    for _ in range(2):
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    assert len(own.page("acme").json()["files"]) == 2


def test_own_packages_stand_beside_those_of_an_origin(index: IndexFactory, serve: Serve, tmp_path: Path) -> None:
    server = index(registry({"b": {"1.0": []}, "acme-web": {"9.0": []}}))
    mixed = ProxiedIndex(name="main", origins=(origin(server),), takes_uploads=True, own_names=("acme-*",))
    served = serve(options=ProxyOptions(indexes=(mixed,), own_packages=tmp_path / "own"))
    assert served.page("acme-web").status_code == 404
    assert upload(served, make_wheel("acme-web", "1.0")).status_code == 200
    assert served.page("acme-web").json()["versions"] == ["1.0"]
    assert served.page("b").json()["versions"] == ["1.0"]
    refused = upload(served, make_wheel("b", "2.0"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad-upload")
    assert "acme-*" in refused.json()["error"]["message"]
    assert served.page("b").json()["versions"] == ["1.0"]
    assert served.get("/simple/main/").json()["projects"] == [{"name": "acme-web"}, {"name": "b"}]
    assert server.paths("acme") == []


def test_an_index_without_uploads_takes_none(index: IndexFactory, serve: Serve) -> None:
    served = serve(index(registry(a={"1.0": []})))
    assert upload(served, make_wheel("a", "2.0")).status_code == 400
    assert upload(served, make_wheel("a", "2.0"), index="other").status_code == 404


def form(*parts: tuple[str, bytes], boundary: str = "b") -> bytes:
    return b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + body + b"\r\n" for head, body in parts) + (
        f"--{boundary}--\r\n".encode()
    )


def field(name: str, value: str) -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="{name}"', value.encode()


def content(filename: str, data: bytes) -> tuple[str, bytes]:
    return f'Content-Disposition: form-data; name="content"; filename="{filename}"', data


ACTION, NAME = field(":action", "file_upload"), field("name", "a")
WHEEL = make_wheel("a", "1.0")
GOOD = content(WHEEL.filename, WHEEL.data)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="nothing"),
        pytest.param(b"x" * 100, 400, id="no form"),
        pytest.param(form(ACTION, NAME), 400, id="no file"),
        pytest.param(form(NAME, GOOD), 400, id="no action"),
        pytest.param(form(ACTION, GOOD), 400, id="no name"),
        pytest.param(form(ACTION, NAME, GOOD)[:-40], 400, id="cut"),
        pytest.param(form(ACTION, NAME, GOOD, GOOD), 400, id="two files"),
        pytest.param(form(ACTION, NAME, content("../../etc/a-1.0-py3-none-any.whl", WHEEL.data)), 400, id="path"),
        pytest.param(form(ACTION, NAME, content("a-1.0.exe", b"MZ")), 400, id="kind"),
        pytest.param(form(ACTION, NAME, content("a\0-1.0.tar.gz", b"")), 400, id="nul"),
        pytest.param(form(ACTION, NAME, content("a" * 300 + "-1.0.tar.gz", b"")), 400, id="long name"),
        pytest.param(form(ACTION, NAME, content(WHEEL.filename, b"no zip")), 400, id="no wheel"),
        pytest.param(form(ACTION, NAME, content("a-1.0.tar.gz", b"no tar")), 400, id="no sdist"),
        pytest.param(form(ACTION, NAME, content("a-2.0-py3-none-any.whl", WHEEL.data)), 400, id="version"),
        pytest.param(form(ACTION, field("name", "b"), GOOD), 400, id="another project"),
        pytest.param(form(ACTION, field("name", "../b"), GOOD), 400, id="no project"),
        pytest.param(form(ACTION, NAME, field("version", "3"), GOOD), 400, id="another version"),
        pytest.param(form(ACTION, NAME, field("sha256_digest", "0" * 64), GOOD), 400, id="sha256"),
        pytest.param(form(ACTION, NAME, field("md5_digest", "0" * 32), GOOD), 400, id="md5"),
        pytest.param(form(ACTION, NAME, field("description", "x" * (2 << 20)), GOOD), 400, id="long field"),
        pytest.param(form(ACTION, NAME, *[field("c", "")] * 2000, GOOD), 400, id="many fields"),
        pytest.param(form(ACTION, NAME, content(WHEEL.filename, b"\0" * (5 << 20))), 413, id="large"),
        pytest.param(form((f"X: {'y' * (2 << 20)}", b"")), 400, id="long header"),
    ],
)
def test_what_is_no_upload_is_refused_and_leaves_nothing(own: Served, tmp_path: Path, body: bytes, status: int) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{own.root}/upload/main", content=body, headers=headers, timeout=20)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] in {"bad-upload", "upload-too-large"}
    assert nothing_left(tmp_path)
    assert own.page("a").status_code == 404


@pytest.mark.parametrize("kind", ["", "text/plain", "multipart/form-data", "multipart/mixed; boundary=b"])
def test_what_is_sent_as_something_else_is_no_upload(own: Served, kind: str) -> None:
    body = form(ACTION, NAME, GOOD)
    answer = httpx.post(f"{own.root}/upload/main", content=body, headers={"content-type": kind} if kind else {})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "bad-upload")
