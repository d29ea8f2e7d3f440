"""The demo's shop, asked as the console asks it."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from local.shop import NAME, ShopConfig, ShopServer, with_shop
from local.supervisor import ProcessSpec
from services.console.adapters.lookup.sources import open_sources
from services.console.application.look_up import Deadline, OutsideSystem
from services.console.domain.outside import DENIED, EMAIL, LookupFailed, Sought

HANNAH = Sought(EMAIL, "Hannah.Becker@post.example")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[OutsideSystem]:
    """The source that the console is told of, over the server that is started for it."""
    with_shop([], tmp_path, 0, {})
    server = ShopServer(ShopConfig(http_port=0, secret=tmp_path / "demo-shop"))
    server.start()
    with_shop([], tmp_path, server.port, {})
    [system] = open_sources(tmp_path / "lookups.yaml", tmp_path)
    yield system
    server.stop(timedelta(seconds=1))


def test_the_demos_customers_have_orders(shop: OutsideSystem) -> None:
    [customer] = shop.find(HANNAH, Deadline(time.monotonic() + 60))
    assert [order.number for order in customer.orders] == ["NL-2205-718", "NL-1984-003"]


def test_others_are_unknown(shop: OutsideSystem) -> None:
    assert shop.find(Sought(EMAIL, "nobody@post.example"), Deadline(time.monotonic() + 60)) == ()


def test_who_does_not_know_the_secret_learns_nothing(shop: OutsideSystem, tmp_path: Path) -> None:
    (tmp_path / "demo-shop").unlink()
    with_shop([], tmp_path, 0, {})
    with pytest.raises(LookupFailed) as failed:
        shop.find(HANNAH, Deadline(time.monotonic() + 60))
    assert failed.value.outcome == DENIED


def test_only_the_console_is_told_of_it(tmp_path: Path) -> None:
    roles = [ProcessSpec(name, (), {"PATH": os.defpath}) for name in ("ingest serve", "console serve")]
    shop, ingest, console = with_shop(roles, tmp_path, 8026, {})
    assert shop.name == NAME
    assert "LOOKUPS_FILE" not in ingest.env
    assert console.env["LOOKUPS_FILE"] == str(tmp_path / "lookups.yaml")
    assert (tmp_path / "demo-shop").stat().st_mode & 0o077 == 0
