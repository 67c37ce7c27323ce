"""A key that is limited to services sees, silences and acknowledges alerts of these alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx
import pytest

from logboom.grouping import GROUPS
from logboom.store import Document
from search_api.alerts.alert import AlertState, moment_of
from search_api.alerts.keeping import write_details
from tests.unit.search_api.access.conftest import SERVICES, Api, document
from tests.unit.search_api.notifying.stage import ended
from tests.unit.search_api.notifying.timeline import START, alert

OF_SHOP, OF_BANK, OF_ALL = "a" * 24, "b" * 24, "c" * 24


@pytest.fixture
async def limited(api: Api) -> dict[str, str]:
    await write_details(
        api.memory,
        [
            ended(alert(OF_SHOP, alertname="Ours", service__name="shop-cart"), START),
            ended(alert(OF_BANK, alertname="Theirs", service__name="bank"), START),
            ended(alert(OF_ALL, alertname="Everybodys"), START),
        ],
    )
    return {"Authorization": f"Bearer {await api.key('alerts', services=['shop-*'])}"}


@pytest.fixture
async def unlimited(api: Api) -> dict[str, str]:
    return {"Authorization": f"Bearer {await api.key('alerts')}"}


async def asked(
    api: Api, who: dict[str, str], method: str, way: str, body: Any = None
) -> httpx.Response:
    return await api.client.request(method, f"/api/v1/{way}", json=body, headers=who)


async def test_alerts_of_other_services_are_not_shown(
    api: Api, limited: dict[str, str], unlimited: dict[str, str]
) -> None:
    for who, names in ((limited, {"Ours"}), (unlimited, {"Ours", "Theirs", "Everybodys"})):
        found = (await asked(api, who, "GET", "alerts")).json()
        assert {one["labels"]["alertname"] for one in found["alerts"]} == names
        assert found["total"] == len(names)
    anywhere = {"Authorization": f"Bearer {await api.key('alerts', services=['*'])}"}
    assert (await asked(api, anywhere, "GET", "alerts")).json()["total"] == 2


async def test_lines_are_shown_to_those_who_may_read_them(api: Api) -> None:
    lines = tuple({"service": {"name": name}, "message": "no stock"} for name in ("shop-a", "bank"))
    over: dict[str, Any] = {
        "state": AlertState.RESOLVED,
        "ends_at": moment_of(api.clock.now_ns() // 1000),
    }
    made = replace(alert(OF_ALL, alertname="Any"), samples=(*lines, {"message": "x"}), **over)
    of_shop = replace(alert(OF_SHOP, service__name="shop-a"), samples=lines[:1], **over)
    await write_details(api.memory, [ended(made, START), ended(of_shop, START)])

    for scopes, services, number in (
        (["alerts"], None, {OF_ALL: 0, OF_SHOP: 0}),
        (["alerts", "read"], None, {OF_ALL: 3, OF_SHOP: 1}),
        (["admin"], None, {OF_ALL: 3, OF_SHOP: 1}),
        (["alerts"], ["shop-*"], {OF_SHOP: 0}),
        (["alerts", "read"], ["shop-*"], {OF_SHOP: 1}),
    ):
        headers = {"Authorization": f"Bearer {await api.key(*scopes, services=services)}"}
        found = (await asked(api, headers, "GET", "alerts")).json()["alerts"]
        assert {one["episode"]: len(one["samples"]) for one in found} == number


async def test_what_tells_of_all_alerts_is_refused(api: Api, limited: dict[str, str]) -> None:
    for way in ("rules", "receivers", "deliveries"):
        assert (await asked(api, limited, "GET", way)).status_code == 403, way


def silence(*matchers: str) -> dict[str, Any]:
    return {"matchers": list(matchers), "duration": "2h"}


OURS = silence('service.name="shop-pay"', "severity=high")


@pytest.mark.parametrize(
    "matchers",
    [
        ['alertname="Theirs"'], ['service.name="bank"'], ['service.name=~"shop-.*|bank"'],
        ['service.name!="shop-pay"'], ["severity=high"], ['service.name=""'],
    ],
    ids=str,
)  # fmt: skip
async def test_what_may_fit_other_services_is_not_silenced(
    api: Api, limited: dict[str, str], matchers: list[str]
) -> None:
    refused = await asked(api, limited, "POST", "silences", silence(*matchers))
    assert refused.status_code == 403
    assert 'service.name="' in refused.json()["detail"]
    form = {"matcher": matchers, "duration": "2h"}
    posted = await api.client.post("/api/v1/silences/form", data=form, headers=limited)
    assert posted.status_code == 403
    made = (await asked(api, limited, "POST", "silences", OURS)).json()
    changed = await asked(api, limited, "PUT", f"silences/{made['id']}", silence(*matchers))
    assert changed.status_code == 403


async def test_silences_of_others_are_not_there(
    api: Api, limited: dict[str, str], unlimited: dict[str, str]
) -> None:
    ours = (await asked(api, limited, "POST", "silences", OURS)).json()
    theirs = (await asked(api, unlimited, "POST", "silences", silence("severity=high"))).json()

    listed = (await asked(api, limited, "GET", "silences")).json()["silences"]
    assert [one["id"] for one in listed] == [ours["id"]]
    assert len((await asked(api, unlimited, "GET", "silences")).json()["silences"]) == 2
    for method, body in (("GET", None), ("DELETE", None), ("PUT", OURS)):
        assert (
            await asked(api, limited, method, f"silences/{theirs['id']}", body)
        ).status_code == 404
    assert (await asked(api, limited, "PUT", f"silences/{ours['id']}", OURS)).status_code == 200
    assert (await asked(api, limited, "DELETE", f"silences/{ours['id']}")).status_code == 200


async def test_alerts_of_others_are_not_acknowledged(
    api: Api, limited: dict[str, str], unlimited: dict[str, str]
) -> None:
    for episode, status in ((OF_SHOP, 201), (OF_BANK, 404), (OF_ALL, 404), ("d" * 24, 404)):
        body = {"episode": episode, "author": "kim"}
        answer = await asked(api, limited, "POST", "acknowledgements", body)
        assert answer.status_code == status, episode
        form = await api.client.post(
            "/api/v1/acknowledgements/form", data={"episode": episode}, headers=limited
        )
        assert form.status_code == (200 if status == 201 else 404)
    await asked(api, unlimited, "POST", "acknowledgements", {"episode": OF_BANK, "author": "x"})

    for who, number in ((limited, 1), (unlimited, 2)):
        found = (await asked(api, who, "GET", "acknowledgements")).json()["acknowledgements"]
        assert len(found) == number
    assert (await asked(api, limited, "DELETE", f"acknowledgements/{OF_BANK}")).status_code == 404
    assert (await asked(api, limited, "DELETE", f"acknowledgements/{OF_SHOP}")).status_code == 204


async def test_a_rule_is_tried_on_what_the_caller_may_see(
    api: Api, limited: dict[str, str]
) -> None:
    keys = {
        who: {"Authorization": f"Bearer {await api.key('alerts', 'read', services=services)}"}
        for who, services in (("limited", ["shop-*"]), ("unlimited", None))
    }
    rule = {"alert": "Any", "when": "count > 0", "over": "1h", "by": ["service"]}
    for who, seen in (("limited", {"shop-cart", "shop-pay"}), ("unlimited", {*SERVICES})):
        found = (await asked(api, keys[who], "POST", "rules/dry-run", {"rule": rule})).json()
        assert {one["series"]["service.name"] for one in found["series"]} == seen
        body = {"rule": rule, "from": "now-2h"}
        tried = (await asked(api, keys[who], "POST", "rules/backtest", body)).json()
        assert {one["labels"]["service.name"] for one in tried["alerts"]} == seen
        lines = [line for one in tried["alerts"] for line in one["samples"]]
        assert {line["service.name"] for line in lines} == seen
    for way in ("dry-run", "backtest"):
        refused = await asked(api, keys["limited"], "POST", f"rules/{way}", {"rule": "g/Any"})
        assert refused.status_code == 403
        assert "send the rule itself" in refused.json()["detail"]
        assert (
            await asked(api, limited, "POST", f"rules/{way}", {"rule": rule})
        ).status_code == 403


async def test_what_others_have_seen_first_is_not_told(api: Api) -> None:
    made = document(63)
    await api.write([Document.of(made.id, made.day, {**made.event, "tags": ["error"]})])
    first = {"service": "bank", "first_seen": "2026-11-21T11:50:00.000Z"}
    await api.memory.put(GROUPS, "broken-shop-cart", first)
    rule = {"alert": "New", "when": "new_error", "over": "1h"}
    for services, number in ((["shop-*"], 0), (None, 1)):
        key = await api.key("alerts", "read", services=services)
        headers = {"Authorization": f"Bearer {key}"}
        answer = await asked(api, headers, "POST", "rules/dry-run", {"rule": rule})
        assert sum(one["holds"] for one in answer.json()["series"]) == number
