"""What was newly said, in plain text as the programs of many languages write it."""
# ruff: noqa: E501  (a sample keeps its line)

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.domain.quotes import said_in_text

# Client and language, and the line or lines it writes above the quote.
ATTRIBUTIONS = {
    "gmail-en": "On Wed, Jun 5, 2024 at 10:15 AM Nora Falk <nora@shop.example> wrote:",
    "gmail-en-wrapped": "On Wed, Jun 5, 2024 at 10:15 AM Nora Falk from the parcel desk <\nnora@shop.example> wrote:",
    "gmail-en-verb-below": "On Wed, Jun 5, 2024 at 10:15 AM Nora Falk <nora@shop.example>\nwrote:",
    "apple-en": "On 5 Jun 2024, at 10:15, Nora Falk <nora@shop.example> wrote:",
    "gmail-pt": "Em qua., 5 de jun. de 2024 às 10:15, Nora Falk <nora@shop.example>\nescreveu:",
    "thunderbird-pt": "Em 05/06/2024 10:15, Nora Falk escreveu:",
    "apple-pt": "No dia 05/06/2024, às 10:15, Nora Falk <nora@shop.example> escreveu:",
    "gmail-es": "El mié, 5 jun 2024 a las 10:15, Nora Falk (<nora@shop.example>) escribió:",
    "apple-es": "El 5 jun 2024, a las 10:15, Nora Falk <nora@shop.example> escribió:",
    "gmail-ru": "ср, 5 июн. 2024 г. в 10:15, Nora Falk <nora@shop.example>:",
    "thunderbird-ru": "05.06.2024 10:15, Nora Falk пишет:",
    "apple-ru": "5 июня 2024 г., в 10:15, Nora Falk <nora@shop.example> написал(а):",
    "mail-ru": "Среда, 5 июня 2024, 10:15 +03:00 от Nora Falk <nora@shop.example>:",
    "yandex-ru": '05.06.2024, 10:15, "Nora Falk" <nora@shop.example>:',
    "gmail-uk": "ср, 5 черв. 2024 р. о 10:15 Nora Falk <nora@shop.example> пише:",
    "thunderbird-uk": "05.06.2024 10:15, Nora Falk пише:",
    "ukrnet-uk": "5 червня 2024, 10:15:42, від \"Nora Falk\" <nora@shop.example>:",
    "gmail-de": "Am Mi., 5. Juni 2024 um 10:15 Uhr schrieb Nora Falk <nora@shop.example>:",
    "thunderbird-de": "Am 05.06.24 um 10:15 schrieb Nora Falk:",
    "gmail-fr": "Le mer. 5 juin 2024 à 10:15, Nora Falk <nora@shop.example>\na écrit :",
    "thunderbird-fr": "Le 05/06/2024 à 10:15, Nora Falk a écrit\xa0:",
    "gmail-it": "Il giorno mer 5 giu 2024 alle ore 10:15 Nora Falk <nora@shop.example> ha scritto:",
    "gmail-nl": "Op wo 5 jun 2024 om 10:15 schreef Nora Falk <nora@shop.example>:",
    "apple-nl": "Op 5 jun 2024, om 10:15 heeft Nora Falk <nora@shop.example> het volgende geschreven:",
    "gmail-pl": "śr., 5 cze 2024 o 10:15 Nora Falk <nora@shop.example> napisał(a):",
    "thunderbird-pl": "W dniu 5.06.2024 o 10:15, Nora Falk pisze:",
    "gmail-cs": "st 5. 6. 2024 v 10:15 odesílatel Nora Falk <nora@shop.example> napsal:",
    "gmail-sk": "st 5. 6. 2024 o 10:15 Nora Falk <nora@shop.example> napísal(a):",
    "gmail-sv": "Den ons 5 juni 2024 kl 10:15 skrev Nora Falk <nora@shop.example>:",
    "gmail-da": "Den ons. 5. jun. 2024 kl. 10.15 skrev Nora Falk <nora@shop.example>:",
    "gmail-no": "ons. 5. juni 2024 kl. 10:15 skrev Nora Falk <nora@shop.example\n>:",
    "gmail-fi": "ke 5. kesäk. 2024 klo 10.15 Nora Falk (nora@shop.example) kirjoitti:",
    "gmail-tr": "Nora Falk <nora@shop.example>, 5 Haz 2024 Çar, 10:15 tarihinde şunu yazdı:",
    "gmail-hu": "Nora Falk <nora@shop.example> ezt írta (időpont: 2024. jún. 5., Sze, 10:15):",
    "gmail-ro": "În mie., 5 iun. 2024 la 10:15, Nora Falk <nora@shop.example> a scris:",
    "gmail-el": "Στις Τετ 5 Ιουν 2024 στις 10:15 π.μ., ο χρήστης Nora Falk <nora@shop.example> έγραψε:",
    "gmail-bg": "На ср, 5.06.2024 г. в 10:15 Nora Falk <nora@shop.example> написа:",
    "gmail-ja": "2024年6月5日(水) 10:15 Nora Falk <nora@shop.example>:",
    "gmail-zh": "Nora Falk <nora@shop.example> 于2024年6月5日周三 10:15写道：",
    "gmail-ko": "2024년 6월 5일 (수) 오전 10:15, Nora Falk <nora@shop.example>님이 작성:",
    "gmail-vi": "Vào Th 4, 5 thg 6, 2024 vào lúc 10:15 Nora Falk <nora@shop.example> đã viết:",
    "gmail-id": "Pada tanggal Rab, 5 Jun 2024 pukul 10.15 Nora Falk <nora@shop.example> menulis:",
    "gmail-he": "\u202bבתאריך יום ד׳, 5 ביוני 2024 ב-10:15 מאת \u202aNora Falk\u202c\u200f <\u202anora@shop.example\u202c\u200f>:\u202c",
    "lotus-en": "Nora Falk/SHOP wrote on 05/06/2024 10:15:12:",
    "rambler-ru": "05.06.2024, 10:15, Nora Falk nora@shop.example :",
    "a-language-that-nobody-listed": "Mnemo 5.6.2024, 10:15, Nora Falk <nora@shop.example>:",
}  # fmt: skip
# Client and language, and the head of the mail that it writes below a rule or none.
HEADS = {
    "outlook-en": "From: Nora Falk <nora@shop.example>\nSent: Wednesday, June 5, 2024 10:15 AM\nTo: Ivo Lang\nSubject: RE: Order",
    "outlook-en-rule": "________________________________\nFrom: Nora Falk\nSent: 5 June 2024\nTo: Ivo Lang\nSubject: RE: Order",
    "outlook-en-original": "-----Original Message-----\nFrom: Nora Falk\nSent: 5 June 2024\nSubject: RE: Order",
    "outlook-en-bold": "*From:* Nora Falk <nora@shop.example>\n*Sent:* 5 June 2024\n*To:* Ivo Lang\n*Subject:* Order",
    "outlook-pt": "De: Nora Falk <nora@shop.example>\nEnviada em: quarta-feira, 5 de junho de 2024 10:15\nPara: Ivo\nAssunto: Pedido",
    "outlook-es": "De: Nora Falk <nora@shop.example>\nEnviado el: miércoles, 5 de junio de 2024 10:15\nPara: Ivo\nAsunto: Pedido",
    "outlook-ru": "От: Nora Falk <nora@shop.example>\nОтправлено: 5 июня 2024 г. 10:15\nКому: Иво Ланг\nТема: Заказ",
    "outlook-ru-original": "-----Исходное сообщение-----\nОт: Nora Falk\nОтправлено: 5 июня 2024 г.\nКому: Иво\nТема: Заказ",
    "outlook-uk": "Від: Nora Falk <nora@shop.example>\nНадіслано: 5 червня 2024 р. 10:15\nКому: Іво Ланг\nТема: Замовлення",
    "outlook-de": "Von: Nora Falk <nora@shop.example>\nGesendet: Mittwoch, 5. Juni 2024 10:15\nAn: Ivo Lang\nBetreff: AW: Bestellung",
    "outlook-de-original": "-----Ursprüngliche Nachricht-----\nVon: Nora Falk\nGesendet: 5. Juni 2024\nAn: Ivo\nBetreff: Bestellung",
    "outlook-fr": "De : Nora Falk <nora@shop.example>\nEnvoyé : mercredi 5 juin 2024 10:15\nÀ : Ivo Lang\nObjet : Commande",
    "laposte-fr": "Message du : 05/06/2024 10:15\nDe : \"Nora Falk\" <nora@shop.example>\nA : ivo@mail.example\nSujet : Commande",
    "outlook-it": "Da: Nora Falk <nora@shop.example>\nInviato: mercoledì 5 giugno 2024 10:15\nA: Ivo Lang\nOggetto: Ordine",
    "outlook-nl": "Van: Nora Falk <nora@shop.example>\nVerzonden: woensdag 5 juni 2024 10:15\nAan: Ivo Lang\nOnderwerp: Bestelling",
    "outlook-pl": "Od: Nora Falk <nora@shop.example>\nWysłano: środa, 5 czerwca 2024 10:15\nDo: Ivo Lang\nTemat: Zamówienie",
    "outlook-cs": "Od: Nora Falk <nora@shop.example>\nOdesláno: středa 5. června 2024 10:15\nKomu: Ivo Lang\nPředmět: Objednávka",
    "outlook-sv": "Från: Nora Falk <nora@shop.example>\nSkickat: den 5 juni 2024 10:15\nTill: Ivo Lang\nÄmne: Order",
    "outlook-da": "Fra: Nora Falk <nora@shop.example>\nSendt: 5. juni 2024 10:15\nTil: Ivo Lang\nEmne: Ordre",
    "outlook-fi": "Lähettäjä: Nora Falk <nora@shop.example>\nLähetetty: 5. kesäkuuta 2024 10:15\nVastaanottaja: Ivo\nAihe: Tilaus",
    "outlook-tr": "Kimden: Nora Falk <nora@shop.example>\nGönderildi: 5 Haziran 2024 10:15\nKime: Ivo Lang\nKonu: Sipariş",
    "outlook-hu": "Feladó: Nora Falk <nora@shop.example>\nElküldve: 2024. június 5. 10:15\nCímzett: Ivo Lang\nTárgy: Rendelés",
    "outlook-ja": "差出人: Nora Falk <nora@shop.example>\n送信日時: 2024年6月5日 10:15\n宛先: Ivo Lang\n件名: 注文",
    "outlook-zh": "发件人: Nora Falk <nora@shop.example>\n发送时间: 2024年6月5日 10:15\n收件人: Ivo Lang\n主题: 订单",
    "outlook-ko": "보낸 사람: Nora Falk <nora@shop.example>\n보낸 날짜: 2024년 6월 5일\n받는 사람: Ivo Lang\n제목: 주문",
    "qq-zh-entity": "------------------&nbsp;原始邮件&nbsp;------------------\n发件人: nora@shop.example\n主题: 订单",
    "qq-zh": "------------------ 原始邮件 ------------------\n发件人: \"Nora Falk\" <nora@shop.example>\n发送时间: 2024年6月5日\n主题: 订单",
    "gmail-forward": "---------- Forwarded message ---------\nFrom: Nora Falk <nora@shop.example>\nDate: Wed, 5 Jun 2024\nSubject: Order",
    "yandex-forward": "-------- Пересылаемое сообщение --------\n05.06.2024, 10:15, \"Nora Falk\" <nora@shop.example>:",
    "samsung-de": "-------- Ursprüngliche Nachricht --------\nVon: Nora Falk <nora@shop.example>\nDatum: 05.06.24 10:15 (GMT+01:00)",
}  # fmt: skip
SAID = "The parcel came today, but the lid is broken.\n\nCan you send another one?"


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_the_quote_below_an_attribution_is_cut(name: str) -> None:
    assert said_in_text(f"{SAID}\n\n{ATTRIBUTIONS[name]}\n> Has it come?\n>\n> Nora\n") == SAID


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_history_without_marks_below_an_attribution_is_cut(name: str) -> None:
    assert said_in_text(f"{SAID}\n\n{ATTRIBUTIONS[name]}\n\nHas it come?\n\nNora\n") == SAID


@pytest.mark.parametrize("name", HEADS)
def test_history_below_the_head_of_a_mail_is_cut(name: str) -> None:
    assert said_in_text(f"{SAID}\n\n{HEADS[name]}\n\nHas it come?\n") == SAID


@pytest.mark.parametrize("name", ATTRIBUTIONS)
def test_an_answer_below_the_quote_is_kept_alone(name: str) -> None:
    assert said_in_text(f"{ATTRIBUTIONS[name]}\n> Has it come?\n> Nora\n\n{SAID}\n") == SAID


@pytest.mark.parametrize(
    "signature",
    [
        "-- \nIvo Lang\nHead of purchasing\n+49 30 1234567",
        "--\nIvo Lang",
        "—\nIvo Lang\nivo@lang.example",
        "Sent from my iPhone",
        "Get Outlook for iOS<https://aka.example/o>",
        "Sent from Yahoo Mail on Android",
        "Enviado do meu iPhone",
        "Enviado desde mi iPhone",
        "Отправлено с iPhone",
        "Отправлено из мобильной Почты Mail.ru",
        "Надіслано з мого iPhone",
        "Von meinem iPhone gesendet",
        "Gesendet von Outlook für Android",
        "Envoyé de mon iPhone",
        "Inviato da iPhone",
        "Verstuurd vanaf mijn iPhone",
        "Wysłane z iPhone'a",
        "Odesláno z iPhonu",
        "Skickat från min iPhone",
        "Sendt fra min iPhone",
        "Lähetetty iPhonesta",
        "iPhone'umdan gönderildi",
        "Az én iPhone-omról küldve",
        "Trimis de pe iPhone-ul meu",
        "Στάλθηκε από το iPhone μου",
        "iPhoneから送信",
        "发自我的iPhone",
        "나의 iPhone에서 보냄",
        "Best regards,\nIvo Lang",
        "Kind regards\n\nIvo Lang\nLang & Sons\nTel: +49 30 1234567",
        "Thanks,\nIvo",
        "Atenciosamente,\nIvo Lang",
        "Un saludo,\nIvo Lang",
        "С уважением,\nИво Ланг\nтел. +7 921 1234567",
        "С уважением, Иво",
        "З повагою,\nІво Ланг",
        "Mit freundlichen Grüßen\nIvo Lang",
        "Cordialement,\nIvo Lang",
        "Cordiali saluti\nIvo Lang",
        "Met vriendelijke groet,\nIvo Lang",
        "Pozdrawiam,\nIvo Lang",
        "S pozdravem\nIvo Lang",
        "Med vänliga hälsningar\nIvo Lang",
        "Med venlig hilsen\nIvo Lang",
        "Ystävällisin terveisin\nIvo Lang",
        "Üdvözlettel,\nIvo Lang",
        "Saygılarımla,\nIvo Lang",
        "Cu stimă,\nIvo Lang",
        "Με εκτίμηση,\nIvo Lang",
        "Regards,\nIvo\n\n-- \nIvo Lang\n\nSent from my iPad",
        "This e-mail and any attachments are confidential. If you are not the addressee, delete it.",
        "Diese E-Mail enthält vertrauliche Informationen. Bitte löschen Sie sie, wenn sie nicht für Sie ist.",
    ],
)
def test_a_signature_is_cut_with_and_without_history(signature: str) -> None:
    assert said_in_text(f"{SAID}\n\n{signature}\n") == SAID
    assert said_in_text(f"{SAID}\n\n{signature}\n\n{ATTRIBUTIONS['gmail-en']}\n> Has it come?\n") == SAID


def test_answers_between_quotes_stay_with_what_they_answer() -> None:
    inline = "> Which colour?\n\nBlue.\n\n> Which size?\n\nLarge."
    assert said_in_text(f"{inline}\n\n> Yours\n> Nora\n") == inline
    assert said_in_text(f"{ATTRIBUTIONS['gmail-de']}\n{inline}") == ""
    assert said_in_text(f"Hello,\n\n{ATTRIBUTIONS['gmail-fr']}\n{inline}") == ""


def test_a_greeting_above_the_quote_keeps_the_quote_that_is_answered_below() -> None:
    text = "Hello Nora,\n\n> Which size?\n\nLarge."
    assert said_in_text(text) == ""


@pytest.mark.parametrize(
    "own", ["", "FYI\n\n", "Fyi.\n\n", "К сведению\n\n", "zur Info\n", "Segue abaixo.\n\n"]
)
@pytest.mark.parametrize(
    "name", ["gmail-forward", "outlook-en", "outlook-ru", "yandex-forward", "outlook-de-original"]
)
def test_a_mail_that_is_only_passed_on_stays_whole(own: str, name: str) -> None:
    assert said_in_text(f"{own}{HEADS[name]}\n\nThe lid is broken.\n") == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Just a line.",
        "> all of it",
        "On Thursday:\n\nwe moved.",
        "On 5 May 2024 I wrote:\n\nPlease come at ten.",
        "I need a lift.\nFrom: Riga\nTo: Tartu\nDate: 5 June 2024\nThank you",
        "On the one hand this,\non the other hand that: nothing.",
        "The list:\n- one\n- two\n- And three",
        "a\n----\nb is more than c, and this is a sentence.",
        "This was sent from my office, yesterday.",
        "I asked with regards to the invoice.",
        "Please call me at 10:15: I am at home.\nIvo",
        "Does it cost 5 > 3?",
        "Two things:\n-- the lid\n-- the box\nBoth broke.",
        "Thanks!",
        "On Monday 10.06.2024 send it to ivo@lang.example:\nthe lid",
        "My data: Ivo Lang, ivo@lang.example, written on 05.06.2024 at 10:15:\nstreet 5",
    ],
)
def test_nothing_is_cut_where_nothing_is_sure(text: str) -> None:
    assert said_in_text(text) == ""


def test_a_line_with_a_date_of_one_s_own_stands_above_a_quote_and_stays() -> None:
    text = "The log of today says:\n> disk full\nWhat now?"
    assert said_in_text(text) == ""


def test_lines_that_a_client_wrapped_inside_a_quote_belong_to_it() -> None:
    quote = "> We have sent the parcel to the address that you gave us in your letter of\nlast week, by post\n> and by courier."
    assert said_in_text(f"Fine.\n\n{ATTRIBUTIONS['gmail-en']}\n{quote}\n") == "Fine."


def test_a_name_after_a_dash_is_a_signature_and_an_item_of_a_list_is_none() -> None:
    assert said_in_text("It works.\n\n-Ivo Lang") == "It works."
    assert said_in_text("I take:\n\n- And the lid") == ""


_PIECES = st.sampled_from([
    "", "Hello", "> quoted", ">", "-- ", "--", "Regards,", "Ivo", "FYI", "On 5 Jun 2024, at 10:15, N <n@s.example> wrote:", "wrote:",
    "From: N <n@s.example>", "Sent: 5 June 2024", "To: I", "Subject: x", "-----Original Message-----", "Sent from my iPhone", "____",
    "Thanks,", "a long sentence with many words in it, which nobody would take for a name, and a stop.", ">:", "http://x.example",
])  # fmt: skip


@settings(max_examples=500)
@given(st.lists(_PIECES, max_size=14))
def test_what_remains_is_a_run_of_the_lines_with_words_in_it_and_stays_as_it_is(lines: list[str]) -> None:
    text = "\n".join(lines)
    said = said_in_text(text)
    if said:
        assert said.strip()
        assert len(said) < len(text)
        assert f"\n{said}\n" in f"\n{text}\n"
        assert said_in_text(said) == ""


@given(st.text())
def test_any_text_is_survived_and_nothing_is_added_to_it(text: str) -> None:
    assert said_in_text(text) in text.replace("\r", "")


def test_a_mail_of_more_lines_than_people_write_is_left_whole_unread() -> None:
    assert said_in_text("Hello\n" + "x wrote:\n>\n" * 5_000) == ""


@pytest.mark.parametrize(
    "closing",
    ["Mvh Karin", "S pozdravem Karel Novotný", "Best regards John P. Falk", "С уважением Мария Котова"],
)
def test_a_formula_with_the_name_on_its_line_is_cut(closing: str) -> None:
    assert said_in_text(f"{SAID}\n\n{closing}\n") == SAID


@pytest.mark.parametrize(
    "line", ["Best Western Hotel", "LG Electronics", "Thanks John", "Regards go to Anna too"]
)
def test_what_only_begins_like_a_formula_stays(line: str) -> None:
    assert said_in_text(f"Which one?\n\n{line}\n") == ""
