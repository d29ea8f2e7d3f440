"""Every page over fakes: whole, in part, with a service away, and for those who may not."""

import gzip
import io
import json
import re
from dataclasses import replace

import pytest

from chassis.errors import InvalidField
from services.console.domain.tickets import Edit, MailReach
from services.console.pages.app import PAGES
from tests.console_over_fakes import KATE, Visitor
from tests.fakes.console import MemoryDesk
from tests.fakes.console_samples import NOW, RAW, hostile_tickets

ADDRESSES = (
    "/tickets", "/tickets?view=overdue", "/tickets?view=group:export&sort=newest", "/tickets?status=closed&channel=claims-mail",
    "/tickets/48163", "/tickets/48163?tab=changes", "/tickets/48198/why/id48198:1:0", "/board", "/board?span=1h", "/rules",
    "/sla/calendars/lisbon", "/sla/calendars/lisbon?year=2027", "/sla/calendars/lisbon/edit", "/sla/calendars/new",
    "/rules/money", "/sla", "/sla/calendars", "/sla/at-risk", "/channels", "/channels/support", "/channels/claims-mail",
    "/ledger", "/ledger?span=15m", "/ledger?channel=support&span=all",
    "/quarantine", "/quarantine/q1", "/blocked", "/channels/support/patterns",
    "/sends", "/sends?state=failed", "/sink", "/sink/c1", "/settings",
    "/customers", "/customers?q=rafael", "/customers/r48163", "/customers/r48163/merge", "/customers/r48163/merge?other=r48198",
    "/organisations", "/organisations/brightwave", "/tickets/48163/clock/spans", "/agents", "/agents/ana",
    "/sla/what-if", "/sla/what-if?policy=money&calendar=lisbon", "/sla/what-if/counted", "/sla/what-if/running",
    "/sla/what-if/failed", "/sla/what-if/counted?turn=newly_breached",
)  # fmt: skip
PARTS = (
    "/tickets/48198/preview", "/tickets/48198/news", "/tickets/48163/clock", "/tickets/48198/why/id48198:1:0", "/counts",
    "/customers/r48163/brief", "/find?q=48198", "/find?q=parcel", "/tickets?after=5",
    "/sla/what-if/running",
)  # fmt: skip


@pytest.mark.parametrize("language", ["en", "pt", "ru"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_opens_in_every_language(kate: Visitor, address: str, language: str) -> None:
    kate.client.set_cookie("prefs", f"lang={language}&zone=Europe/Moscow")
    answer = kate.get(address)
    assert answer.status_code == 200
    assert f'<html lang="{language}"' in answer.text
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("address", PARTS)
def test_every_part_comes_without_the_page_around_it(kate: Visitor, address: str) -> None:
    answer = kate.get(address, part=True)
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert "HX-Request" in answer.headers["Vary"]


@pytest.mark.parametrize("service", ["tickets", "rules", "sla", "reports", "ingest", "mail sink"])
def test_where_a_service_is_away_the_part_fails_and_the_page_stands(
    kate: Visitor, fakes: MemoryDesk, service: str
) -> None:
    with fakes.outages.of(service):
        for address in ADDRESSES:
            answer = kate.get(address)
            is_its_subject = service == "tickets" and address.startswith("/tickets/")
            assert answer.status_code == (503 if is_its_subject and "why" not in address else 200), address
            assert "Northline" in answer.text


def test_a_part_that_fails_says_what_and_gives_a_trace(kate: Visitor, fakes: MemoryDesk) -> None:
    with fakes.outages.of("sla"):
        answer = kate.get("/tickets/48163")
    assert "The clock is not available" in answer.text
    assert re.search(r"trace [0-9a-f]{8}", answer.text)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_forbids_what_it_does_not_need(kate: Visitor, address: str) -> None:
    headers = kate.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "private, no-store"


def test_an_inbox_page_is_small(kate: Visitor) -> None:
    answer = kate.get("/tickets?sel=48198", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert len(answer.data) <= 30_000
    assert b"Parcel held in customs" in gzip.decompress(answer.data)


# ---------------------------------------------------------------------------------------------------------- the door


def test_without_a_sign_in_every_page_leads_to_the_door(stranger: Visitor) -> None:
    answer = stranger.get("/tickets?view=mine")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/tickets%3Fview%3Dmine"
    assert stranger.get("/counts", part=True).headers["HX-Redirect"] == "/sign-in"


def test_signing_in_leads_on_and_sets_a_cookie_that_scripts_cannot_read(stranger: Visitor) -> None:
    answer = stranger.sign_in()
    assert answer.status_code == 303
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert stranger.get("/tickets").status_code == 200


def test_over_https_the_cookie_is_bound_to_the_host(fakes: MemoryDesk) -> None:
    from dataclasses import replace

    from services.console.pages.app import build_app
    from tests.console_over_fakes import build_console

    console = replace(build_console(fakes), is_https=True)
    client = build_app(console).test_client()
    client.get("/sign-in", base_url="https://desk.example")
    door = client.get_cookie("door", domain="desk.example")
    assert door is not None
    form = {"csrf": console.sessions.form_token(door.value), "email": KATE, "password": "a long password"}
    answer = client.post("/sign-in", data=form, base_url="https://desk.example")
    cookie = next(
        value for value in answer.headers.getlist("Set-Cookie") if value.startswith("__Host-session=")
    )
    assert "Secure" in cookie
    assert "Path=/" in cookie


def test_a_wrong_password_says_so_and_keeps_the_address(stranger: Visitor) -> None:
    answer = stranger.sign_in(password="wrong")
    assert answer.status_code == 401
    assert "do not fit" in answer.text
    assert KATE in answer.text


def test_a_forged_cookie_is_nobody(stranger: Visitor) -> None:
    stranger.client.set_cookie("session", "WyJhIl0.aaaa.bbbb")
    assert stranger.get("/tickets").status_code == 303


def test_an_agent_who_is_gone_is_signed_out(kate: Visitor, fakes: MemoryDesk) -> None:
    fakes.accounts.agents = tuple(agent for agent in fakes.accounts.agents if agent.email != KATE)
    assert kate.get("/tickets").status_code == 303


def test_signing_out_ends_the_session(kate: Visitor) -> None:
    kate.post("/sign-out", {}, part=False)
    assert kate.get("/tickets").status_code == 303


# -------------------------------------------------------------------------------------------------- writes are ours


@pytest.mark.parametrize("site", ["cross-site", "same-site", "none"])
def test_a_write_from_another_site_is_refused(kate: Visitor, site: str) -> None:
    answer = kate.post("/tickets/48198/change", {"status": "solved"}, Sec_Fetch_Site=site)
    assert answer.status_code == 403


def test_a_write_without_the_token_is_refused(kate: Visitor, fakes: MemoryDesk) -> None:
    answer = kate.post("/tickets/48198/change", {"csrf": "wrong", "status": "solved"})
    assert answer.status_code == 403
    assert fakes.tickets.get_ticket(48198).status == "open"


def test_who_only_reads_changes_nothing(yulia: Visitor, fakes: MemoryDesk) -> None:
    assert yulia.post("/tickets/48198/change", {"status": "solved", "version": "5"}).status_code == 403
    assert yulia.post("/tickets/48198/messages", {"text": "x"}).status_code == 403
    assert yulia.post("/rules/money/switch", {"on": "0", "version": "14"}).status_code == 403
    assert yulia.post("/quarantine/retry", {"intake": "q1"}).status_code == 403
    assert "data-take" not in yulia.get("/tickets/48198").text


# ------------------------------------------------------------------------------------------------------- the ticket


def test_a_change_goes_with_the_version_that_was_seen(kate: Visitor, fakes: MemoryDesk) -> None:
    answer = kate.post("/tickets/48198/change", {"status": "pending", "version": "5"})
    assert answer.status_code == 200
    assert fakes.tickets.get_ticket(48198).status == "pending"
    assert '<hx-partial hx-target="#t48198"' in answer.text


@pytest.mark.parametrize(
    ("state", "words"), [("bad", "Mail does not arrive"), ("soft_bouncing", "Mail does not always arrive")]
)
def test_a_ticket_says_where_mail_does_not_arrive_and_why(
    kate: Visitor, fakes: MemoryDesk, state: str, words: str
) -> None:
    ticket = fakes.tickets.get_ticket(48198)
    reach = MailReach(state, "5.1.1, no such <user>", ticket.created_at)
    fakes.tickets.tickets[ticket.ticket_id] = replace(
        ticket, requester=replace(ticket.requester, mail_reach=reach)
    )
    page = kate.get("/tickets/48198").text
    assert words in page
    assert "5.1.1, no such &lt;user&gt;" in page


def by_another(fakes: MemoryDesk, edit: Edit) -> None:
    fakes.tickets.update_ticket("id48198", edit, expected_version=0, key="", agent_id="dmitry")


def test_a_change_of_what_another_changed_is_409_with_both_sides(kate: Visitor, fakes: MemoryDesk) -> None:
    by_another(fakes, Edit(status="on_hold"))
    answer = kate.post("/tickets/48198/change", {"status": "solved", "version": "5"})
    assert answer.status_code == 409
    assert "changed while you were looking" in answer.text
    assert "On hold" in answer.text
    assert "Solved" in answer.text
    assert fakes.tickets.get_ticket(48198).status == "on_hold"


def test_a_change_of_another_field_goes_through(kate: Visitor, fakes: MemoryDesk) -> None:
    by_another(fakes, Edit(priority="high"))
    assert kate.post("/tickets/48198/change", {"status": "solved", "version": "5"}).status_code == 200
    ticket = fakes.tickets.get_ticket(48198)
    assert (ticket.status, ticket.priority) == ("solved", "high")


def test_two_strokes_in_one_breath_are_two_changes(kate: Visitor, fakes: MemoryDesk) -> None:
    kate.post("/tickets/48198/change", {"agent": "ana", "version": "5", "key": "k"})
    kate.post("/tickets/48198/change", {"status": "pending", "version": "5", "key": "k"})
    kate.post("/tickets/48198/change", {"status": "solved", "version": "5", "key": "k"})
    ticket = fakes.tickets.get_ticket(48198)
    assert (ticket.agent_id, ticket.status) == ("ana", "solved")


def test_two_who_wanted_the_same_are_not_asked(kate: Visitor, fakes: MemoryDesk) -> None:
    by_another(fakes, Edit(status="on_hold"))
    assert kate.post("/tickets/48198/change", {"status": "on_hold", "version": "5"}).status_code == 200


def test_tags_are_added_and_removed(kate: Visitor, fakes: MemoryDesk) -> None:
    kate.post("/tickets/48198/change", {"add_tag": "vip, fragile/lens", "version": "5"})
    assert fakes.tickets.get_ticket(48198).tags == ("export/customs/documents", "fragile/lens", "vip")
    kate.post("/tickets/48198/change", {"remove_tag": "vip", "version": "6"})
    assert fakes.tickets.get_ticket(48198).tags == ("export/customs/documents", "fragile/lens")


def test_an_unknown_status_is_refused_with_what_is_known(kate: Visitor) -> None:
    answer = kate.post("/tickets/48198/change", {"status": "done", "version": "5"})
    assert answer.status_code == 422
    assert "pending" in json.loads(answer.headers["HX-Trigger"])["toast"]["text"]


def test_an_answer_is_sent_with_its_status_and_once(kate: Visitor, fakes: MemoryDesk) -> None:
    form: dict[str, object] = {"text": "Yes, it is.", "status": "pending", "key": "k1", "seen": "m3"}
    answer = kate.post("/tickets/48198/messages", form)
    kate.post("/tickets/48198/messages", form)
    assert answer.status_code == 200
    assert json.loads(answer.headers["HX-Trigger"])["sent"] == {"number": 48198, "note": False}
    written = [message for message in fakes.tickets.list_messages("id48198") if message.text == "Yes, it is."]
    assert [message.author.actor_id for message in written] == ["kate"]
    assert fakes.tickets.get_ticket(48198).status == "pending"


def test_an_answer_waits_where_the_requester_wrote_meanwhile(kate: Visitor, fakes: MemoryDesk) -> None:
    fakes.tickets.hear(48198, "I found it, thank you!")
    form: dict[str, object] = {"text": "Please wait.", "key": "k2", "seen": "m3"}
    answer = kate.post("/tickets/48198/messages", form)
    assert answer.status_code == 409
    assert "I found it, thank you!" in answer.text
    assert kate.post("/tickets/48198/messages", {**form, "anyway": "1"}).status_code == 200


def test_a_note_is_internal_and_does_not_wait(kate: Visitor, fakes: MemoryDesk) -> None:
    fakes.tickets.hear(48198, "More")
    kate.post("/tickets/48198/messages", {"text": "Look", "kind": "note", "key": "k3", "seen": "m3"})
    assert fakes.tickets.list_messages("id48198")[-1].visibility == "internal"


def test_an_answer_takes_files_along(kate: Visitor, fakes: MemoryDesk) -> None:
    files = [(io.BytesIO(b"%PDF proforma"), "proforma.pdf")]
    kate.post("/tickets/48198/messages", {"text": "Here", "key": "k4", "files": files})
    (file,) = fakes.tickets.list_messages("id48198")[-1].attachments
    assert (file.name, file.size) == ("proforma.pdf", 13)
    assert fakes.ingest.files[file.attachment_id] == b"%PDF proforma"


def test_an_empty_answer_is_refused(kate: Visitor) -> None:
    assert kate.post("/tickets/48198/messages", {"text": "  "}).status_code == 422


def test_without_htmx_a_form_works_by_itself(kate: Visitor) -> None:
    answer = kate.post("/tickets/48198/change", {"status": "pending", "version": "5"}, part=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tickets/48198")


def test_a_change_of_a_rule_says_why(kate: Visitor) -> None:
    page = kate.get("/tickets/48198")
    assert "/tickets/48198/why/id48198:1:0" in page.text
    why = kate.get("/tickets/48198/why/id48198:1:0", part=True)
    assert "Customs questions to Export" in why.text
    assert "subject contains any of customs" in why.text
    assert "held back: it is off" in why.text


def test_macros_speak_the_requesters_language(kate: Visitor) -> None:
    assert "Olá, Rafael," in kate.get("/tickets/48163").text
    assert "Здравствуйте, Мария," in kate.get("/tickets/48171").text


def test_an_unknown_ticket_is_404_with_a_way_on(kate: Visitor) -> None:
    answer = kate.get("/tickets/1")
    assert answer.status_code == 404
    assert "Go to the inbox" in answer.text


# ---------------------------------------------------------------------------------------------------------- the rest


def test_a_rule_is_switched_by_its_version(kate: Visitor, fakes: MemoryDesk) -> None:
    answer = kate.post("/rules/money/switch", {"on": "0", "version": "14"})
    assert 'aria-checked="false"' in answer.text
    assert not fakes.rules.rules["money"].is_enabled
    assert kate.post("/rules/money/switch", {"on": "1", "version": "14"}).status_code == 409


def test_what_is_odd_about_a_rule_is_told_by_its_line_and_marked_in_the_list(kate: Visitor) -> None:
    money = kate.get("/rules/money").text
    assert "“set priority to Urgent” is taken back at once by “VIP domains get high priority”." in money
    assert '<a class="link" href="/rules/vip">' in money
    assert money.count("something is odd") == 2
    assert "When a ticket is opened, the condition never holds." in kate.get("/rules/vip").text


def test_quarantine_shows_raw_bytes_as_text_and_processes_again(kate: Visitor, fakes: MemoryDesk) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in kate.get("/quarantine/q1").text
    assert 'href="/quarantine/q1/raw"' in kate.get("/quarantine/q1").text
    answer = kate.post("/quarantine/retry", {"intake": ["q1", "q3"]})
    assert set(fakes.ingest.quarantined) == {"q2"}
    assert "2 messages are processed again" in answer.headers["HX-Trigger"]


def test_a_raw_message_is_downloaded_whole_and_never_shown_as_what_it_is(kate: Visitor) -> None:
    answer = kate.get("/quarantine/q1/raw")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="message-q1.eml"')
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.data == RAW


def test_what_a_block_list_kept_out_is_shown_with_its_reason_and_brought_back(
    kate: Visitor, fakes: MemoryDesk
) -> None:
    assert "blocked by domain: casino.example" in kate.get("/blocked").text
    answer = kate.post("/blocked/bring-back", {"intake": ["b1"]})
    assert set(fakes.screening.blocked) == {"b2"}
    assert "1 message is brought back" in answer.headers["HX-Trigger"]


def test_who_only_reads_brings_nothing_back(yulia: Visitor, fakes: MemoryDesk) -> None:
    assert yulia.post("/blocked/bring-back", {"intake": ["b1"]}).status_code == 403
    assert len(fakes.screening.blocked) == 2


@pytest.mark.parametrize(
    ("language", "why"),
    [
        ("en", "gave up after 12 attempts: the recipient&#39;s mailbox is full: 452 4.2.2 over quota"),
        ("pt", "desistimos após 12 tentativas: a caixa do destinatário está cheia: 452 4.2.2 over quota"),
        ("ru", "оставлено после 12 попыток: ящик получателя переполнен: 452 4.2.2 over quota"),
    ],
)
def test_why_a_mail_did_not_leave_is_said_in_the_persons_language(
    kate: Visitor, language: str, why: str
) -> None:
    kate.client.set_cookie("prefs", f"lang={language}&zone=Europe/Moscow")
    assert why in kate.get("/sends").text


def test_patterns_are_tried_and_show_what_they_would_pick(kate: Visitor, fakes: MemoryDesk) -> None:
    answer = kate.post("/channels/support/patterns", {"patterns": "- {name: Site form}\r\n"})
    assert fakes.screening.tried == [{"mail_patterns": "- {name: Site form}\n"}]
    assert "anna@client.example" in answer.text
    assert "found no e-mail" in answer.text
    assert "- {name: Site form}" in answer.text


def test_a_mistake_in_patterns_is_shown_by_its_place_and_what_was_written_stays(kate: Visitor) -> None:
    answer = kate.post("/channels/support/patterns", {"patterns": "- {name: (}"})
    assert "0.pick.email.pattern" in answer.text
    assert "- {name: (}" in answer.text


def test_mails_of_a_mailbox_are_shown_to_those_who_manage_channels_only(yulia: Visitor) -> None:
    assert yulia.get("/channels/support/patterns").status_code == 403


def test_spam_says_so_and_is_taken_back_by_a_button(kate: Visitor, fakes: MemoryDesk) -> None:
    by_another(fakes, Edit(status="spam"))
    assert "Not spam" in kate.get("/tickets/48198").text
    assert kate.post("/tickets/48198/change", {"status": "new", "version": "6"}).status_code == 200
    assert "Not spam" not in kate.get("/tickets/48198").text


def test_a_difference_in_the_ledger_is_shown_as_wrong(kate: Visitor, fakes: MemoryDesk) -> None:
    from dataclasses import replace

    from services.console.domain.ingest import Ledger
    from tests.fakes import console_samples as samples

    wrong = Ledger(replace(samples.TOTAL, accepted=4276, closed_twice=2), ())
    fakes.ingest.get_ledger = lambda span, channel_id="": wrong  # type: ignore[method-assign]
    assert "does not add up" in kate.get("/ledger").text
    assert "difference 1" in kate.get("/board").text


def test_what_is_at_risk_is_counted_by_group_and_channel_and_cut_to_one(kate: Visitor) -> None:
    whole = kate.get("/sla/at-risk").text
    assert whole.index("By group") < whole.index("By channel") < whole.index("#48163")
    assert 'href="/sla/at-risk?group=payments"' in whole
    assert 'href="/sla/at-risk?channel=support"' in whole
    cut = kate.get("/sla/at-risk?within=15m&group=export").text
    assert "#48171" in cut
    assert "#48163" not in cut
    # A span or a channel is chosen beside the group, and the group is let go of by itself.
    assert 'href="/sla/at-risk?within=4h&amp;group=export"' in cut
    assert 'href="/sla/at-risk?within=15m&amp;group=export&amp;channel=support"' in cut
    assert 'href="/sla/at-risk?within=15m"' in cut


@pytest.mark.parametrize("view", ["open", "mine", "overdue", "unassigned", "group:export", "group:payments"])
def test_every_view_shows_what_is_overdue_first_and_the_longest_overdue_before_all(
    kate: Visitor, fakes: MemoryDesk, view: str
) -> None:
    shown = kate.get(f"/tickets?view={view}").text
    overdue, rest = shown.split('id="band-overdue"')[1].split('id="band-soon"')
    due = {ticket.number: ticket.clock.due_at for ticket in fakes.tickets.tickets.values() if ticket.clock}
    late = {number for number, at in due.items() if at is not None and at <= NOW}
    above = [int(number) for number in dict.fromkeys(re.findall(r'id="t(\d+)"', overdue))]
    assert set(above) <= late
    assert above == sorted(above, key=lambda number: str(due[number]))
    assert late.isdisjoint(int(number) for number in re.findall(r'id="t(\d+)"', rest))
    assert above or view not in ("open", "overdue")


def test_a_growing_queue_says_growing_and_no_number(kate: Visitor) -> None:
    assert '<td class="warn">growing</td>' in kate.get("/board").text


def test_the_sink_is_no_page_where_mails_leave(stranger: Visitor) -> None:
    from services.console.pages.app import build_app
    from tests.console_over_fakes import build_console
    from tests.fakes.console import memory_desk

    console = build_console(memory_desk(has_sink=False))
    visitor = Visitor(console, build_app(console).test_client())
    visitor.sign_in()
    assert visitor.get("/sink").status_code == 404
    assert "/sink" not in visitor.get("/tickets").text


def test_settings_are_kept_on_the_device(kate: Visitor) -> None:
    form: dict[str, object] = {
        "language": "ru",
        "theme": "dark",
        "zone": "Europe/Moscow",
        "density": "compact",
    }
    kate.post("/settings", form, part=False)
    page = kate.get("/settings").text
    assert '<html lang="ru" data-density="compact" data-theme="dark">' in page
    assert 'data-keys="0"' in page


def test_a_zone_that_is_none_is_said_at_the_field(kate: Visitor) -> None:
    answer = kate.post("/settings", {"zone": "Mars/Olympus"}, part=False)
    assert answer.status_code == 422
    assert "Mars/Olympus" in answer.text


# ---------------------------------------------------------------------------------------------------------- mails, files


def test_a_mail_body_is_only_for_its_frame(kate: Visitor) -> None:
    address = "/tickets/48205/messages/m21/body"
    assert kate.get(address).status_code == 403
    assert kate.get(address, Sec_Fetch_Dest="document").status_code == 403
    answer = kate.get(address, Sec_Fetch_Dest="iframe")
    assert answer.status_code == 200
    policy = answer.headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "script-src 'none'", "form-action 'none'", "frame-ancestors 'self'"):
        assert rule in policy
    assert "tracker.example" not in answer.text


def test_the_frame_shows_what_was_said_and_the_whole_where_it_is_unfolded(kate: Visitor) -> None:
    address = "/tickets/48205/messages/m21/body"
    assert "Here is your invoice" not in kate.get(address, Sec_Fetch_Dest="iframe").text
    assert "Here is your invoice" in kate.get(f"{address}?whole=1", Sec_Fetch_Dest="iframe").text
    assert f'src="{address}?whole=1"' in kate.get("/tickets/48205").text


def test_a_message_of_another_ticket_is_not_found(kate: Visitor) -> None:
    assert kate.get("/tickets/48198/messages/m21/body", Sec_Fetch_Dest="iframe").status_code == 404
    assert kate.get("/tickets/48163/attachments/att-receipt").status_code == 404
    assert kate.get("/tickets/48163/messages/m1/raw").status_code == 404


@pytest.mark.parametrize(
    "address", ["/tickets/48198/attachments/att-receipt", "/tickets/48198/messages/m1/raw"]
)
def test_files_are_for_keeping_not_for_showing(kate: Visitor, address: str) -> None:
    answer = kate.get(address)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_hostile_mails_leave_no_mark_in_the_html(kate: Visitor, fakes: MemoryDesk) -> None:
    for ticket, messages in hostile_tickets():
        fakes.tickets.put(ticket, messages)
    for number in (66601, 66602, 66603):
        text = kate.get(f"/tickets/{number}").text
        assert "document.title='hostile'" not in text.replace("document.title=&#39;hostile&#39;", "")
        assert not re.search(r"<(?:b|img|script|svg|form)\b[^>]*hostile", text)
        conversation = text[text.index('id="line"') : text.index('id="composer"')]
        assert "hx-get=" not in conversation.replace("hx-get=&#34;", "").replace("hx-get=&quot;", "")


def test_every_blueprint_is_a_page_of_the_application() -> None:
    assert len(PAGES) == len(set(PAGES))


def test_a_filter_that_hides_everything_is_named_with_what_it_hides(kate: Visitor) -> None:
    text = kate.get("/tickets?priority=urgent&q=customs").text
    assert "No ticket matches" in text
    assert "Drop that filter" in text


def test_an_invalid_field_says_what_is_expected() -> None:
    assert "expected" in str(InvalidField("status", "open or closed", "x"))


@pytest.mark.parametrize(
    "text", ["See https://[oops/x", "http://exa\u2100mple.example/", "http://" + "A." * 50_000 + "!"]
)
def test_a_mail_with_an_address_that_is_none_opens(kate: Visitor, fakes: MemoryDesk, text: str) -> None:
    first, *others = fakes.tickets.messages["id48163"]
    fakes.tickets.messages["id48163"] = (replace(first, text=text, html="", said="", said_html=""), *others)
    answer = kate.get("/tickets/48163")
    assert answer.status_code == 200
    assert text[:15] in answer.text


@pytest.mark.parametrize(
    "wanted", ["//[x", "//evil.example/", "/\\evil.example/", "https://evil.example/", "/\t/evil.example"]
)
def test_nobody_is_led_elsewhere_after_choosing_a_language(kate: Visitor, wanted: str) -> None:
    answer = kate.client.get("/language", query_string={"to": "en", "next": wanted})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/tickets")
