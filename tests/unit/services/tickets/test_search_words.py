from services.tickets.domain.people import Requester
from services.tickets.domain.search_words import words_of_question, words_of_ticket

ANA = Requester("r1", "Ana Ribeiro", "ana@example.org")


def test_a_ticket_is_found_by_subject_name_address_and_preview() -> None:
    words = words_of_ticket("Cobrança em dobro", "Where's my parcel?", ANA)
    assert words == [
        "ana",
        "ana@example.org",
        "cobranca",
        "dobro",
        "em",
        "my",
        "parcel",
        "ribeiro",
        "s",
        "where",
    ]


def test_a_ticket_is_found_by_the_numbers_and_names_in_its_fields_but_not_by_their_stories() -> None:
    words = words_of_ticket("", "", ANA, ["77-12", "Lisbon", "told at length " * 20])
    assert {"77", "12", "lisbon"} < set(words)
    assert "told" not in words


def test_case_and_accents_do_not_matter_in_any_script() -> None:
    assert words_of_question("ÉTÉ Йод Straße") == [("ete", False), ("иод", False), ("strasse", False)]
    assert "иод" in words_of_ticket("йод", "", ANA)


def test_a_star_asks_for_a_beginning() -> None:
    assert words_of_question("refun* late") == [("refun", True), ("late", False)]


def test_an_address_is_asked_for_as_a_whole() -> None:
    assert words_of_question("Ana@Example.org") == [("ana@example.org", False)]


def test_signs_alone_are_no_words() -> None:
    assert words_of_question("?! -- *") == []


def test_a_ticket_has_at_most_so_many_words() -> None:
    assert len(words_of_ticket(" ".join(str(n) for n in range(500)), "", ANA)) == 61
