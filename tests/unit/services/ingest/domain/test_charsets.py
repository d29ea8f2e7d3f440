"""Bytes become the words that were meant, whatever the sender says they are."""

import pytest

from services.ingest.domain import charsets
from services.ingest.domain.headers import decode_words, parse_parameterised

RUSSIAN = "Здравствуйте! Прошу вернуть деньги за заказ номер 77, посылка пришла повреждённой."
UKRAINIAN = "Де моє замовлення? Дякую за відповідь, їжачок."
CHINESE = "你好，我的订单在哪里？请尽快回复，谢谢。"
JAPANESE = "注文はどこですか。早めにお返事ください。"
GERMAN = "Könnten Sie mir bitte sagen – „wo“ die Bestellung für Herrn Groß bleibt?"
GREEK = "Πού είναι η παραγγελία μου; Ευχαριστώ πολύ."
HEBREW = "שלום, איפה ההזמנה שלי? תודה רבה."
ARABIC = "أين طلبي؟ شكرا جزيلا لكم"

# What was written, how it was encoded, what the sender called it.
CALLED = [
    *((RUSSIAN, real, said) for real in ("koi8_r", "cp1251", "iso8859_5", "cp866") for said in ("iso-8859-1", "utf-8", "")),
    *((RUSSIAN, "utf-8", said) for said in ("iso-8859-1", "windows-1251", "koi8-r", "us-ascii", "utf-16", "")),
    *((RUSSIAN, real, said) for real, said in (("koi8_r", "windows-1251"), ("cp1251", "koi8-r"))),
    *((RUSSIAN.upper(), real, said) for real in ("koi8_r", "cp1251") for said in (real, "iso-8859-1", "")),
    *((words, "cp1251", "iso-8859-1") for words in ("Заказ", "Привет", "Где мой заказ?", UKRAINIAN)),
    *((UKRAINIAN, "koi8_u", said) for said in ("koi8-u", "")),
    *((RUSSIAN, "utf-7", said) for said in ("utf-7", "unicode-1-1-utf-7")),
    *((CHINESE, "gb18030", said) for said in ("gb18030", "gb2312", "iso-8859-1", "utf-8", "")),
    (CHINESE, "utf-8", "gb2312"),
    *((JAPANESE, "iso2022_jp", said) for said in ("iso-2022-jp", "us-ascii", "utf-8", "")),
    *((JAPANESE, "cp932", said) for said in ("shift_jis", "iso-8859-1", "")),
    (JAPANESE, "euc_jp", ""),
    ("안녕하세요. 주문이 어디에 있습니까?", "cp949", "utf-8"),
    ("안녕하세요. 주문이 어디에 있습니까?", "iso2022_kr", "us-ascii"),
    *((GERMAN, "cp1252", said) for said in ("iso-8859-1", "us-ascii", "utf-8", "")),
    ("Proszę o odpowiedź, dziękuję.", "cp1250", "iso-8859-2"),
    ("Proszę o odpowiedź, dziękuję.", "iso8859_2", "iso-8859-2"),
    (GREEK, "cp1253", ""),
    (HEBREW, "cp1255", ""),
    (ARABIC, "cp1256", ""),
    ("hello é\n", "utf-16", "utf-16"),
    ("hello\n", "utf-8", "utf-32"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "real", "said"), CALLED)
def test_a_text_is_read_whatever_it_is_called(text: str, real: str, said: str) -> None:
    assert charsets.decode(text.encode(real), said)[0] == text


@pytest.mark.parametrize(
    "text", ["Rückgabe für Müller", "Ça va? Déjà reçu", "Smörgåsbord", "São Paulo", "ÄÖÜ", "30 °C – ½"]
)
def test_western_words_stay_western(text: str) -> None:
    assert charsets.decode(text.encode("cp1252"), "iso-8859-1") == (text, False)


@pytest.mark.parametrize(
    ("text", "real"), [(RUSSIAN, "koi8-r"), (RUSSIAN, "windows-1251"), ("МЁД iPhone еМ", "windows-1251")]
)
def test_what_is_rightly_declared_is_not_doubted(text: str, real: str) -> None:
    assert charsets.decode(text.encode(real), real) == (text, False)


WORDS = {
    "=?utf-8?Q?=D0=9F=D1=80=D0?= =?utf-8?Q?=B8=D0=B2=D0=B5=D1=82?=": "Привет",
    "=?UTF-8?B?0J/RgNA=?= =?utf-8?B?uNCy0LXRgg==?=": "Привет",
    "=?windows-1251?B?0J/RgNC40LLQtdGC?=": "Привет",
    "=?iso-8859-1?Q?=D0=9F=D1=80=D0=B8=D0=B2=D0=B5=D1=82?=": "Привет",
    "=?utf-8?Q?=CF=F0=E8=E2=E5=F2_=EC=E8=F0?=": "Привет мир",
    "=?unknown-8bit?B?0J/RgNC40LLQtdGC?=": "Привет",
    '"=?utf-8?B?0J/RgNC40LLQtdGC?="': '"Привет"',
    "=?utf-8?Q?with spaces inside?=": "with spaces inside",
    "=?utf-8*ru?Q?=D0=9F?=": "П",
    "=?ISO-2022-JP?B?GyRCQ21KOA==?= =?ISO-2022-JP?B?GyRCQ21KOBsoQg==?=": "注文注文",
    "=?utf-7?Q?+BB8EQAQ4BDIENQRC-?=": "Привет",
    "=?utf-8?B?0J/RgNC40LLQtdGC": "=?utf-8?B?0J/RgNC40LLQtdGC",
}


@pytest.mark.parametrize("raw", WORDS)
def test_encoded_words_are_read_though_broken(raw: str) -> None:
    assert decode_words(raw) == WORDS[raw]


NAMES = {
    "application/pdf; name*=utf-8''%D0%9F.pdf; name=x.pdf": "П.pdf",
    "application/pdf; name*1*=%80.pdf; name*0*=utf-8''%D1": "р.pdf",
    "application/pdf; name*0*=utf-8''%D0%9F; name*1=\"%20b.pdf\"": "П%20b.pdf",
    "application/pdf; name*=%D0%9F.pdf": "П.pdf",
    "application/pdf; name=utf-8''%D0%9F.pdf": "П.pdf",
    'application/pdf; name="%D0%9F.pdf"': "П.pdf",
    'application/pdf; name="100%25 sure.pdf"': "100%25 sure.pdf",
    'application/pdf; name="=?utf-8?B?0J8=?= =?utf-8?B?0J8ucGRm?="': "ПП.pdf",
    'application/pdf; name="unterminated.pdf': "unterminated.pdf",
    "application/pdf; name='single.pdf'": "single.pdf",
    'application/pdf; x="; name=evil.exe"; name=good.pdf': "good.pdf",
    "application/pdf; (comment) name=good.pdf": "good.pdf",
    "application/pdf; name=a (1).pdf": "a (1).pdf",
    "application/pdf\tname=lost.pdf; x=y": "lost.pdf",
}


@pytest.mark.parametrize("raw", NAMES)
def test_a_name_is_read_though_its_parameter_is_broken(raw: str) -> None:
    read = parse_parameterised(raw)
    assert (read.value, read.get("name")) == ("application/pdf", NAMES[raw])
