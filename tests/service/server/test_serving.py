"""`interlock serve` in a process of its own: how it begins, what it tells, how it ends."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from tests.certificates import make_certificates
from tests.cli.conftest import Result
from tests.processes import program
from tests.service.running import running_service

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


def command(*arguments: str | Path) -> Result:
    line = [*program(), *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    return Result(done.returncode, done.stdout, done.stderr)


def test_without_a_configuration_it_makes_a_token_and_writes_two_lines(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_service(data) as service:
        service.started()
        assert service.url.startswith("http://127.0.0.1:")
        assert (data / "token").read_text().strip() == service.token
        assert stat.S_IMODE((data / "token").stat().st_mode) == 0o600
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        with service.client() as client:
            assert client.get("/live").text == "live\n"
            assert client.get("/ready").text == "ready\n"
            # The token is one for reading and locking.
            assert client.get("/metrics").status_code == 403
        assert service.event("listening")["indexes"] == ["pypi"]
        assert service.end() == 0


def test_the_second_time_the_token_is_not_shown_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_service(data) as service:
        token = service.started().token
        service.end()
    with running_service(data) as service:
        service.started()
        assert service.token == f"$(cat '{data / 'token'}')"
        with service.client(token) as client:
            assert client.get("/not/there").status_code == 404
        assert token.rpartition("_")[2] not in json.dumps(service.events)


def test_a_token_that_is_made_while_it_runs_counts_at_once_and_none_once_it_is_revoked(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        service.started()
        token = service.make_token("--scope", "admin,read", "--name", "ops")
        with service.client(token) as client:
            assert client.get("/metrics").status_code == 200
            listed = json.loads(command("serve", "token", "list", "--json", "--data", service.data).out)["tokens"]
            (ours,) = [one for one in listed if one["name"] == "ops"]
            assert (ours["scopes"], ours["valid"], ours["indexes"]) == (["admin", "read"], True, None)
            assert command("serve", "token", "revoke", ours["id"], "--data", service.data).code == 0
            assert client.get("/metrics").status_code == 401


def test_a_data_folder_is_for_one_server(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        service.started()
        second = command("serve", "--data", tmp_path / "data")
        assert second.code == 1
        assert f"process {service.process.pid}" in second.err
        assert "error[data-folder-in-use]" in second.err


def test_a_place_that_is_taken_is_named(tmp_path: Path) -> None:
    with running_service(tmp_path / "one") as service:
        place = service.started().url.removeprefix("http://")
        second = command("serve", "--data", tmp_path / "two", "--listen", place)
        assert (second.code, second.out) == (1, "")
        assert f"cannot listen on {place}: address already in use" in second.err


@pytest.mark.parametrize("text", ["80", "host:99999", "http://x:1", "unix:", ""])
def test_a_place_that_is_none_is_a_mistake(tmp_path: Path, text: str) -> None:
    answer = command("serve", "--data", tmp_path / "data", f"--listen={text or ' '}")
    assert answer.code == 2
    assert "error[bad-listen]" in answer.err
    assert not (tmp_path / "data").exists()


def test_it_listens_on_a_unix_socket_and_takes_the_place_of_one_that_was_killed(tmp_path: Path) -> None:
    place = tmp_path / "socket"
    for _ in range(2):
        with running_service(tmp_path / "data", "--listen", f"unix:{place}") as service:
            service.started()
            transport = httpx.HTTPTransport(uds=str(place))
            with httpx.Client(transport=transport, base_url="http://service.test") as client:
                assert client.get("/live").text == "live\n"
            assert stat.S_IMODE(place.stat().st_mode) == 0o660
            service.send(signal.SIGKILL)
            service.process.wait(timeout=20)
        assert place.exists()
    with running_service(tmp_path / "data", "--listen", f"unix:{place}") as service:
        service.started()
        assert service.end() == 0
    assert not place.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "precious"
    place.write_text("mine")
    answer = command("serve", "--data", tmp_path / "data", "--listen", f"unix:{place}")
    assert answer.code == 1
    assert place.read_text() == "mine"


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("x")
    answer = command("serve", "--data", tmp_path)
    assert answer.code == 1
    assert "it holds something else (`thesis.tex`)" in answer.err
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_the_configuration_is_read_again_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    digest = hashlib.sha256(b"secret of ci").hexdigest()
    file.write_text(f'[[token]]\nname = "ci"\nsha256 = "{digest}"\nscopes = ["admin"]\n')
    with running_service(tmp_path / "data", "--config", str(file)) as service:
        service.started()
        assert not (tmp_path / "data" / "token").exists()
        with service.client("secret of ci") as client:
            assert client.get("/metrics").status_code == 200
            file.write_text("[[token]\n")
            service.send(signal.SIGHUP)
            assert f"{file}:1" in service.event("not-reloaded")["message"]
            assert client.get("/metrics").status_code == 200
            file.write_text("")
            service.send(signal.SIGHUP)
            service.event("reloaded")
            assert client.get("/metrics").status_code == 401
        assert service.end() == 0


def test_many_clients_at_once_are_all_answered(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        service.started()
        codes: list[int] = []

        def ask() -> None:
            with service.client() as client:
                codes.extend(client.get("/not/there").status_code for _ in range(20))

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert codes == [404] * 160
        assert service.end() == 0


def test_without_the_extra_it_says_what_to_install(tmp_path: Path) -> None:
    # An interpreter to which nothing of the extra is known.
    code = (
        "import sys\nsys.modules['starlette'] = None\nfrom interlock.cli.main import main\n"
        f"sys.exit(main(['serve', '--data', {str(tmp_path / 'data')!r}]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "error[serve-extra-missing]" in done.stderr
    assert "pip install interlock[serve]" in done.stderr
    assert not (tmp_path / "data").exists()


def test_a_copy_of_the_folder_that_is_made_while_it_runs_is_a_backup(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        token = service.started().token
        other = service.make_token("--scope", "admin")
        shutil.copytree(tmp_path / "data", tmp_path / "backup")
        late = service.make_token("--scope", "admin")
        service.send(signal.SIGKILL)
        service.process.wait(timeout=20)
    with running_service(tmp_path / "backup") as service:
        service.started()
        for text, status in ((token, 403), (other, 200), (late, 401)):
            with service.client(text) as client:
                assert client.get("/metrics").status_code == status
        assert service.end() == 0


def test_what_is_kept_is_dropped_also_while_it_runs(tmp_path: Path) -> None:
    with running_service(tmp_path / "data") as service:
        service.started()
        entry = tmp_path / "data" / "store" / "files-v1" / "ab" / "abcd"
        entry.parent.mkdir(parents=True)
        entry.write_bytes(b"x" * 1000)
        answer = command("serve", "gc", "--data", tmp_path / "data", "--json")
        assert json.loads(answer.out) == {"entries": 0, "bytes": 0, "kept": 1000}
        answer = command("serve", "gc", "--data", tmp_path / "data", "--max-bytes", "999", "--json")
        assert json.loads(answer.out) == {"entries": 1, "bytes": 1000, "kept": 0}
        assert not entry.exists()
        assert service.end() == 0


def test_it_speaks_tls_with_the_certificate_of_its_configuration(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    file = tmp_path / "service.toml"
    file.write_text('[tls]\ncertificate = "leaf.pem"\nkey = "leaf.pem"\n')
    with running_service(tmp_path / "data", "--config", str(file)) as service:
        service.started()
        assert service.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(made / "ca" / "ca.pem"))
        with httpx.Client(base_url=service.url, verify=context, trust_env=False) as client:
            assert client.get("/live").text == "live\n"
        with httpx.Client(base_url=service.url, trust_env=False) as client, pytest.raises(httpx.ConnectError):
            client.get("/live")
        assert service.end() == 0


def test_for_programs_it_writes_one_document(tmp_path: Path) -> None:
    with running_service(tmp_path / "data", "--json") as service:
        document = service.document()
        assert list(document) == ["url", "data", "token", "token_file"]
        assert document["token"] == (tmp_path / "data" / "token").read_text().strip()
        service.url = document["url"]
        with service.client(document["token"]) as client:
            assert client.get("/live").text == "live\n"
        assert service.end() == 0
