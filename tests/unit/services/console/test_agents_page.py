"""Agents and their rights, by hand."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.console_over_fakes import KATE, Visitor
from tests.fakes.console import MemoryDesk

DMITRY = "dmitry.orlov@northline.example"


def _agent(fakes: MemoryDesk, agent_id: str) -> tuple[str, tuple[str, ...], bool]:
    found = next(one for one in fakes.accounts.agents if one.agent_id == agent_id)
    return found.role, found.rights, found.is_deactivated


def test_the_list_says_who_may_what_and_the_log_who_changed_it(kate: Visitor) -> None:
    shown = kate.get("/agents").text
    assert "Ana Ribeiro" in shown
    assert "Manage channels" in shown
    assert "Kate Miller" in shown
    assert "Role: Reads only → Agent" in shown
    assert "set a password" in shown
    assert "Role: Reads only" not in kate.get("/agents/ana").text


def test_a_right_is_given_and_taken_and_what_was_not_touched_stays(kate: Visitor, fakes: MemoryDesk) -> None:
    kate.post("/agents/dmitry", {"role": "agent", "was": "agent", "right": "channels"}, part=False)
    assert _agent(fakes, "dmitry") == ("agent", ("channels",), False)
    # The page was opened before: it knows nothing of the right, so it takes nothing away.
    kate.post("/agents/dmitry", {"role": "admin", "was": "agent"}, part=False)
    assert _agent(fakes, "dmitry") == ("admin", ("channels",), False)
    kate.post("/agents/dmitry", {"role": "admin", "was": "admin", "had": "channels"}, part=False)
    assert _agent(fakes, "dmitry") == ("admin", (), False)
    lines = [line for line in fakes.accounts.changes if line.agent_id == "dmitry"]
    assert [(line.actor.name, line.changes[0].name) for line in lines] == [
        ("Kate Miller", "rights"),
        ("Kate Miller", "role"),
        ("Kate Miller", "rights"),
    ]


def test_an_agent_is_added_with_a_group_and_may_sign_in(kate: Visitor, fakes: MemoryDesk) -> None:
    form: dict[str, object] = {
        "name": "Olga Reis",
        "email": "olga@northline.example",
        "password": "a long password",
        "role": "agent",
        "language": "pt",
        "group": "claims",
    }
    answer = kate.post("/agents", form, part=False)
    assert answer.headers["Location"] == "/agents/olga-reis"
    added = fakes.accounts.agents[-1]
    assert (added.name, added.groups, added.language, added.rights) == ("Olga Reis", ("claims",), "pt", ())


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"email": "nowhere"}, "This is no e-mail address."),
        ({"email": KATE}, "Another agent has this address."),
        ({"password": "short"}, "A password has 8 to 1,000 characters."),
    ],
)
def test_what_is_wrong_with_a_new_agent_is_said_and_what_was_typed_stays(
    kate: Visitor, wrong: dict[str, object], said: str
) -> None:
    form = {"name": "Olga Reis", "email": "olga@northline.example", "password": "a long password"}
    answer = kate.post("/agents", {**form, "role": "agent", "language": "en", **wrong}, part=False)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="Olga Reis"' in answer.text
    assert "a long password" not in answer.text
    assert "short" not in answer.text


def _choices(visitor: Visitor) -> str:
    """To whom a ticket may be assigned."""
    shown = visitor.get("/tickets/48198").text
    return shown.partition('id="menu-assign"')[2].partition('id="menu-tags"')[0]


def test_whoever_is_deactivated_is_no_choice_any_more_until_they_are_back(
    kate: Visitor, fakes: MemoryDesk
) -> None:
    assert "Dmitry Orlov" in _choices(kate)
    kate.post("/agents/dmitry/deactivate", {}, part=False)
    assert "Dmitry Orlov" not in _choices(kate)
    assert "Ana Ribeiro" in _choices(kate)
    assert "deactivated" in kate.get("/agents/dmitry").text
    kate.post("/agents/dmitry/activate", {}, part=False)
    assert "Dmitry Orlov" in _choices(kate)
    assert _agent(fakes, "dmitry") == ("agent", (), False)


def test_a_session_of_somebody_who_has_left_is_over(stranger: Visitor, fakes: MemoryDesk) -> None:
    stranger.sign_in(DMITRY)
    assert stranger.get("/tickets").status_code == 200
    fakes.accounts.agents = tuple(
        replace(one, is_deactivated=one.agent_id == "dmitry") for one in fakes.accounts.agents
    )
    fakes.clock.move(timedelta(minutes=1))
    assert "/sign-in" in stranger.get("/tickets").headers["Location"]


def test_nobody_takes_their_own_administration_away(kate: Visitor, fakes: MemoryDesk) -> None:
    forms: dict[str, dict[str, object]] = {
        "/agents/kate/deactivate": {},
        "/agents/kate": {"role": "agent", "was": "admin"},
    }
    for address, form in forms.items():
        answer = kate.post(address, form, part=False)
        assert answer.status_code == 409
        assert "ask another administrator" in answer.text
    assert _agent(fakes, "kate") == ("admin", (), False)


def test_only_administrators_see_or_change_agents(stranger: Visitor, fakes: MemoryDesk) -> None:
    # With the right to manage channels, and no other.
    stranger.sign_in("ana.ribeiro@northline.example")
    assert 'href="/agents"' not in stranger.get("/tickets").text
    assert stranger.get("/agents").status_code == 403
    assert stranger.get("/agents/kate").status_code == 403
    for address in ("/agents", "/agents/ana", "/agents/kate/deactivate", "/agents/tomas/activate"):
        assert stranger.post(address, {"role": "admin", "was": "agent"}, part=False).status_code == 403
    assert _agent(fakes, "ana") == ("agent", ("channels",), False)


def test_nobody_of_that_id_is_no_page(kate: Visitor) -> None:
    assert kate.get("/agents/nobody").status_code == 404
