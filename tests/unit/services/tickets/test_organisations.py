"""Whose domain an address is of."""

import pytest

from services.tickets.domain.organisations import Organisation, Organisations, is_free_mail, normal_domain
from services.tickets.domain.search_words import words_of_person

ACME = Organisation("acme", "Acme", ("acme.example", "acme.co.uk"))
LAB = Organisation("lab", "Acme's lab", ("lab.acme.example",))


@pytest.mark.parametrize(
    ("domain", "found"),
    [
        ("acme.example", ACME),
        ("mail.acme.example", ACME),
        ("x.lab.acme.example", LAB),
        ("notacme.example", None),
        ("co.uk", None),
        ("", None),
    ],
)
def test_an_organisation_has_its_domain_and_all_below(domain: str, found: Organisation | None) -> None:
    assert Organisations([ACME, LAB]).of_domain(domain) == found


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        (" Acme.Example. ", "acme.example"),
        ("@acme.example", "acme.example"),
        ("пример.рф", "xn--e1afmkfd.xn--p1ai"),
        ("acme.co.uk", "acme.co.uk"),
        ("co.uk", ""),
        ("com.br", ""),
        ("example", ""),
        ("acme example", ""),
        ("10.0.0.1", ""),
        ("", ""),
    ],
)
def test_a_domain_is_taken_where_it_can_be_a_companys_own(text: str, domain: str) -> None:
    assert normal_domain(text) == domain


@pytest.mark.parametrize("domain", ["gmail.com", "mail.ru", "yandex.ru", "uol.com.br", "gmx.de"])
def test_where_anybody_gets_an_address_is_free_mail(domain: str) -> None:
    assert is_free_mail(domain)


def test_a_person_is_found_by_name_and_by_an_organisations_domain_only() -> None:
    assert words_of_person("Ana Lúcia", "ana@acme.example") == {"ana", "lucia", "@acme.example"}
    assert words_of_person("Ana", "ana@gmail.com") == {"ana"}
