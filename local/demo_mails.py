"""The demo's mails: what a morning brings to a support mailbox."""

import email
import email.policy
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import make_msgid

from chassis.clock import epoch_milliseconds

# How many tickets the first mails become, and how many mails come later.
TICKETS = 8
LATER = 4
ANSWERED_SUBJECT = "Parcel held in customs: which documents do you need?"
# Words of the answer by which it is known again.
ANSWER_WORDS = "a signed proforma invoice"
ANSWER = (
    "Hello Hannah,\n\ncustoms needs a signed proforma invoice; the receipt alone is refused for used goods.\n"
    "They hold parcels until Friday 18:00.\n\nKate Miller"
)


def now() -> datetime:
    """For Date headers, which are for display only."""
    return datetime.fromtimestamp(epoch_milliseconds() / 1000, UTC)


def _mail(sender: str, to: str, subject: str, text: str, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = make_msgid(domain="mail.example")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    return mail


def first_mails(mailbox: str) -> list[EmailMessage]:
    """Eight strangers, each about a thing of their own."""
    customs = _mail(
        "Hannah Becker <hannah.becker@post.example>",
        mailbox,
        ANSWERED_SUBJECT,
        "Hello,\n\nmy parcel NL-2205-718 from Portland has been in customs in Leipzig since Thursday.\n"
        "The tracking page says “documents requested”, but nobody has written to me.\n\n"
        "Which documents do you need, and where do I send them? The receipt is attached.\n\nHannah",
    )
    customs.add_attachment(
        b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n",
        maintype="application",
        subtype="pdf",
        filename="receipt-portland.pdf",
    )
    double = _mail(
        "Rafael Souza <rafael.souza@correio.example>",
        mailbox,
        "Cobrança em dobro no envio para o Brasil",
        "Bom dia,\n\nConferi o extrato e os R$ 412,90 aparecem duas vezes. Peço o estorno de uma delas.\n\nRafael",
    )
    cyrillic = _mail(
        "Игорь Лапшин <igor.lapshin@pochta.example>",
        mailbox,
        "Посылка NL-7718-442 вручена не мне",
        "Здравствуйте!\n\nСтатус «вручено», но посылку я не получал. Проверьте, пожалуйста, кому её отдали.\n\nИгорь",
    )
    urgent = _mail(
        "Joana Prates <joana@prates.example>",
        mailbox,
        "Urgent: courier broke the handle of my suitcase",
        "Photos attached, the box had no dent at all. I fly on Monday and need a replacement.\n\nJoana",
    )
    invoice = _mail(
        "Brightwave Ltd, accounts <accounts@brightwave.example>",
        mailbox,
        "October invoice without our VAT number",
        "Could you send it again with GB 812 3344 07, please?\n\nBest regards\nAccounts, Brightwave Ltd",
    )
    rich = _mail(
        "Luís Carvalho <luis@carvalho.example>",
        mailbox,
        "Mudança de endereço antes da entrega",
        "Obrigado, vou confirmar com o porteiro.",
    )
    rich.add_alternative(
        "<html><body><p>Bom dia,</p><p>podem entregar na <b>Rua do Carmo 12</b>, em vez da morada da encomenda?</p>"
        "<script>document.title='never'</script><p>Obrigado<br>Luís</p></body></html>",
        subtype="html",
    )
    question = _mail(
        "Алия Гарипова <aliya@mail-kazan.example>",
        mailbox,
        "Куда сдать возврат в Казани?",
        "Адрес на сайте закрыт на ремонт. Подскажите другой пункт приёма.\n\nАлия",
    )
    shop = _mail(
        "Shopkeeper <dev@shopkeeper.example>",
        mailbox,
        "API answers 409 on label creation since this morning",
        "The idempotency key is used once per label on our side. Request id in the attachment.\n",
    )
    shop.add_attachment("request-id: 7f3e\nstatus: 409\n", filename="trace.txt")
    return [customs, double, cyrillic, urgent, invoice, rich, question, shop]


def later_mails(mailbox: str, our_message_id: str, first: list[EmailMessage]) -> list[EmailMessage]:
    """Two answers in threads, an auto-reply and a bounce."""
    customs, _, cyrillic = first[0], first[1], first[2]
    reply = _mail(
        str(customs["From"]),
        mailbox,
        f"Re: {ANSWERED_SUBJECT}",
        "I just got another text asking for a “proforma”, is that the same thing as the receipt?\n\n"
        "> customs needs a signed proforma invoice\n",
        In_Reply_To=our_message_id,
        References=f"{customs['Message-ID']} {our_message_id}",
    )
    second = _mail(
        str(cyrillic["From"]),
        mailbox,
        f"Re: {cyrillic['Subject']}",
        "Дополнение: курьер назвал чужую фамилию.\n",
        In_Reply_To=str(cyrillic["Message-ID"]),
        References=str(cyrillic["Message-ID"]),
    )
    away = _mail(
        str(first[4]["From"]),
        mailbox,
        "Out of office: October invoice without our VAT number",
        "I am away until Thursday.\n",
        In_Reply_To=str(first[4]["Message-ID"]),
        References=str(first[4]["Message-ID"]),
        Auto_Submitted="auto-replied",
    )
    return [reply, second, away, bounce_of(our_message_id, mailbox)]


def bounce_of(
    our_message_id: str,
    mailbox: str,
    code: str = "4.2.2",
    *,
    address: str = "hannah.becker@post.example",
) -> EmailMessage:
    """A delivery status notification (RFC 3464) for a mail of ours, with its enhanced status code (RFC 3463)."""
    return email.message_from_string(
        "From: Mail Delivery System <mailer-daemon@post.example>\n"
        f"To: {mailbox}\n"
        "Subject: Undelivered Mail Returned to Sender\n"
        f"Message-ID: {make_msgid(domain='post.example')}\n"
        "Auto-Submitted: auto-replied\n"
        "MIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="bounce-7f3e"\n'
        "\n"
        "--bounce-7f3e\n"
        "\n"
        f"The mailbox of {address} cannot be reached; your message was not delivered.\n"
        "\n"
        "--bounce-7f3e\n"
        "Content-Type: message/delivery-status\n"
        "\n"
        "Reporting-MTA: dns; mx.post.example\n"
        "\n"
        f"Final-Recipient: rfc822; {address}\n"
        "Action: failed\n"
        f"Status: {code}\n"
        f"Diagnostic-Code: smtp; {code[0]}52 {code} Mailbox unavailable\n"
        "\n"
        "--bounce-7f3e\n"
        "Content-Type: text/rfc822-headers\n"
        "\n"
        f"Message-ID: {our_message_id}\n"
        f"From: {mailbox}\n"
        f"To: {address}\n"
        "\n"
        "--bounce-7f3e--\n",
        policy=email.policy.default,
    )
