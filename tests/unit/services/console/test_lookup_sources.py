"""The file of sources: what it may say, and that all that is wrong is said at once."""

from pathlib import Path

import pytest

from chassis.config import ConfigError
from services.console.adapters.lookup.sources import open_sources
from services.console.application.look_up import Deadline
from services.console.domain.outside import DENIED, EMAIL, LookupFailed, Sought
from tests.lookup_contract import SECRET

ROOT = Path(__file__).parents[4]
SHOP = "{id: shop, kind: customers, url: 'https://shop.example.com', secret: shop-lookup"
CRM = "{id: crm, kind: retailcrm, url: 'https://example.retailcrm.ru', secret: crm-key"


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    (tmp_path / "shop-lookup").write_text(f"{SECRET}\n")
    (tmp_path / "crm-key").write_text("X2EDxEta9U3lcsSV0dwdF38UvtSCxIuG\n")
    (tmp_path / "retailcrm-key").write_text("X2EDxEta9U3lcsSV0dwdF38UvtSCxIuG\n")
    return tmp_path


def written(folder: Path, *sources: str) -> Path:
    path = folder / "lookups.yaml"
    path.write_text("sources:\n" + "".join(f"  - {source}\n" for source in sources))
    return path


def problems(folder: Path, *sources: str) -> str:
    with pytest.raises(ConfigError) as refused:
        open_sources(written(folder, *sources), folder)
    return str(refused.value)


def test_both_kinds_are_opened_in_their_order(secrets: Path) -> None:
    found = open_sources(written(secrets, SHOP + ", name: Our shop}", CRM + "}"), secrets)
    assert [(one.source.source_id, one.source.name) for one in found] == [
        ("shop", "Our shop"),
        ("crm", "crm"),
    ]


def test_the_file_of_the_page_is_taken(secrets: Path) -> None:
    page = (ROOT / "docs/lookup.md").read_text()
    (secrets / "lookups.yaml").write_text(page.split("```yaml\n")[1].split("```")[0])
    assert len(open_sources(secrets / "lookups.yaml", secrets)) == 2


def test_an_empty_file_asks_nobody(tmp_path: Path) -> None:
    (tmp_path / "lookups.yaml").write_text("# nothing yet\n")
    assert open_sources(tmp_path / "lookups.yaml", tmp_path) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (", url: 'http://shop.example.com'}", "needs allow_http"),
        (", url: 'ftp://shop.example.com'}", "expected an address"),
        (", url: 'https://kate:pw@shop.example.com'}", "without password"),
        (", url: 'https://shop.example.com?x=1'}", "without password, query"),
        (", kind: soap}", "customers"),
        (", secret: ../instance-key}", "secret"),
        (", secret: nowhere}", "No such file"),
        (", secret: crm-key}", "begins with whsec_"),
        (", link_hosts: ['https://shop.example.com']}", "link_hosts"),
        (", allow_addresses: [here]}", "allow_addresses"),
        (", timeout: 7}", "timeout"),
        (", id: 'Our Shop'}", "id"),
    ],
)
def test_what_is_wrong_is_said(secrets: Path, more: str, said: str) -> None:
    source = SHOP + more
    field = more.split(":")[0].strip(", ")
    if f"{field}:" in SHOP:
        kept = [part for part in SHOP[1:].split(", ") if not part.startswith(f"{field}:")]
        source = "{" + ", ".join(kept) + more
    assert said in problems(secrets, source)


def test_an_id_stands_for_one_source(secrets: Path) -> None:
    assert "two sources have the id shop" in problems(secrets, SHOP + "}", SHOP + "}")


def test_what_is_no_yaml_and_what_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "lookups.yaml").write_text("sources: [")
    with pytest.raises(ConfigError, match="not YAML"):
        open_sources(tmp_path / "lookups.yaml", tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        open_sources(tmp_path / "nothing.yaml", tmp_path)


def test_a_secret_that_is_taken_away_later_is_said_and_breaks_nothing(secrets: Path) -> None:
    [shop] = open_sources(written(secrets, SHOP + "}"), secrets)
    (secrets / "shop-lookup").unlink()
    with pytest.raises(LookupFailed) as failed:
        shop.find(Sought(EMAIL, "a@b.example"), Deadline(9e9))
    assert failed.value.outcome == DENIED
