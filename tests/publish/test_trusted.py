"""Trusted publishing with an issuer and a mint endpoint on loopback, and what must be installed for it."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.publish.conftest import Shop
from tests.publish.loopback_index import Proxy
from tests.publish.test_publish import posts

AUDIENCE = "loopback-index"


def jwt(audience: str) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part({'alg': 'none'})}.{part({'aud': audience})}.{part('signature')}"


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A CI that vouches for us; the audiences it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: Any) -> None:
            pass

        def do_GET(self) -> None:
            audience = self.path.rpartition("audience=")[2]
            asked.append(audience)
            allowed = self.headers["authorization"] == "bearer runner"
            body = json.dumps({"value": jwt(audience)}).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "runner")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"http://127.0.0.1:{server.server_address[1]}/token?x=1")
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


def offer(proxy: Proxy, *, status: int = 200, answer: object = None) -> None:
    proxy.answers["/_/oidc/audience"] = (200, json.dumps({"audience": AUDIENCE}).encode())
    proxy.answers["/_/oidc/mint-token"] = (status, json.dumps(answer or {"token": "minted"}).encode())


def test_a_token_is_minted_for_the_identity_of_the_ci(run: Run, shop: Shop, proxy: Proxy, issuer: list[str]) -> None:
    offer(proxy)
    result = run("publish", "--package", "core")
    assert result.code == 0, result.err
    assert issuer == [AUDIENCE], "asked once, for whom the index says"
    assert posts(proxy) == ["Basic " + base64.b64encode(b"__token__:minted").decode()] * 2


def test_a_given_token_is_used_instead(run: Run, shop: Shop, proxy: Proxy, issuer: list[str]) -> None:
    offer(proxy)
    assert run("publish", "--package", "core", "--token", "own").code == 0
    assert issuer == []


def test_a_refusal_says_why(run: Run, shop: Shop, proxy: Proxy, issuer: list[str]) -> None:
    offer(proxy, status=422, answer={"message": "no", "errors": [{"description": "unknown publisher"}]})
    error = run("publish", "--package", "core", "--json").json()["error"]
    assert (error["code"], "unknown publisher" in error["message"]) == ("trusted-publishing", True)
    assert proxy.uploads == []


def test_required_and_no_ci_is_an_error(run: Run, shop: Shop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "BUILDKITE", "CIRCLECI"):
        monkeypatch.delenv(name, raising=False)
    offer(proxy)
    error = run("publish", "--package", "core", "--trusted-publishing", "always", "--json").json()["error"]
    assert error["code"] == "trusted-publishing"
    assert run("publish", "--package", "core").code == 0, "not asked for where nobody vouches"


def test_who_cannot_sign_is_told_before_anything_is_sent(run: Run, shop: Shop, proxy: Proxy) -> None:
    error = run("publish", "--all-packages", "--attest", "--json").json()["error"]
    # With the extra installed it is the identity that is missing.
    assert error["code"] in {"publisher-missing", "trusted-publishing"}
    assert proxy.uploads == []


def test_a_variable_that_says_something_else_is_refused(
    run: Run, shop: Shop, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INTERLOCK_TRUSTED_PUBLISHING", "sometimes")
    result = run("publish")
    assert result.code == 2
    assert "INTERLOCK_TRUSTED_PUBLISHING is `sometimes`" in result.err
    assert "automatic, always, never" in result.err
