"""A morning at a parcel company, in three languages: what the console shows over the fakes."""

# A table of people's words reads worse when it is folded.
# ruff: noqa: E501

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from services.console.domain import ingest, reports, rules, screening, sla
from services.console.domain.accounts import AgentChange
from services.console.domain.channels import ChannelChange, ChannelState, Step, Trouble
from services.console.domain.tickets import (
    Actor,
    Agent,
    Attachment,
    Change,
    Clock,
    FieldChange,
    Group,
    Message,
    Requester,
    Ticket,
)

NOW = datetime(2026, 11, 24, 10, 42, tzinfo=UTC)

AGENTS = (
    Agent("kate", "Kate Miller", "kate.miller@northline.example", "admin", ("export",), "en"),
    Agent("dmitry", "Dmitry Orlov", "dmitry.orlov@northline.example", "agent", ("export",), "ru"),
    Agent("ana", "Ana Ribeiro", "ana.ribeiro@northline.example", "agent", ("payments",), "pt", ("channels",)),
    Agent("tomas", "Tomás Silva", "tomas.silva@northline.example", "agent", ("claims",), "pt"),
    Agent("yulia", "Yulia Kim", "yulia.kim@northline.example", "read_only", ("claims",), "ru"),
)
GROUPS = (Group("export", "Export"), Group("payments", "Payments"), Group("claims", "Claims"))
CHANNELS = (
    ingest.Channel(
        "support", "E-mail, support@", "email", "email",
        {"address": "support@northline.example", "imap_host": "imap.northline.example", "imap_password_secret": "sealed:imap_password_secret"},
        False, 3, fetching=ingest.Fetching("", 4, NOW - timedelta(minutes=1)),
    ),
    ingest.Channel("export-mail", "E-mail, export@", "email", "email", {"address": "export@northline.example"}, False, 1),
    ingest.Channel("shop-api", "Shop API", "api", "api", {"key_file": "shop"}, False, 2),
    ingest.Channel("claims-mail", "E-mail, claims@", "email", "email", {"address": "claims@northline.example"}, True, 1),
)  # fmt: skip

STATES = (
    ChannelState(
        "support",
        NOW - timedelta(minutes=2),
        NOW - timedelta(minutes=7),
        3,
        2,
        (
            Trouble("fetching", "imap.northline.example refuses the password"),
            Trouble("failed", "no such user"),
            Trouble("quarantine", "2"),
        ),
    ),
    ChannelState("shop-api", NOW - timedelta(hours=3), is_posted_to=True),
)
CHANNEL_CHANGES = (
    ChannelChange(
        3, NOW - timedelta(hours=2), "agent", "Kate Miller",
        (Step("settings.imap_password_secret", "encrypted", "changed"), Step("settings.signature", "", "Yours, Northline")),
    ),
    ChannelChange(1, NOW - timedelta(days=9), "system", "", (Step("name", "", "E-mail, support@"),)),
)  # fmt: skip


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def ticket(number: int, subject: str, who: str, preview: str, **more: object) -> Ticket:
    """A ticket with the common fields filled in."""
    due = more.pop("due", None)
    paused = bool(more.pop("paused", False))
    clock = None
    if isinstance(due, (int, float)):
        clock = Clock("next_reply", NOW + minutes(due), paused, due < 0)
    elif paused:
        clock = Clock("next_reply", None, True, False)
    local = "".join(c for c in who.lower() if c.isascii() and c.isalpha()) or f"person{number}"
    fields: dict[str, object] = {
        "ticket_id": f"id{number}",
        "number": number,
        "subject": subject,
        "status": "open",
        "priority": "low",
        "channel_id": "support",
        "channel_kind": "email",
        "requester": Requester(f"r{number}", who, f"{local}@post.example", ""),
        "group_id": "export",
        "agent_id": "",
        "tags": (),
        "created_at": NOW - minutes(190),
        "updated_at": NOW - minutes(20),
        "version": 3,
        "preview": preview,
        "clock": clock,
        "mailbox": "support@northline.example",
        "message_count": 2,
        "last_requester_message_at": NOW - minutes(18),
    } | more
    return Ticket(**fields)  # type: ignore[arg-type]


ANSWERED = {"last_agent_message_at": NOW - minutes(5)}

TICKETS = (
    ticket(48163, "Cobrança em dobro no envio para o Brasil", "Rafael Teixeira", "Conferi o extrato e os R$ 412,90 aparecem duas vezes, preciso do estorno hoje", priority="urgent", due=-26, agent_id="ana", group_id="payments", tags=("export/payment/refund",), version=5, channel_id="shop-api", channel_kind="api", fields={"Order no.": "NL-8841-090", "Reason": "Charged twice"}),
    ticket(48171, "Посылка NL-7718-442 вручена не мне", "Мария Соколова", "Статус «вручено», но подпись не моя и дома никого не было", status="new", priority="urgent", due=-4),
    ticket(48198, "Parcel held in customs: which documents do you need?", "Hannah Becker", "I just got another text asking for a “proforma”, is that the same thing?", priority="medium", due=18, agent_id="kate", tags=("export/customs/documents",), version=5),
    ticket(48187, "Как приложить инвойс к таможенной декларации?", "Игорь Лапшин", "Загружаю PDF, форма пишет «неверный формат»", priority="medium", due=27, agent_id="kate", **ANSWERED),
    ticket(48210, "Courier broke the handle of my suitcase", "Joana Prates", "Photos attached, the box had no dents at all", status="new", priority="high", due=33, group_id="claims"),
    ticket(48205, "October invoice without our VAT number", "Brightwave Ltd, accounts", "Could you send it again with the number below?", status="new", due=41, group_id="payments"),
    ticket(48193, "Куда сдать возврат в Казани?", "Алия Гарипова", "Адрес на сайте закрыт на ремонт", due=52, agent_id="yulia", **ANSWERED),
    ticket(48200, "API answers 409 on label creation since this morning", "Shopkeeper, integration", "Idempotency key is new for each call, log attached", priority="high", due=95, agent_id="dmitry", channel_id="shop-api", channel_kind="api"),
    ticket(48211, "The app loses my address book", "Petr_N", "After the update all saved recipients are gone", status="new", due=100),
    ticket(48169, "Mudança de endereço antes da entrega", "Luís Carvalho", "Obrigado, vou confirmar com o porteiro", status="pending", priority="medium", paused=True, agent_id="kate", **ANSWERED),
    ticket(48158, "Export licence for lithium batteries", "Customs desk", "Waiting for the carrier to confirm the UN number", status="on_hold", paused=True, agent_id="dmitry", **ANSWERED),
    ticket(48208, "Missed call, 2 min 14 s in the queue", "+7 812 ··· 44 10", "Second call today, the first one was answered", due=110),
    ticket(48201, "Faltam dois volumes do pedido 55-1029", "Beatriz Nogueira", "Recebi só uma caixa de três", priority="medium", due=125, agent_id="tomas", group_id="claims", **ANSWERED),
    ticket(48195, "Tracking has shown Leipzig for three days", "Oskar Lind", "Is the plane still waiting there?", due=130, agent_id="kate", **ANSWERED),
    ticket(48190, "Хочу изменить имя получателя", "Дарья Ким", "Ошиблась в одной букве фамилии", status="new", due=145),
    ticket(48188, "Corporate tariff for 400 parcels a month", "Marta Wójcik", "We ship ceramics, so packing matters to us", due=180, agent_id="yulia", **ANSWERED),
    ticket(48180, "Insurance: how is the value of used goods set?", "Edith Vance", "It is a violin, no receipt survives", due=220, agent_id="tomas", **ANSWERED),
    ticket(48174, "Re: delivery window on Saturday", "Nuno Faria", "Perfect, thank you both", status="solved", agent_id="kate", created_at=NOW - timedelta(days=12), **ANSWERED),
)  # fmt: skip

HANNAH, RAFAEL = (
    Actor("requester", "r48198", "Hannah Becker"),
    Actor("requester", "r48163", "Rafael Teixeira"),
)
KATE, DMITRY, ANA = (Actor("agent", a.agent_id, a.name) for a in AGENTS[:3])
RULE = Actor("rule", "customs", "Customs questions to Export")
RECEIPT = Attachment("att-receipt", "receipt-portland.pdf", "application/pdf", 184_320)

AGENT_CHANGES = (
    AgentChange("ana", NOW - minutes(50), KATE, (FieldChange("rights", "", "channels"),)),
    AgentChange("tomas", NOW - timedelta(days=3), KATE, (FieldChange("role", "read_only", "agent"), FieldChange("groups", "export", "claims,payments"), FieldChange("password", "", "set"))),
)  # fmt: skip

_INVOICE_MAIL = "<h2 style='color:#0a5'>Brightwave Ltd</h2><p>Please issue the October invoice again with our VAT number:</p><table border=1 cellpadding=6><tr><th>Invoice</th><th>VAT</th></tr><tr><td>2026-10-118</td><td>DE 811 569 869</td></tr></table><p><img src='https://tracker.example/p.gif'>Thank you,<br>accounts</p>"
_INVOICE_HISTORY = (
    "<blockquote type='cite'>On 12 October, Northline wrote: Here is your invoice.</blockquote>"
)
MESSAGES: dict[str, tuple[Message, ...]] = {
    "id48198": (
        Message("m1", "public", HANNAH, "Hello, my parcel NL-2205-718 from Portland has been in customs in Leipzig since Thursday. The tracking page says “documents requested”, but nobody has written to me.\n\nWhich documents do you need, and where do I send them? It is a used camera lens, I paid 240 USD for it. The receipt is attached.", "", (RECEIPT,), NOW - minutes(64), intake_id="in1", to=("support@northline.example",)),
        Message("m2", "internal", DMITRY, "Customs desk says the value must be on a signed proforma, the receipt alone is refused for used goods. They hold parcels until Friday 18:00, see https://customs.example/used-goods", "", (), NOW - minutes(50)),
        Message("m3", "public", HANNAH, "I just got another text asking for a “proforma”, is that the same thing as the receipt?\n\nOn Tue, 24 Nov 2026 at 09:40, Northline wrote:\n> We have your message.\n> Northline", "", (), NOW - minutes(18), intake_id="in3", to=("support@northline.example",)),
    ),
    "id48163": (
        Message("m11", "public", RAFAEL, "Bom dia! Paguei o envio NL-8841-090 para São Paulo ontem à noite e o cartão foi cobrado duas vezes.\n\nConferi o extrato e os R$ 412,90 aparecem duas vezes, preciso do estorno hoje porque o limite acabou.", "", (Attachment("att-extrato", "extrato.jpg", "image/jpeg", 96_000),), NOW - minutes(106), intake_id="in11"),
        Message("m12", "public", ANA, "Olá, Rafael! Vejo as duas cobranças, das 21:14 e 21:15. Pedi à nossa equipe financeira para confirmar qual delas foi capturada. Volto a falar com você até as 10:15.", "", (), NOW - minutes(94), delivery_state="sent"),
        Message("m13", "internal", DMITRY, "Second charge 21:15 is a retry after a gateway timeout, same order. Refund REF-20931 is created, the bank shows it in 1 to 3 days. Лимит карты вернётся сразу после отмены авторизации.", "", (), NOW - minutes(62)),
        Message("m14", "public", RAFAEL, "Alguma novidade? Já passou das 10:15", "", (), NOW - minutes(11), intake_id="in14"),
    ),
    "id48205": (
        Message("m21", "public", Actor("requester", "r48205", "Brightwave Ltd, accounts"), "Please send the October invoice again.", _INVOICE_MAIL + _INVOICE_HISTORY, (), NOW - minutes(25), intake_id="in21", to=("support@northline.example",), said_html=_INVOICE_MAIL),
    ),
    "id48210": (
        Message("m31", "public", Actor("requester", "r48210", "Joana Prates"), "Photos attached, the box had no dents at all.", "<div>Hello,</div><div><b>photos</b> attached, the box had no dents at all. See <a href='https://photos.example/a?b=1&c=2'>the album</a>.</div><ul><li>handle</li><li>left wheel</li></ul>", (Attachment("att-1", "handle.jpg", "image/jpeg", 2_400_000), Attachment("att-2", "Чек и фото.pdf", "application/pdf", 88_000)), NOW - minutes(27), intake_id="in31", to=("support@northline.example",)),
        Message("m32", "public", KATE, "Hello Joana, thank you, we are on it.", "", (), NOW - minutes(12), delivery_state="failed", delivery_reason="the recipient's mailbox is full: 552 5.2.2 over quota"),
    ),
}  # fmt: skip


def first_message(one: Ticket) -> tuple[Message, ...]:
    author = Actor("requester", one.requester.requester_id, one.requester.name)
    return (
        Message(
            f"m{one.number}",
            "public",
            author,
            one.preview,
            "",
            (),
            one.created_at,
            intake_id=f"in{one.number}",
        ),
    )


def change(
    number: int, version: int, actor: Actor, ago: float, *steps: tuple[str, str, str], **more: str
) -> Change:
    fact = "MessageAdded" if more.get("message_id") else "TicketChanged"
    return Change(
        f"id{number}:{version}:0", version, 0, more.get("fact", fact), NOW - minutes(ago), actor,
        tuple(FieldChange(*step) for step in steps), more.get("message_id", ""), more.get("cause_id", ""),
    )  # fmt: skip


CHANGES: dict[str, tuple[Change, ...]] = {
    "id48198": (
        change(48198, 1, HANNAH, 64, message_id="m1", fact="TicketOpened"),
        change(48198, 2, RULE, 64, ("group", "", "export"), ("sla_policy", "", "Export 3 h"), ("tags", "", "export/customs/documents"), cause_id="id48198:1:0"),
        change(48198, 3, DMITRY, 51, ("agent", "", "kate")),
        change(48198, 4, DMITRY, 50, message_id="m2"),
        change(48198, 5, HANNAH, 18, message_id="m3"),
    ),
    "id48163": (
        change(48163, 1, RAFAEL, 106, message_id="m11", fact="TicketOpened"),
        change(48163, 2, Actor("rule", "money", "Money questions first"), 106, ("priority", "medium", "urgent"), ("group", "", "payments"), ("sla_policy", "", "Money 1 h"), ("tags", "", "export/payment/refund"), cause_id="id48163:1:0"),
        change(48163, 3, ANA, 94, ("status", "new", "open"), ("agent", "", "ana"), message_id="m12"),
        change(48163, 4, DMITRY, 62, message_id="m13"),
        change(48163, 5, RAFAEL, 11, message_id="m14"),
    ),
}  # fmt: skip

WORDS = (
    "refund",
    "chargeback",
    "charged twice",
    "estorno",
    "cobrança em dobro",
    "возврат денег",
    "списали дважды",
)
RULES = (
    rules.Rule("bounces", "Close bounces and auto-replies", True, 1, ("ticket_opened",), rules.Test("is_automatic", "is", ("yes",)), (rules.Action("set_status", {"status": "closed"}),), True, 4, NOW - timedelta(days=30)),
    rules.Rule("customs", "Customs questions to Export", True, 3, ("ticket_opened",), rules.Test("subject", "contains_any", ("customs", "таможня", "alfândega")), (rules.Action("set_group", {"group": "export"}), rules.Action("set_sla_policy", {"policy": "Export 3 h"}), rules.Action("add_tag", {"tag": "export/customs/documents"})), False, 7, NOW - timedelta(days=3)),
    rules.Rule(
        "money", "Money questions first", True, 4, ("requester_wrote", "ticket_opened"),
        rules.ConditionGroup("all", (
            rules.Test("text", "contains_any", WORDS),
            rules.Test("channel", "any_of", ("support", "shop-api")),
            rules.ConditionGroup("none", (rules.Test("tags", "subtree", ("payment/refund/done",)), rules.Test("sender", "ends_with", ("@northline.example",)))),
        )),
        (rules.Action("set_priority", {"priority": "urgent"}), rules.Action("set_group", {"group": "payments"}), rules.Action("set_sla_policy", {"policy": "Money 1 h"}), rules.Action("add_tag", {"tag": "payment/refund"}), rules.Action("reply", {"text": "We have your request"})),
        False, 14, NOW - minutes(95),
    ),
    rules.Rule("vip", "VIP domains get high priority", True, 6, ("ticket_opened",), rules.Test("sender", "ends_with", ("@brightwave.example",)), (rules.Action("set_priority", {"priority": "high"}),), False, 2),
    rules.Rule("xmas", "Christmas cut-off dates", False, 10, ("requester_wrote",), None, (rules.Action("note", {"text": "Cut-off for Brazil is 4 December"}),), False, 1),
)  # fmt: skip
RULE_WARNINGS = (
    rules.RuleWarning("money", "undone", "rule.actions[0]", ("vip",)),
    rules.RuleWarning("vip", "event_never_matches", "rule.events[0]", ()),
)
EXPLANATION = rules.Explanation(
    "id48198:1:0", NOW - minutes(64), 31,
    (
        rules.RuleOutcome("customs", "Customs questions to Export", "matched", "", (rules.TestOutcome("subject", "contains_any", ("customs", "таможня"), "Parcel held in customs: which documents do you need?", True),), ("set_group",), "done"),
        rules.RuleOutcome("money", "Money questions first", "not_matched", "", (), (), ""),
        rules.RuleOutcome("xmas", "Christmas cut-off dates", "held_back", "disabled", (), (), ""),
    ),
)  # fmt: skip

HOURS = tuple(
    sla.OpenWindow(day, *span) for day in range(1, 6) for span in (("09:00", "13:00"), ("14:00", "18:00"))
)
CALENDARS = (
    sla.Calendar("lisbon", "Lisbon", "Europe/Lisbon", (*HOURS, sla.OpenWindow(6, "10:00", "14:00")), ("2026-12-01", "2026-12-08", "2026-12-25", "2027-01-01"), 5),
)  # fmt: skip
POLICIES = (
    sla.Policy("money", "Money 1 h", 1, (), ("payments",), "lisbon", (
        sla.PolicyTarget("first_reply", "urgent", timedelta(minutes=15), timedelta(minutes=5), "business"),
        sla.PolicyTarget("first_reply", "", timedelta(hours=1), timedelta(minutes=15), "business"),
        sla.PolicyTarget("next_reply", "", timedelta(hours=1), timedelta(minutes=15), "business"),
        sla.PolicyTarget("resolution", "", timedelta(hours=6), timedelta(0), "business")), ("pending",), 3),
    sla.Policy("export", "Export 3 h", 5, (), (), "lisbon", (
        sla.PolicyTarget("first_reply", "", timedelta(hours=3), timedelta(minutes=30), "business"),
        sla.PolicyTarget("resolution", "", timedelta(days=2), timedelta(hours=2), "calendar")), ("pending", "on_hold"), 1),
    sla.Policy("vip", "VIP", 7, (), (), "", (
        sla.PolicyTarget("requester_wait", "", timedelta(hours=8), timedelta(0), "calendar", (), ("none",)),
        sla.PolicyTarget("agent_work", "", timedelta(hours=4), timedelta(0), "calendar", (), ("pending", "new"))), ("none",), 2,
        rules.ConditionGroup("all", (rules.Test("tags", "contains", ("vip",)),)), ("notes", "merged_messages"), True),
)  # fmt: skip
TICKET_CLOCK = sla.TicketClock(
    "id48163", "money", "Money 1 h",
    (
        sla.TargetState("next_reply", "breached", NOW - minutes(86), NOW - minutes(26), None, minutes(60), minutes(86), timedelta(0), minutes(26), True),
        sla.TargetState("resolution", "running", NOW - minutes(106), NOW + minutes(314), None, minutes(360), minutes(106), minutes(40), timedelta(0), False, (sla.Pause(NOW - minutes(80), NOW - minutes(40), "pending"),)),
        sla.TargetState("first_reply", "met", NOW - minutes(106), NOW - minutes(46), NOW - minutes(94), minutes(60), minutes(12), timedelta(0), timedelta(0), False),
    ),
)  # fmt: skip
EXPLAINED_CLOCK = sla.ExplainedClock(
    "Money 1 h",
    (
        sla.ExplainedTarget(TICKET_CLOCK.targets[1], "business", "Europe/Lisbon", (
            sla.ClockSegment(NOW - minutes(106), NOW - minutes(80), "running", "", minutes(26)),
            sla.ClockSegment(NOW - minutes(80), NOW - minutes(40), "paused", "pending", minutes(26)),
            sla.ClockSegment(NOW - minutes(40), NOW - minutes(20), "closed", "outside_hours", minutes(26)),
            sla.ClockSegment(NOW - minutes(20), NOW - minutes(10), "closed", "holiday", minutes(26)),
            sla.ClockSegment(NOW - minutes(10), NOW, "running", "", minutes(36))), 3),
        sla.ExplainedTarget(TICKET_CLOCK.targets[2], "calendar", "UTC", (
            sla.ClockSegment(NOW - minutes(106), NOW - minutes(94), "running", "", minutes(12)),), 0),
    ),
)  # fmt: skip
AT_RISK = sla.AtRiskList(
    (
        sla.AtRisk("id48163", "next_reply", NOW - minutes(26), "payments", "shop-api", True),
        sla.AtRisk("id48171", "first_reply", NOW - minutes(4), "export", "support", True),
        sla.AtRisk("id48198", "next_reply", NOW + minutes(18), "export", "support", False),
        sla.AtRisk("id48210", "first_reply", NOW + minutes(33), "claims", "support", False),
    ),
    {"payments": 14, "export": 5, "claims": 3, "": 1},
)  # fmt: skip


def latency(count: int, p50: float, p95: float, p99: float) -> reports.Durations:
    return reports.Durations(count, count * p50, p50, p95, p99)


def wave(base: int, jump: int = 0) -> tuple[int, ...]:
    return tuple(base + (index * 7 % 5) - 2 + (jump * max(0, index - 8) // 7) for index in range(15))


BOARD = reports.Board(
    NOW - minutes(15), NOW,
    (
        reports.BoardChannel("support", 41.2, 41.0, 12, 20, 3, 1, latency(618, 0.08, 0.2, 0.41), wave(41), 0, 0.3),
        reports.BoardChannel("export-mail", 12.8, 12.9, 2, 20, 2, 1, latency(192, 0.07, 0.2, 0.33), wave(12), 0, 0.1),
        reports.BoardChannel("shop-api", 118.6, 96.3, 286, 60, 3, -1, latency(1779, 41, 120, 171), wave(80, 60), 0, 178),
        reports.BoardChannel("claims-mail", 4.4, 4.4, 0, 0, 1, 0, latency(66, 0.07, 0.2, 0.29), wave(4), 2, 0),
    ),
    tuple(
        reports.BoardPoint(NOW - minutes(15 - index), 160 + index % 4 * 5 + max(0, index - 8) * 9, 158 + index % 3 * 6 + max(0, index - 8) * 4, 0.07 + index * 0.001, 0.2 if index < 9 else 40.0 + index, 0.38 if index < 9 else 100.0 + 4 * index)
        for index in range(16)
    ),
    61, 44, 4275, 388, 3, 2, 315, latency(2655, 0.09, 110, 160),
)  # fmt: skip
QUEUES = (
    "tickets.email",
    "tickets.api",
    "rules.email",
    "rules.api",
    "sla.api",
    "reports.email",
    "ingest.api",
    "tickets.dead",
)
QUEUE_LOAD = tuple(
    reports.QueueLoad(name, NOW - minutes(14 - index), (at * 3 + index * (at % 3)) % 40 if name != "tickets.dead" else 2, at * 2, 0 if name == "tickets.dead" else 2, 3.1 + at, 3.0 + at)
    for at, name in enumerate(QUEUES) for index in range(15)
)  # fmt: skip

TOTAL = ingest.LedgerLine("", 4275, 1631, 2058, 13, 89, 3, 481, 0, 0)
LEDGER = ingest.Ledger(TOTAL, (
    ingest.LedgerLine("support", 1210, 480, 640, 8, 70, 2, 10, 0, 0),
    ingest.LedgerLine("export-mail", 390, 151, 230, 2, 6, 0, 1, 0, 0),
    ingest.LedgerLine("shop-api", 2540, 950, 1110, 3, 8, 0, 469, 0, 0),
    ingest.LedgerLine("claims-mail", 135, 50, 78, 0, 5, 1, 1, 0, 0),
))  # fmt: skip
LEDGER_ROWS = (
    ingest.LedgerRow("i1", "support", "in_flight", "", "hannah.becker@post.example", 3_204, NOW - timedelta(seconds=4)),
    ingest.LedgerRow("i2", "support", "ticketed", "", "rafael.t@correio.example", 48_377, NOW - minutes(9), NOW - minutes(9) + timedelta(milliseconds=180), "id48163"),
    ingest.LedgerRow("q1", "support", "quarantined", "the mail is empty", "scanner@press.example", 48_211, NOW - minutes(31)),
    ingest.LedgerRow("i3", "support", "ignored", "blocked by domain: casino.example", "win@casino.example", 9_120, NOW - minutes(95), NOW - minutes(95)),
    ingest.LedgerRow("i4", "claims-mail", "appended", "", "maria@claims.example", 2_048, NOW - minutes(7), NOW - minutes(7) + timedelta(seconds=2), "id48198"),
)  # fmt: skip
QUARANTINED = (
    ingest.Quarantined("q1", "support", "MIME: boundary without parts", "scanner@press.example", 48_211, NOW - minutes(31)),
    ingest.Quarantined("q2", "support", "charset: no reading gives text", "", 2_048, NOW - minutes(57)),
    ingest.Quarantined("q3", "claims-mail", "header of 1,048,576 bytes", "bot@flood.example", 1_310_720, NOW - timedelta(days=2)),
)  # fmt: skip
BLOCKED = (
    ingest.Quarantined("b1", "support", "blocked by domain: casino.example", "win@casino.example", 9_120, NOW - minutes(12)),
    ingest.Quarantined("b2", "claims-mail", "blocked by header: X-Spam-Flag: YES", "", 3_377, NOW - minutes(44)),
)  # fmt: skip
TRIED = (
    screening.Tried(NOW - minutes(5), "Site <robot@forms.example>", "New request", "Анна Ким", "anna@client.example", "+79123456789", "", "Где чемодан?", "Заказ оплачен, а чемодана нет.", {"order_number": "77-12"}, "", "form", "Form “Site form”: picked name, email, phone, subject, text, fields.order_number."),
    screening.Tried(NOW - minutes(9), "Site <robot@forms.example>", "New request", "Site", "robot@forms.example", "", "", "New request", "E-mail:", {}, "", "missed", "Read as ordinary mail, although a pattern is meant for it: “Site form” found no e-mail, phone or external id of whoever wrote."),
    screening.Tried(NOW - minutes(30), "Boris <boris@client.example>", "Hello", "Boris", "boris@client.example", "", "", "Hello", "Good day", {}, "", "", ""),
)  # fmt: skip
RAW = b"From: scanner@press.example\r\nTo: support@northline.example\r\nSubject: =?x-nothing?Q?scan?=\r\nContent-Type: multipart/mixed; boundary=none\r\n\r\n<script>alert(1)</script>\r\n\xff\xfe\x00 raw bytes\r\n"
SENDS = (
    ingest.Send("s1", "id48163", "m12", "shop-api", "rafael.t@correio.example", "sent", "", 1, None, NOW - minutes(94)),
    ingest.Send("s2", "id48210", "m32", "support", "joanaprates@post.example", "failed", "gave up after 12 attempts: the recipient's mailbox is full: 452 4.2.2 over quota", 3, None, NOW - minutes(9)),
    ingest.Send("s3", "id48187", "m48187", "support", "person48187@post.example", "unknown", "the process died while the mail was handed over", 1, None, NOW - minutes(3)),
    ingest.Send("s4", "id48193", "m48193", "support", "person48193@post.example", "queued", "", 1, NOW + minutes(4), NOW - minutes(1)),
)  # fmt: skip
MAILS = (
    ingest.CaughtMail("c2", "support@northline.example", ("hannahbecker@post.example",), "Re: Parcel held in customs: which documents do you need?", NOW - minutes(2), "Hello Hannah,\n\nyes, please sign the proforma attached.\n\nKate, Northline"),
    ingest.CaughtMail("c1", "support@northline.example", ("maria@post.example",), "Re: Посылка NL-7718-442 вручена не мне", NOW - minutes(40), "Здравствуйте, Мария!\n\nМы уже разбираемся с курьером."),
)  # fmt: skip

# Everything that a mail has ever tried, in one message; the probe's address must never be asked for.
HOSTILE_HTML = """
<html><head><meta http-equiv="refresh" content="0;url=/hostile/refresh"><base href="/hostile/">
<style>@import url('/hostile/import.css'); body{background:url(/hostile/style.png)}</style>
<link rel="stylesheet" href="/hostile/link.css"></head>
<body onload="document.title='hostile'" background="/hostile/background.png">
<script>document.title='hostile'; fetch('/hostile/script')</script>
<p style="background-image:url('/hostile/inline.png');position:fixed">Hello</p>
<img src="/hostile/image.png" onerror="document.title='hostile'"><img src="https://hostile.example/remote.gif">
<svg onload="document.title='hostile'"><script>document.title='hostile'</script><image href="/hostile/svg.png"/></svg>
<form action="/hostile/form"><input name="a" autofocus onfocus="document.title='hostile'"><button>Go</button></form>
<iframe src="/hostile/frame"></iframe><object data="/hostile/object"></object><embed src="/hostile/embed">
<video src="/hostile/video" autoplay></video><audio src="/hostile/audio" autoplay></audio>
<div hx-get="/hostile/htmx" hx-trigger="load" data-hx-get="/hostile/htmx2">htmx</div>
<a href="javascript:document.title='hostile'" id="run">run</a><a href="data:text/html,<script>1</script>">data</a>
<math><mtext><style><img src=x onerror="document.title='hostile'"></style></mtext></math>
<table><tr><td>cell</td></tr></table></body></html>"""
HOSTILE_TEXT = (
    '<script>document.title=\'hostile\'</script> <div hx-get="/hostile/text" hx-trigger="load">x</div>'
    ' {{ 7*7 }} javascript:alert(1) https://good.example/a"onmouseover=alert(1)'
)


def hostile_tickets() -> tuple[tuple[Ticket, tuple[Message, ...]], ...]:
    """Tickets whose messages attack the page, one by rich HTML, one by text, one by simple HTML."""
    evil = Actor("requester", "evil", "<img src=/hostile/name.png onerror=\"document.title='hostile'\">")
    simple = '<p onclick="document.title=\'hostile\'">Hi <b onmouseover="1">there</b> <a href="javascript:document.title=\'hostile\'">run</a> <span hx-get="/hostile/simple" hx-trigger="load">x</span></p>'
    bodies = {66601: ("", HOSTILE_HTML), 66602: (HOSTILE_TEXT, ""), 66603: ("", simple)}
    made = []
    for number, (text, html) in bodies.items():
        one = ticket(number, HOSTILE_TEXT, evil.name, HOSTILE_TEXT, due=30, tags=("<b>bold</b>",))
        message = Message(
            f"m{number}",
            "public",
            evil,
            text,
            html,
            (Attachment("att-evil", "evil.html", "text/html", 10),),
            NOW,
            intake_id=f"in{number}",
        )
        made.append((replace(one, version=1), (message,)))
    return tuple(made)
