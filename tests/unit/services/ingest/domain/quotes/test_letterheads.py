"""Signatures that no formula leads in, and what only looks like them."""

import pytest

from services.ingest.domain.quotes import said_in_text

SAID = "All four pallets were damaged."


@pytest.mark.parametrize(
    "card",
    [
        "Gareth Evans\nWarehouse Lead | Evans Logistics\n+44 29 2018 0142",
        "Gareth Evans\n\nWarehouse Lead\n\nhttps://evans.example",
        "Анна Б. Котова\nотдел закупок\n+7 495 000-11-22\nwww.sever.example",
    ],
)
def test_a_name_above_a_companys_card_is_cut(card: str) -> None:
    assert said_in_text(f"{SAID}\n\n{card}\n") == SAID


@pytest.mark.parametrize(
    "address",
    [
        "Gareth Evans\nLime Street 5\nCardiff\n+44 29 2018 0142",
        "Gareth Evans\ngareth@evans.example\n+44 29 2018 0142",
    ],
)
def test_a_name_with_an_address_may_be_what_was_asked_for(address: str) -> None:
    assert said_in_text(f"{SAID}\n\n{address}\n") == ""


@pytest.mark.parametrize("above", ["Please call our driver:", "Hi Nora,"])
def test_what_a_line_leads_to_is_no_signature(above: str) -> None:
    assert said_in_text(f"{above}\n\nGareth Evans\nDriver | Evans Logistics\nwww.evans.example\n") == ""


@pytest.mark.parametrize(
    "line",
    [
        "Thanks in advance and kind regards,",
        "Alvast bedankt en met vriendelijke groet,",
        "Danke und viele Grüße",
    ],
)
def test_a_line_that_thanks_and_closes_is_a_formula(line: str) -> None:
    assert said_in_text(f"{SAID}\n\n{line}\n\nAnna Jansen\n") == SAID


def test_a_journey_with_a_subject_is_no_head_of_a_mail() -> None:
    journey = "De : Lyon\nÀ : Marseille\nDate : 12 mars\nObjet : salon du meuble"
    assert said_in_text(f"Voici le trajet :\n\n{journey}\n\nPouvez-vous réserver ?") == ""


@pytest.mark.parametrize("date", ["4 mars 2025", "04/03/25", "mardi à 09:41"])
def test_a_head_whose_date_is_exact_is_one(date: str) -> None:
    assert said_in_text(f"{SAID}\n\nDe : Nora\nDate : {date}\nObjet : commande\n\nHas it come?") == SAID


def test_a_card_below_more_empty_lines_than_are_looked_at_breaks_nothing() -> None:
    assert said_in_text("I" + "\n" * 50 + "Gareth Evans\nLead | Evans\nwww.evans.example\n") == ""
    assert (
        said_in_text("I.\n\n  Gareth Evans:om x\n" + "\n" * 36 + "A | b\n\nGareth Evans\nwww.e.example\n")
        == ""
    )
