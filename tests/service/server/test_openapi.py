"""The document of the interface says what there is, and all of it."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.routing import Route

from interlock.service.protocol import Envelope
from interlock.service.server.app import ROOMS
from interlock.service.server.openapi import OPERATIONS, LockEnvelope, openapi_document
from interlock.service.state.scopes import Scope
from tests.service.server.conftest import Serve


async def test_every_route_is_an_operation_and_every_operation_a_route(serve: Serve) -> None:
    service = await serve()
    there = {
        (method, route.path)
        for room in ROOMS
        for route in room(service.state)
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert {(one.method, one.path) for one in OPERATIONS} == there


async def test_an_operation_asks_for_the_scope_that_is_said(serve: Serve) -> None:
    service = await serve()
    for one in OPERATIONS:
        path = one.path.replace("{", "").replace("}", "")
        others = service.bearer(*(scope for scope in Scope if scope is not one.scope))
        answer = await service.client.request(one.method, path, headers=others)
        refused = answer.status_code == 403 and answer.json()["error"]["code"] == "scope-missing"
        assert refused == (one.scope is not None), one
        if one.scope is not None:
            assert answer.json()["error"]["facts"]["scope"] == one.scope
        nobody = await service.client.request(one.method, path)
        assert (nobody.status_code == 401) == (not one.is_open), one


async def test_an_address_that_does_not_take_a_method_tells_all_that_it_takes(serve: Serve) -> None:
    """RFC 9110, 15.5.6: also where each method has a route of its own."""
    service = await serve()
    there: dict[str, set[str]] = {}
    for one in OPERATIONS:
        there.setdefault(one.path, set()).add(one.method)
    for path, methods in there.items():
        answer = await service.client.request(
            "OPTIONS", path.replace("{", "").replace("}", ""), headers=service.bearer()
        )
        assert answer.status_code == 405, path
        allowed = answer.headers["allow"].split(", ")
        assert allowed == sorted(allowed)
        assert methods <= set(allowed), path
        for method in allowed:
            taken = await service.client.request(method, answer.request.url, headers=service.bearer())
            assert taken.status_code != 405, (method, path)


async def test_who_has_a_token_may_read_it(serve: Serve) -> None:
    service = await serve()
    answer = await service.client.get("/openapi.json", headers=service.bearer())
    assert answer.json() == msgspec.json.decode(msgspec.json.encode(openapi_document()))


def test_references_lead_somewhere() -> None:
    document = openapi_document()
    known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    found = set(_references(document))
    assert found
    assert found <= known


def test_the_envelope_is_the_one_that_is_read() -> None:
    assert LockEnvelope.__struct_fields__ == Envelope.__struct_fields__


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        inner = [found for one in value.values() for found in _references(one)]
        return inner + ([value["$ref"]] if isinstance(value.get("$ref"), str) else [])
    return [found for one in value for found in _references(one)] if isinstance(value, list) else []
