"""An agent's hands: keys alone, two people at one ticket, a stream that comes and goes."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from chassis.web import AsgiServer
from tests.browser import chromium, person
from tests.console_over_fakes import serve_console
from tests.fakes.console import MemoryDesk, memory_desk
from tests.fakes.console_samples import NOW, first_message, ticket
from tests.waiting import wait_until

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def fakes() -> MemoryDesk:
    return memory_desk()


@pytest.fixture
def server(fakes: MemoryDesk) -> Iterator[AsgiServer]:
    server = serve_console(fakes)
    server.start()
    yield server
    server.stop(timedelta(seconds=2))


@pytest.fixture
def address(server: AsgiServer) -> str:
    return f"http://127.0.0.1:{server.port}"


@pytest.fixture
def kate(browser: Browser, address: str) -> Iterator[Page]:
    context, page = person(browser, address)
    yield page
    context.close()


def opened(page: Page, number: int) -> None:
    """The preview shows that ticket and the list marks it."""
    expect(page.locator(f"#thead[data-number='{number}']")).to_be_visible()
    expect(page.locator(f"#t{number}")).to_have_attribute("aria-selected", "true")


def test_two_strokes_answer_a_ticket_and_open_the_next(kate: Page, fakes: MemoryDesk) -> None:
    opened(kate, 48163)
    kate.keyboard.press("1")
    expect(kate.locator("textarea")).to_have_value(re.compile("^Olá, Rafael"))
    kate.keyboard.press("Control+Enter")
    opened(kate, 48171)
    sent = fakes.tickets.list_messages("id48163")[-1]
    assert sent.text.startswith("Olá, Rafael,")
    assert sent.visibility == "public"


def test_own_words_go_by_r_and_ctrl_enter(kate: Page, fakes: MemoryDesk) -> None:
    kate.keyboard.press("j")
    kate.keyboard.press("j")
    opened(kate, 48198)
    kate.keyboard.press("r")
    kate.keyboard.type("Yes, sign the proforma please.")
    kate.keyboard.press("Control+Enter")
    opened(kate, 48187)
    assert fakes.tickets.list_messages("id48198")[-1].text == "Yes, sign the proforma please."
    expect(kate.locator("#toast")).to_contain_text("#48198")


def test_with_shift_one_stays(kate: Page, fakes: MemoryDesk) -> None:
    kate.keyboard.press("r")
    kate.keyboard.type("First.")
    kate.keyboard.press("Control+Shift+Enter")
    wait_until(lambda: fakes.tickets.list_messages("id48163")[-1].text == "First.")
    expect(kate.locator("#line article").last).to_contain_text("First.")
    opened(kate, 48163)


def test_a_note_is_yellow_and_internal(kate: Page, fakes: MemoryDesk) -> None:
    kate.keyboard.press("n")
    kate.keyboard.type("Ask the bank.")
    kate.keyboard.press("Control+Enter")
    expect(kate.locator("#line .note").last).to_contain_text("Ask the bank.")
    assert fakes.tickets.list_messages("id48163")[-1].visibility == "internal"


def test_reply_and_note_never_share_their_words(kate: Page) -> None:
    kate.keyboard.press("r")
    kate.keyboard.type("to the customer")
    kate.click("[data-mode=note]")
    expect(kate.locator("textarea")).to_have_value("")
    kate.keyboard.type("to us")
    kate.click("[data-mode=reply]")
    expect(kate.locator("textarea")).to_have_value("to the customer")


def test_status_priority_and_taking_it_are_a_stroke_or_two(kate: Page, fakes: MemoryDesk) -> None:
    kate.keyboard.press("s")
    kate.keyboard.press("3")
    wait_until(lambda: fakes.tickets.get_ticket(48163).status == "pending")
    expect(kate.locator("#thead [data-key=s] b")).to_have_text("Pending")
    kate.keyboard.press("p")
    kate.keyboard.press("4")
    wait_until(lambda: fakes.tickets.get_ticket(48163).priority == "low")
    expect(kate.locator("#thead [data-key=p] b")).to_have_text("Low")
    kate.keyboard.press("i")
    wait_until(lambda: fakes.tickets.get_ticket(48163).agent_id == "kate")


def test_a_person_is_found_by_typing(kate: Page, fakes: MemoryDesk) -> None:
    kate.keyboard.press("a")
    kate.keyboard.type("dmi")
    kate.keyboard.press("Enter")
    wait_until(lambda: fakes.tickets.get_ticket(48163).agent_id == "dmitry")


def test_a_tag_is_typed(kate: Page, fakes: MemoryDesk) -> None:
    kate.keyboard.press("t")
    kate.keyboard.type("vip")
    kate.keyboard.press("Enter")
    wait_until(lambda: "vip" in fakes.tickets.get_ticket(48163).tags)


def test_a_cyrillic_layout_does_not_silence_the_keys(kate: Page) -> None:
    opened(kate, 48163)
    for _ in range(2):
        kate.evaluate(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'о', code: 'KeyJ', bubbles: true}))"
        )
    opened(kate, 48198)


def test_single_letters_can_be_switched_off(kate: Page) -> None:
    kate.goto("/settings")
    kate.uncheck("input[name=keys]")
    kate.click("main form .btn.main")
    kate.goto("/tickets")
    kate.keyboard.press("j")
    opened(kate, 48163)
    kate.keyboard.press("Control+k")
    expect(kate.locator("#palette")).to_be_visible()


def test_letters_are_dead_inside_fields(kate: Page) -> None:
    kate.keyboard.press("r")
    kate.keyboard.type("jjj s i")
    expect(kate.locator("textarea")).to_have_value("jjj s i")
    opened(kate, 48163)


def test_find_or_do_finds_a_ticket(kate: Page) -> None:
    kate.keyboard.press("Control+k")
    kate.keyboard.type("suitcase")
    expect(kate.locator("#found [role=option]")).to_have_count(1)
    kate.keyboard.press("Enter")
    kate.wait_for_url("**/tickets/48210")


def test_g_and_a_letter_go_somewhere(kate: Page) -> None:
    kate.keyboard.press("g")
    kate.keyboard.press("b")
    kate.wait_for_url("**/board")


def test_the_full_page_knows_its_place_and_goes_on(kate: Page) -> None:
    kate.keyboard.press("j")
    opened(kate, 48171)
    kate.locator("#list").focus()
    kate.keyboard.press("Enter")
    kate.wait_for_url("**/tickets/48171*")
    expect(kate.locator(".bar")).to_contain_text("2 of 17")
    kate.keyboard.press("j")
    kate.wait_for_url("**/tickets/48198*")
    kate.keyboard.press("Escape")
    kate.wait_for_url("**/tickets?*sel=48198")


def test_why_opens_below_and_closes_again(kate: Page) -> None:
    kate.goto("/tickets?sel=48198")
    kate.click("text=why >> nth=0")
    expect(kate.locator(".reason")).to_contain_text("Customs questions to Export")
    kate.click("text=why >> nth=0")
    expect(kate.locator(".reason")).to_have_count(0)


def test_the_whole_mail_unfolds_in_the_place_of_what_was_said(kate: Page) -> None:
    kate.goto("/tickets/48205")
    said, whole = kate.locator("#mm21 > iframe"), kate.locator("#mm21 .quoted iframe")
    expect(said).to_be_visible()
    expect(whole).to_be_hidden()
    kate.get_by_label("The whole mail").click()
    expect(said).to_be_hidden()
    expect(whole.content_frame.get_by_text("Here is your invoice.")).to_be_visible()
    wait_until(lambda: (whole.bounding_box() or {"height": 0})["height"] > 120)
    kate.get_by_label("The whole mail").click()
    expect(said).to_be_visible()


def test_the_theme_is_kept(kate: Page) -> None:
    kate.click("[data-theme-toggle]")
    expect(kate.locator("html")).to_have_attribute("data-theme", "dark")
    kate.reload()
    expect(kate.locator("html")).to_have_attribute("data-theme", "dark")


# ---------------------------------------------------------------------------------------------------------- the stream


def test_a_row_changes_in_place_and_nothing_typed_is_lost(kate: Page, fakes: MemoryDesk) -> None:
    expect(kate.locator("#live")).to_have_text("live")
    kate.keyboard.press("r")
    kate.keyboard.type("half a sentence")
    fakes.tickets.hear(48163, "Still waiting!")
    expect(kate.locator("#t48163 .who .clip").last).to_have_text("Still waiting!")
    expect(kate.locator("#line article").last).to_contain_text("Still waiting!")
    expect(kate.locator("textarea")).to_have_value("half a sentence")
    expect(kate.locator("textarea")).to_be_focused()
    opened(kate, 48163)


def test_a_new_ticket_waits_behind_a_pill(kate: Page, fakes: MemoryDesk) -> None:
    expect(kate.locator("#live")).to_have_text("live")
    new = ticket(50001, "Fresh from the world", "New Person", "Hello", status="new", due=-60)
    fakes.tickets.put(new, first_message(new))
    fakes.tickets.say("opened", new)
    expect(kate.locator("#fresh")).to_contain_text("1 new")
    expect(kate.locator("#t50001")).to_have_count(0)
    kate.keyboard.press(".")
    expect(kate.locator("#t50001")).to_be_visible()
    expect(kate.locator("#fresh")).to_be_hidden()
    opened(kate, 48163)


def test_what_happens_before_the_stream_opens_is_seen_and_nothing_is_called_new_that_is_shown(
    kate: Page, fakes: MemoryDesk
) -> None:
    fakes.tickets.hear(48163, "In the page already")
    told: list[str] = []

    def late(route: Route) -> None:
        if not told:
            fakes.tickets.hear(48198, "While it was opening")
        told.append(route.request.url)
        route.continue_()

    kate.route("**/live*", late)
    kate.goto("/tickets")
    expect(kate.locator("#t48198 .who .clip").last).to_have_text("While it was opening")
    expect(kate.locator("#t48163 .who .clip").last).to_have_text("In the page already")
    expect(kate.locator("#fresh")).to_be_hidden()
    assert told[0].endswith("topics=view&since=1")


def test_counters_follow(kate: Page, fakes: MemoryDesk) -> None:
    expect(kate.locator("#live")).to_have_text("live")
    expect(kate.locator("#views a[aria-current] .n")).to_have_text("17")
    new = ticket(50002, "One more", "New Person", "Hello", status="new")
    fakes.tickets.put(new, first_message(new))
    fakes.tickets.say("opened", new)
    expect(kate.locator("#views a[aria-current] .n")).to_have_text("18")


def test_without_the_server_the_page_says_so_and_keeps_what_was_typed(kate: Page, server: AsgiServer) -> None:
    expect(kate.locator("#live")).to_have_text("live")
    kate.keyboard.press("r")
    kate.keyboard.type("precious words")
    server.stop(timedelta(seconds=1))
    expect(kate.locator("#live")).to_have_text("not live")
    kate.keyboard.press("Control+Enter")
    expect(kate.locator("#toast")).to_contain_text("could not be reached")
    expect(kate.locator("textarea")).to_have_value("precious words")


def test_two_people_who_change_one_ticket_see_each_other(
    kate: Page, browser: Browser, address: str, fakes: MemoryDesk
) -> None:
    kate.goto("/tickets/48163")
    # Her page has not heard yet: the change comes between her look and her stroke.
    kate.route("**/live*", lambda route: route.abort())
    kate.reload()
    context, dmitry = person(browser, address, email="dmitry.orlov@northline.example")
    dmitry.goto("/tickets/48163")
    dmitry.keyboard.press("s")
    dmitry.keyboard.press("4")
    wait_until(lambda: fakes.tickets.get_ticket(48163).status == "on_hold")
    kate.keyboard.press("r")
    kate.keyboard.type("kept")
    kate.keyboard.press("Escape")
    kate.keyboard.press("s")
    kate.keyboard.press("5")
    expect(kate.locator("#conflict [role=alert]")).to_contain_text("#48163")
    expect(kate.locator("#conflict")).to_contain_text("On hold")
    expect(kate.locator("textarea")).to_have_value("kept")
    kate.click("text=Keep mine")
    wait_until(lambda: fakes.tickets.get_ticket(48163).status == "solved")
    context.close()


def test_words_that_came_meanwhile_are_shown_before_the_answer_leaves(kate: Page, fakes: MemoryDesk) -> None:
    kate.route("**/live*", lambda route: route.abort())
    kate.goto("/tickets/48198")
    kate.keyboard.press("r")
    kate.keyboard.type("Please send it.")
    fakes.tickets.hear(48198, "Found it, thank you!")
    kate.keyboard.press("Control+Enter")
    expect(kate.locator("#conflict")).to_contain_text("Found it, thank you!")
    assert fakes.tickets.list_messages("id48198")[-1].text == "Found it, thank you!"
    kate.keyboard.press("Control+Enter")
    wait_until(lambda: fakes.tickets.list_messages("id48198")[-1].text == "Please send it.")


# ----------------------------------------------------------------------------------------------------------- elsewhere


def test_more_rows_come_on_scroll(kate: Page, fakes: MemoryDesk) -> None:
    for number in range(51000, 51100):
        one = ticket(number, f"Ticket {number}", "Many", "text", due=600 + number - 51000)
        fakes.tickets.put(one, first_message(one))
    kate.goto("/tickets")
    assert kate.locator(".ticket").count() == 60
    kate.locator("#more").scroll_into_view_if_needed()
    wait_until(lambda: kate.locator(".ticket").count() > 100)
    ids = kate.locator(".ticket").evaluate_all("rows => rows.map(row => row.id)")
    assert len(ids) == len(set(ids))


def test_on_a_phone_a_row_opens_its_page_and_the_menu_unfolds(browser: Browser, address: str) -> None:
    context, page = person(browser, address, width=390)
    page.tap("#t48198")
    page.wait_for_url("**/tickets/48198*")
    page.goto("/board")
    page.tap("[data-side]")
    page.tap("nav.side >> text=Rules")
    page.wait_for_url("**/rules")
    context.close()


def test_the_board_draws_and_freezes(kate: Page) -> None:
    kate.goto("/board")
    expect(kate.locator("#flow canvas")).to_be_visible()
    expect(kate.locator("#latency canvas")).to_be_visible()
    kate.keyboard.press("f")
    expect(kate.locator("#board-live")).to_have_text("frozen")
    assert f"end={NOW:%Y-%m-%dT%H}" in kate.url


def test_a_rule_is_switched_with_space(kate: Page, fakes: MemoryDesk) -> None:
    kate.goto("/rules")
    kate.locator("#rule-xmas .switch").focus()
    kate.keyboard.press("Space")
    expect(kate.locator("#rule-xmas .switch")).to_have_attribute("aria-checked", "true")
    wait_until(lambda: fakes.rules.rules["xmas"].is_enabled)


def test_a_stroke_among_a_thousand_rows_touches_two_of_them(kate: Page, fakes: MemoryDesk) -> None:
    """What the script does in the list; how long it takes depends on who else uses the cores."""
    for number in range(52000, 53000):
        one = ticket(number, f"Ticket {number}", "Many", "text", due=600 + number - 52000)
        fakes.tickets.put(one, first_message(one))
    kate.goto("/tickets")
    while kate.locator("#more .ghosts").count():
        kate.evaluate("document.querySelector('#rows').scrollTo(0, 1e9)")
        expect(kate.locator(".ticket")).not_to_have_count(kate.locator(".ticket").count())
    assert kate.locator(".ticket").count() >= 1000
    touched = kate.evaluate(
        """() => { const rows = document.querySelector('#rows'), touched = [];
            const seen = new MutationObserver(() => {});
            seen.observe(rows, { subtree: true, childList: true, attributes: true });
            for (let i = 0; i < 100; i++) {
                document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'j', code: 'KeyJ', bubbles: true}));
                const nodes = seen.takeRecords().map(one => one.target.closest('.ticket') ?? one.target);
                touched.push(new Set(nodes).size); }
            return touched; }"""
    )
    # The one that was chosen, the one that is, and the list, which names it.
    assert max(touched) <= 3, touched
