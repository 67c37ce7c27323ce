"""Facts about the machine are read once, without a network, and never stand in an event's way."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from logboom import __version__
from logboom.config import FileInput
from logboom.event import IndexDays, source_run
from shipper.events.assembly import Assembler
from shipper.events.enrich import facts_of
from shipper.events.treatment import Treatment

ID = "4b" * 32


@pytest.fixture
def root(tmp_path: Path) -> Path:
    files = {
        "etc/os-release": 'NAME="Debian GNU/Linux"\nVERSION_ID="12"\n',
        "proc/self/cgroup": f"0::/system.slice/docker-{ID}.scope\n",
        "sys/class/dmi/id/sys_vendor": "Amazon EC2\n",
        "sys/class/dmi/id/board_asset_tag": "i-0abc\n",
        "sys/class/dmi/id/product_name": "m7g.large\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_is_wanted_is_found(root: Path) -> None:
    host = facts_of(["host"], {}, root=root)
    assert (host["host.os.name"], host["host.os.version"]) == ("Debian GNU/Linux", "12")
    assert host["host.architecture"]
    assert facts_of(["container"], {"POD_NAME": "shop-1"}, root=root) == {
        "container.id": ID, "kubernetes.pod.name": "shop-1",
    }  # fmt: skip
    assert facts_of(["cloud"], {"AWS_REGION": "eu-1"}, root=root) == {
        "cloud.provider": "aws", "cloud.instance.id": "i-0abc", "cloud.machine.type": "m7g.large",
        "cloud.region": "eu-1",
    }  # fmt: skip
    assert facts_of(["agent"], {}, root=root)["agent.version"] == __version__
    assert facts_of([], {"POD_NAME": "x"}, root=root) == {}


def test_where_nothing_is_known_nothing_is_said(tmp_path: Path) -> None:
    assert facts_of(["container", "cloud"], {}, root=tmp_path) == {}


def event(line: bytes, facts: dict[str, object], **fields: object) -> dict[str, Any]:
    assembler = Assembler(
        FileInput(path=["x"], fields=fields), source="s", run=source_run("s", 0), epoch=0,
        path="/a.log", max_event_bytes=9000, days=IndexDays(timedelta(days=90)),
        treatment=Treatment(facts=facts),
    )  # fmt: skip
    made = assembler.assemble(line, offset=0, read_ns=1_795_246_020_116_000_000, ended=True)
    found: dict[str, Any] = orjson.loads(made.messages[0].value)
    return found


def test_an_events_own_fields_come_before_an_inputs_and_these_before_facts() -> None:
    facts: dict[str, object] = {"container.id": "fact", "agent.type": "logboom"}
    assert event(b"hello\n", facts)["container"] == {"id": "fact"}
    assert event(b"hello\n", facts)["attributes"] == {"agent.type": "logboom"}
    assert event(b"hello\n", facts, **{"container.id": "input"})["container"] == {"id": "input"}
    own = event(b'{"msg":"m","container.id":"own"}\n', facts, **{"container.id": "input"})
    assert own["container"] == {"id": "own"}
