"""The words that end a letter, language by language, in lower case: closing formulas, phones' last lines, disclaimers."""

# Whole lines that close a letter even where no name follows.
CLOSINGS = frozenset({
    # en
    "regards", "best regards", "kind regards", "kindest regards", "warm regards", "warmest regards", "with regards",
    "with best regards", "with kind regards", "best", "best wishes", "all the best", "sincerely", "sincerely yours",
    "yours sincerely", "yours faithfully", "yours truly", "respectfully", "respectfully yours", "cordially",
    "many regards", "cheers", "rgds", "br", "kr", "b/r", "brgds", "best regards and thanks", "thanks and regards",
    "thanks & regards", "thanks and best regards", "thank you and best regards", "with thanks and regards",
    # pt, es, ca
    "atenciosamente", "atentamente", "cumprimentos", "com os melhores cumprimentos", "melhores cumprimentos",
    "cordialmente", "abs", "abç", "abçs", "sds", "abraço", "abraços", "um abraço",
    "att", "atte", "saudações", "cordiais saudações",
    "com os cumprimentos", "saludos", "un saludo", "saludos cordiales", "cordiales saludos", "un cordial saludo",
    "muy atentamente", "reciba un cordial saludo", "un abrazo", "salutacions", "salutacions cordials",
    # ru, uk, bg
    "с уважением", "с наилучшими пожеланиями", "всего доброго", "всего наилучшего", "всего хорошего", "с наилучшими",
    "с приветом", "искренне ваш", "искренне ваша", "с глубоким уважением", "з повагою", "з найкращими побажаннями",
    "усього найкращого", "всього найкращого", "всього доброго", "щиро", "щиро ваш", "с уважение", "поздрави",
    # de
    "mit freundlichen grüßen", "mit freundlichen grüssen", "mit freundlichem gruß", "mit freundlichem gruss",
    "freundliche grüße", "freundliche grüsse", "viele grüße", "viele grüsse", "liebe grüße", "liebe grüsse",
    "beste grüße", "beste grüsse", "schöne grüße", "mfg", "vg", "lg", "hochachtungsvoll", "grüße", "grüsse", "gruß",
    "gruss", "herzliche grüße", "herzliche grüsse", "mit besten grüßen", "mit besten grüssen", "mit vielen grüßen",
    # fr
    "cordialement", "bien cordialement", "très cordialement", "salutations", "meilleures salutations",
    "sincères salutations", "bien à vous", "bien à toi", "cdt", "cdlt", "amicalement", "respectueusement",
    "salutations distinguées", "sincèrement",
    # it
    "cordiali saluti", "distinti saluti", "saluti", "un saluto", "un cordiale saluto", "tanti saluti",
    "i migliori saluti", "con i migliori saluti", "un caro saluto",
    # nl
    "met vriendelijke groet", "met vriendelijke groeten", "vriendelijke groet", "vriendelijke groeten", "groeten",
    "groet", "hartelijke groet", "hartelijke groeten", "hoogachtend", "mvg", "met hartelijke groet", "groetjes", "gr",
    # pl, cs, sk, hr
    "pozdrawiam", "pozdrawiam serdecznie", "z poważaniem", "z wyrazami szacunku", "serdecznie pozdrawiam",
    "serdeczne pozdrowienia", "z pozdrowieniami", "pozdrowienia", "łączę pozdrowienia", "s pozdravem",
    "s přátelským pozdravem", "s úctou", "s pozdravom", "srdačan pozdrav", "lijep pozdrav", "s poštovanjem",
    # sv, da, no, fi
    "med vänliga hälsningar", "med vänlig hälsning", "vänliga hälsningar", "vänligen", "mvh", "hälsningar",
    "bästa hälsningar", "hälsning", "vänlig hälsning", "venlig hilsen", "med venlig hilsen", "de bedste hilsner",
    "hilsen", "bedste hilsner", "mange hilsner", "med vennlig hilsen", "vennlig hilsen", "beste hilsen", "hilsener",
    "ystävällisin terveisin", "terveisin", "parhain terveisin", "yt", "ystävällisesti", "kunnioittavasti",
    # hu, tr, ro, el
    "üdvözlettel", "tisztelettel", "üdv", "szívélyes üdvözlettel", "saygılarımla", "saygılarımızla", "iyi çalışmalar",
    "sevgiler", "cu stimă", "cu respect", "toate cele bune", "cu drag", "με εκτίμηση", "φιλικά",
    "με φιλικούς χαιρετισμούς", "χαιρετισμούς",
    # ja, zh, ko, vi, id
    "敬具", "此致", "此致敬礼", "祝好", "顺祝商祺", "此致 敬礼", "谨启", "드림", "trân trọng", "trân trọng kính chào",
    "salam", "hormat saya",
})  # fmt: skip
# They close a letter only where a name follows; alone they are something said.
THANKS = frozenset({
    "thanks", "thank you", "many thanks", "thanks a lot", "thanks in advance", "thank you in advance", "thx",
    "with thanks", "thanks again", "obrigado", "obrigada", "muito obrigado", "muito obrigada", "desde já agradeço",
    "gracias", "muchas gracias", "gracias de antemano", "спасибо", "благодарю", "заранее спасибо", "большое спасибо",
    "дякую", "щиро дякую", "дуже дякую", "danke", "vielen dank", "besten dank", "herzlichen dank", "danke im voraus",
    "vielen dank im voraus", "merci", "merci d'avance", "merci beaucoup", "grazie", "grazie mille", "bedankt",
    "alvast bedankt", "dank je wel", "dank u wel", "dziękuję", "dzięki", "z góry dziękuję", "děkuji", "díky",
    "předem děkuji", "tack", "tack på förhand", "tak", "på forhånd tak", "takk", "på forhånd takk", "kiitos",
    "kiitos etukäteen", "köszönöm", "teşekkürler", "teşekkür ederim", "take care", "yours", "köszönettel", "grata",
    "grato", "zdravím", "감사합니다", "宜しくお願い致します", "宜しくお願いします", "よろしくお願い致します",
    "よろしくお願いいたします", "よろしくお願いします", "o zi bună", "iyi günler", "buona giornata", "гарного дня",
    "хорошего дня", "bonne journée", "pěkný den", "hezký den", "mulțumesc", "multumesc", "ευχαριστώ",
})  # fmt: skip

# Between two of the above on one line.
ANDS = (
    " and ",
    " & ",
    " + ",
    " und ",
    " en ",
    " et ",
    " e ",
    " y ",
    " i ",
    " a ",
    " og ",
    " och ",
    " ja ",
    " ve ",
    " și ",
    " и ",
    " та ",
    " і ",
)

# "Sent from my …", up to what it was sent from.
SENT_FROM = (
    "sent from my ", "sent from ", "sent via ", "sent with ", "sent using ", "sent by ", "get outlook for ",
    "sent on my ", "sent on the go with ", "enviado do meu ", "enviado desde mi ", "enviado desde ", "enviado do ",
    "enviado da ", "enviado de meu ", "enviado de mi ", "enviado pelo ", "enviado via ", "enviada do meu ",
    "enviado a partir do ", "enviado a partir de ", "enviado con ", "enviado por ", "obter o outlook para ",
    "obtener outlook para ", "obtenha o outlook para ", "отправлено с ", "отправлено из ", "послано с ",
    "отправлено через ", "отправлено от ", "надіслано з ", "відправлено з ", "надіслано із ", "надіслано через ",
    "скачать outlook для ", "получить outlook для ", "отримати outlook для ", "gesendet von ", "von meinem ",
    "gesendet mit ", "gesendet über ", "gesendet aus ", "holen sie sich outlook für ", "outlook für ",
    "diese nachricht wurde von meinem ", "envoyé de mon ", "envoyé depuis ", "envoyé à partir de ", "envoyé avec ",
    "envoyé par ", "envoyé du ", "envoyé de l", "télécharger outlook pour ", "obtenez outlook pour ", "inviato da ",
    "inviato dal ", "inviato dall", "inviato con ", "scarica outlook per ", "ottieni outlook per ",
    "verzonden vanaf ", "verstuurd vanaf ", "verzonden met ", "verstuurd met ", "verzonden via ", "verzonden vanuit ",
    "outlook voor ", "download outlook voor ", "wysłane z ", "wysłano z ", "wysłane przez ", "wysłano z aplikacji ",
    "pobierz program outlook dla ", "pobierz aplikację outlook dla ", "odesláno z ", "odesláno ze ",
    "získat outlook pro ", "odoslané z ", "skickat från ", "skickades från ", "hämta outlook för ", "sendt fra ",
    "hent outlook til ", "skaff deg outlook for ", "hent outlook for ", "lähetetty ", "hanki outlook ", "az én ",
    "küldve ", "elküldve ", "outlook beszerzése ", "trimis de pe ", "trimis din ", "descărcați outlook pentru ",
    "στάλθηκε από ", "εστάλη από ", "iphoneから送信", "ipadから送信", "私のiphoneから送信", "发自我的", "从我的",
    "寄自我的", "從我的", "나의 iphone에서 보냄", "내 iphone에서 보냄", "iphone'umdan gönderildi",
    "ipad'imden gönderildi", "đã gửi từ ", "dikirim dari ", "poslano s ", "изпратено от ", "envoyé via ",
    "envoyée depuis ", "lähetetty", "iphonestani lähetetty",
)  # fmt: skip
SENT_FROM_LAST = (
    "から送信", "から送信されました", "gönderildi", "küldve", "보냄", "에서 보냄", "发送", "에서 전송", "傳送",
)  # fmt: skip

# They stand in no letter but in what lawyers put below it.
DISCLAIMERS = (
    "this e-mail and any attachments", "this email and any attachments", "this message and any attachments",
    "this e-mail message is intended", "this email is intended only", "this e-mail is intended only",
    "this email is confidential", "this e-mail is confidential", "confidentiality notice",
    "if you are not the intended recipient", "if you have received this e-mail in error",
    "if you have received this email in error", "this communication is confidential",
    "the information contained in this e-mail", "the information contained in this email",
    "the information in this email is confidential", "intended solely for the use of the individual",
    "diese e-mail enthält vertrauliche", "diese e-mail und etwaige anlagen", "diese nachricht ist vertraulich",
    "der inhalt dieser e-mail ist vertraulich", "wenn sie nicht der richtige adressat",
    "ce message et toutes les pièces jointes", "ce message et ses pièces jointes", "ce message est confidentiel",
    "ce courriel est confidentiel", "si vous avez reçu ce message par erreur", "esta mensagem e seus anexos",
    "esta mensagem pode conter informação confidencial", "esta mensagem pode conter informações confidenciais",
    "aviso de confidencialidade", "se recebeu esta mensagem por engano", "este mensaje y sus adjuntos",
    "este mensaje es confidencial", "este correo electrónico es confidencial",
    "este correo electrónico y, en su caso", "este mensaje y los archivos adjuntos",
    "le informazioni contenute in questo messaggio", "questo messaggio è confidenziale", "questa e-mail è riservata",
    "questo messaggio e i suoi allegati", "dit bericht is vertrouwelijk", "deze e-mail is vertrouwelijk",
    "dit e-mailbericht is vertrouwelijk", "dit bericht is uitsluitend bestemd", "de informatie in dit e-mailbericht",
    "deze e-mail en eventuele bijlagen", "niniejsza wiadomość jest poufna",
    "niniejsza wiadomość zawiera informacje poufne", "treść tej wiadomości jest poufna",
    "данное сообщение и любые вложения", "настоящее сообщение является конфиденциальным",
    "данное сообщение является конфиденциальным", "это сообщение и любые приложения",
    "информация, содержащаяся в данном сообщении", "информация, содержащаяся в этом письме",
    "настоящее электронное сообщение", "це повідомлення є конфіденційним", "це повідомлення та будь-які вкладення",
    "tato zpráva je důvěrná", "detta meddelande är konfidentiellt", "denne e-mail er fortrolig",
    "denne e-posten er konfidensiell", "tämä viesti on luottamuksellinen", "ez az üzenet bizalmas",
    "bu e-posta gizlidir", "bu e-posta ve ekleri", "acest mesaj este confidențial",
    "please consider the environment before printing", "before printing this e-mail",
)  # fmt: skip
