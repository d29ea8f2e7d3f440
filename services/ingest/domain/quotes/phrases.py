"""The words by which mail programs and people set history and signatures apart, language by language, in lower case.

They are what the programs write in each language (Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Mail.ru, Yandex), taken
from mails and not from their sources. A new language is a new entry; nothing else needs to know of it.
"""

# "… wrote" at the end of the line that stands above a quote.
SAID_LAST = (
    # en, pt, es, ca, fr, it, ro
    "wrote", "writes", "escreveu", "escreveu o seguinte", "escribió", "ha escrit", "va escriure", "a écrit",
    "ha scritto", "a scris", "escribio", "schrieb folgendes",
    # ru, uk, bg, sr
    "пишет", "писал", "писала", "писал(а)", "написал", "написала", "написал(а)", "написал (а)", "пише", "писав",
    "написав", "написала", "написав(ла)", "написав (-ла)", "написав(-ла)", "написа", "је написао", "је написао/ла",
    # de, nl, pl, cs, sk, hr, sl
    "schrieb", "schreef", "schreef het volgende", "geschreven", "napisał", "napisała", "napisał(a)", "napisał/a",
    "pisze", "napsal", "napsala", "napsal(a)", "napísal", "napísal(a)", "je napisao", "je napisao/la", "napisao je",
    "je napisal",
    # sv, da, no, fi, et, lt, lv, hu, tr, el
    "skrev", "skrev följande", "skrev følgende", "kirjoitti", "kirjutas", "rašė", "rakstīja", "írta", "ezt írta",
    "yazdı", "şunu yazdı", "şunları yazdı", "έγραψε",
    # zh, ja, ko, vi, id, he, ar
    "写道", "寫道", "写入", "のメール", "のメッセージ", "が書きました", "は書きました", "님이 작성", "작성",
    "đã viết", "menulis", "כתב", "כתבה", "כתב/ה", "كتب",
)  # fmt: skip
# "… wrote" with the name after it, or the date.
SAID_WITHIN = (
    " wrote on ", " schrieb ", " schreef ", " skrev ", " kirjoitti ", " ezt írta ", " napsal ", " napsal(a) ", " napísal ",
    " napisał ", " napisał(a) ", " пишет ", " пише ", " написал ", " написал(а) ", " escreveu ", " escribió ",
    " a écrit ", " ha scritto ", " yazdı ", " rašė ", "写道", "님이 ",
)  # fmt: skip
# Who says it of himself tells a story rather than quotes.
FIRST_PERSON = (
    "i wrote", "we wrote", "schrieb ich", "schrieben wir", "ik schreef", "schreef ik", "skrev jag", "skrev jeg",
    "skrev vi", "j'ai écrit", "я писал", "я написал", "я писала", "я написала", "мы писали", "я писав", "я написав",
    "я писала", "ho scritto", "minä kirjoitti", "i have written",
)  # fmt: skip
# How such a line begins, where it does not begin with the date itself.
BEGINS = (
    "on ", "le ", "el ", "em ", "a ", "il ", "in data ", "am ", "op ", "den ", "der ", "dne ", "dňa ", "w dniu ",
    "dnia ", "în ", "pe ", "στις ", "la ", "на ", "в ", "от ", "vào ", "pada ", "dana ", "aos ", "no dia ", "el día ",
    "ai ", "στις", "在", "于", "בתאריך", "ב-", "في ", "ma ", "ti ", "ke ", "to ", "la ", "su ", "at ", "date: ",
)  # fmt: skip

# Fields at the head of a quoted mail, as programs translate them. `sent` is a word that only mails use.
FIELDS = {
    "from": (
        "from", "von", "de", "da", "van", "od", "från", "fra", "lähettäjä", "feladó", "kimden", "gönderen", "от",
        "от кого", "від", "від кого", "expéditeur", "remitente", "mittente", "afzender", "absender", "nadawca",
        "odesílatel", "de la", "από", "差出人", "发件人", "寄件者", "寄件人", "發件人", "보낸 사람", "보낸사람", "từ",
        "dari", "nuo", "no", "saatja", "מאת", "من", "message de", "lähettänyt", "expeditor", "送信元", "送信者",
        "avsender", "afsender", "avsändare",
    ),
    "sent": (
        "sent", "sent at", "sent on", "gesendet", "gesendet am", "envoyé", "envoyé le", "envoyé", "enviado",
        "enviado em", "enviado el", "enviada em", "enviada", "inviato", "verzonden", "verzonden op", "wysłano",
        "wysłane", "odesláno", "odoslané", "skickat", "skickades", "sendt", "lähetetty", "elküldve", "küldve",
        "gönderildi", "gönderilme tarihi", "gönderme tarihi", "отправлено", "дата отправки", "надіслано",
        "відправлено", "trimis", "στάλθηκε", "εστάλη", "送信日時", "送信済み", "发送时间", "寄件日期", "發送時間",
        "보낸 날짜", "보낸날짜", "đã gửi", "dikirim", "message du", "изпратено", "poslano", "poslané", "נשלח",
        "تم الإرسال", "發送日期", "saadetud", "išsiųsta", "data invio",
    ),
    "date": (
        "date", "datum", "data", "dato", "fecha", "päiväys", "päivämäärä", "dátum", "tarih", "дата", "ημερομηνία",
        "日付", "日時", "日期", "날짜", "ngày", "tanggal", "תאריך", "التاريخ", "dată", "pvm",
    ),
    "to": (
        "to", "an", "à", "a", "para", "aan", "do", "komu", "till", "til", "vastaanottaja", "címzett", "kime", "alıcı",
        "кому", "către", "προς", "宛先", "收件人", "收件者", "받는 사람", "받는사람", "tới", "đến", "kepada",
        "destinataire", "destinatario", "per", "до", "destinatário", "geadresseerde", "empfänger", "adresat", "pro",
        "kam", "saaja", "אל", "إلى", "mottagare", "modtager", "mottaker", "pre",
    ),
    "cc": (
        "cc", "kopie", "kopie (cc)", "copie à", "copie", "cópia", "dw", "kopia", "kopi", "kopio", "másolat",
        "másolatot kap", "bilgi", "копия", "копія", "κοιν", "κοινοποίηση", "抄送", "副本", "참조", "ccn", "bcc",
        "reply-to", "reply to", "antwort an", "répondre à", "responder a", "responder para", "priority", "priorité",
        "importance", "wichtigkeit", "prioridade", "важность", "attachments", "anlagen", "pièces jointes", "вложения",
        "bijlagen", "organization", "organisation",
    ),
    "subject": (
        "subject", "betreff", "objet", "sujet", "assunto", "asunto", "oggetto", "onderwerp", "temat", "předmět", "predmet",
        "ämne", "emne", "aihe", "tárgy", "konu", "тема", "subiect", "θέμα", "件名", "主题", "主題", "主旨", "제목",
        "chủ đề", "subjek", "perihal", "נושא", "الموضوع", "относно", "tema", "teema",
    ),
}  # fmt: skip
FIELD_KINDS = {word: kind for kind, words in FIELDS.items() for word in words}

# Between dashes, above the mail that is answered.
ORIGINAL = (
    "original message", "original-nachricht", "ursprüngliche nachricht", "originalnachricht", "message d'origine",
    "message original", "message d’origine", "message initial", "mensagem original", "mensaje original",
    "messaggio originale", "oorspronkelijk bericht", "origineel bericht", "oorspronkelijke bericht",
    "wiadomość oryginalna", "oryginalna wiadomość", "původní zpráva", "původní e-mail", "pôvodná správa",
    "originalmeddelande", "ursprungligt meddelande", "ursprungligt e-postmeddelande", "oprindelig meddelelse",
    "oprindelig besked", "opprinnelig melding", "original melding", "alkuperäinen viesti", "eredeti üzenet",
    "orijinal ileti", "özgün ileti", "orijinal mesaj", "исходное сообщение", "оригинальное сообщение",
    "пересылаемое сообщение", "исходное письмо", "вихідне повідомлення", "оригінальне повідомлення",
    "оригинално съобщение", "початкове повідомлення", "mesaj original", "mesajul original", "αρχικό μήνυμα",
    "元のメッセージ", "オリジナルメッセージ", "原始邮件", "原始信息", "原始郵件", "원본 메시지", "원본 메일",
    "tin nhắn gốc", "thư gốc", "pesan asli", "izvorna poruka", "originalna poruka", "missatge original",
    "reply message", "reply separator", "original appointment", "ursprünglicher termin",
)  # fmt: skip
# Above a mail that is passed on.
FORWARDED = (
    "forwarded message", "begin forwarded message", "forwarded by", "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht", "message transféré", "début du message transféré", "message transmis",
    "début du message réexpédié", "mensagem encaminhada", "mensagem reencaminhada", "início da mensagem encaminhada",
    "início da mensagem reencaminhada", "mensaje reenviado", "inicio del mensaje reenviado", "messaggio inoltrato",
    "inizio messaggio inoltrato", "doorgestuurd bericht", "begin doorgestuurd bericht", "wiadomość przekazana",
    "przekazana wiadomość", "przekazywana wiadomość", "początek przekazywanej wiadomości", "přeposlaná zpráva",
    "začátek přeposílané zprávy", "preposlaná správa", "vidarebefordrat meddelande", "vidarebefordrat brev",
    "videresendt meddelelse", "videresendt besked", "videresendt melding", "välitetty viesti", "továbbított üzenet",
    "továbbított levél", "yönlendirilen ileti", "iletilen ileti", "iletilmiş mesaj", "пересланное сообщение",
    "пересылаемое сообщение", "начало пересылаемого сообщения", "начало переадресованного сообщения",
    "переслане повідомлення", "початок листа, що пересилається", "пересланий лист", "пересилане повідомлення",
    "препратено съобщение", "mesaj redirecționat", "mesaj redirectionat", "προωθημένο μήνυμα", "転送されたメッセージ",
    "转发的邮件", "转发邮件信息", "轉寄的郵件", "전달된 메일", "전달된 메시지", "thư đã chuyển tiếp", "pesan terusan",
    "proslijeđena poruka", "missatge reenviat", "конец пересылаемого сообщения",
)  # fmt: skip
# Helpdesks ask for the answer above such a line.
REPLY_ABOVE = (
    "reply above this line", "type your reply above this line", "write above this line", "reply above the line",
    "antworten sie oberhalb dieser linie", "bitte oberhalb dieser linie antworten",
    "répondez au-dessus de cette ligne", "responda acima desta linha", "responda por encima de esta línea",
    "ответьте выше этой строки", "пишите ответ выше этой строки", "rispondi sopra questa riga",
    "antwoord boven deze regel",
)  # fmt: skip

# Said above a mail that is passed on, it says nothing: the mail below is the message.
FYI = frozenset({
    "fyi", "for your information", "see below", "please see below", "pls see below", "as below", "forwarding", "fwd",
    "fw", "pvsc", "zur info", "zur information", "zk", "zki", "siehe unten", "zur kenntnis", "pour info",
    "pour information", "voir ci-dessous", "para informação", "para conhecimento", "segue abaixo", "segue",
    "ver abaixo", "para su información", "para tu información", "ver abajo", "per conoscenza", "per informazione",
    "vedi sotto", "ter info", "ter informatie", "zie onder", "zie hieronder", "tvi", "do wiadomości",
    "dla informacji", "patrz poniżej", "для информации", "к сведению", "см. ниже", "смотри ниже", "см ниже",
    "для сведения", "фиу", "до відома", "для інформації", "див. нижче", "pro informaci", "viz níže", "för kännedom",
    "se nedan", "til orientering", "se nedenfor", "til info", "tiedoksi", "tájékoztatásul", "bilginize", "bilgi için",
    "spre informare", "προς ενημέρωση", "ご参考まで", "下記参照", "供参考", "请看下面", "참고하세요",
    "참고하시기 바랍니다",
})  # fmt: skip
