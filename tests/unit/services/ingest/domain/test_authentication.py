"""Authentication-Results: only what our own server wrote counts."""

import pytest

from services.ingest.domain.authentication import Result, proves, results
from services.ingest.domain.headers import parse_fields

OURS = ("mx.demo.example",)


def _said(*values: str, ids: tuple[str, ...] = OURS) -> list[tuple[str, str, str]]:
    block = "\r\n".join(f"Authentication-Results: {value}" for value in values)
    return [(one.method, one.result, one.domain) for one in results(parse_fields(block.encode()), ids)]


def test_what_our_server_found_is_read_with_its_domains() -> None:
    said = _said(
        "MX.demo.example 1; spf=pass smtp.mailfrom=bounce@mail.shop.example;\r\n dkim=pass (2048-bit key; good)"
        ' header.d=shop.example header.s=x; dmarc=pass reason="a;b" header.from=shop.example'
    )
    assert said == [
        ("spf", "pass", "mail.shop.example"),
        ("dkim", "pass", "shop.example"),
        ("dmarc", "pass", "shop.example"),
    ]


@pytest.mark.parametrize(
    "forged",
    [
        "evil.example; dmarc=pass",
        "mx.demo.example.evil.example; dmarc=pass",
        "(mx.demo.example) evil.example; dmarc=pass",
        "dmarc=pass header.from=bank.example",
    ],
)
def test_what_anybody_else_wrote_is_not_looked_at(forged: str) -> None:
    assert _said(forged) == []


@pytest.mark.parametrize(
    "copied",
    [
        'spf=pass smtp.mailfrom="x smtp.mailfrom=boss@bank.example "@evil.example',
        'dkim=pass header.i="a header.d=bank.example b"@evil.example',
        'spf=pass smtp.mailfrom="x\\ smtp.mailfrom\\=boss@bank.example\\ "@evil.example',
        "spf=pass smtp.mailfrom=x smtp.mailfrom=boss@bank.example @evil.example",
    ],
)
def test_what_a_sender_calls_himself_is_no_finding_of_our_server(copied: str) -> None:
    ((_, result, domain),) = _said(f"mx.demo.example; {copied}")
    assert result == "pass"
    assert domain in ("evil.example", "")


def test_no_server_is_believed_where_none_is_named() -> None:
    assert _said("mx.demo.example; dmarc=pass", ids=()) == []


def test_of_a_server_without_a_name_the_topmost_field_counts_alone() -> None:
    said = _said(
        "spf=pass (sender IP is 1.2.3.4) smtp.mailfrom=shop.example; dmarc=fail action=none",
        "dmarc=pass",
        ids=("none",),
    )
    assert said == [("spf", "pass", "shop.example"), ("dmarc", "fail", "")]


def test_a_server_that_found_nothing_says_nothing() -> None:
    assert _said("mx.demo.example; none") == []


@pytest.mark.parametrize("value", ["", ";", "((((", '"', "mx.demo.example; =pass; dkim", "\\"])
def test_any_value_is_read(value: str) -> None:
    assert _said(value) == []


@pytest.mark.parametrize(
    ("said", "is_proven"),
    [
        (Result("dmarc", "pass", "shop.example"), True),
        (Result("dkim", "pass", "mail.shop.example"), True),
        (Result("spf", "pass", "evil.example"), False),
        (Result("dkim", "pass", "evilshop.example"), False),
        (Result("dkim", "fail", "shop.example"), False),
        (Result("dkim", "pass", "example"), False),
        (Result("dmarc", "pass", "evil.example"), False),
    ],
)
def test_a_domain_is_proven_by_what_passed_for_it(said: Result, is_proven: bool) -> None:
    assert proves("shop.example", [said]) is is_proven
