"""``--log-json``: events as lines for a program."""

from __future__ import annotations

import json

from tests.shop import Shop


def test_events_are_lines_for_a_program(shop: Shop) -> None:
    done = shop.spawn("lock", "--log-json")
    events = [json.loads(line) for line in done.err.splitlines()]
    assert done.out == ""
    assert events[0] | {"seconds": 0} == {"event": "started", "seconds": 0, "phase": "resolve", "total": None}
    assert {"flask 3.1", "safe 2.1"} <= {event["item"] for event in events if event["event"] == "advanced"}
    assert events[-1]["event"] == "finished"
    assert [event["seconds"] for event in events] == sorted(event["seconds"] for event in events)
    failed = shop.spawn("sync", "--group", "nope", code=2, INTERLOCK_LOG_JSON="1")
    (last,) = map(json.loads, failed.err.splitlines())
    assert (last["event"], last["error"]["code"]) == ("failed", "no-such-group")
    usage = shop.spawn("sync", "--nope", "--log-json", code=2)
    assert json.loads(usage.err)["error"]["code"] == "unknown-option"
