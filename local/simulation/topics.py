"""What people write about, in three languages, and what agents answer: enough for a month that reads like one."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A thing to ask. `{order}` is the number of an order."""

    subject: str
    text: str
    # How often it is asked, beside the others of its language.
    weight: int = 2


@dataclass(frozen=True)
class Language:
    """How the people of one zone write."""

    zone: str
    domain: str
    names: Sequence[str]
    topics: Sequence[Topic]
    answers: Sequence[str]
    thanks: Sequence[str]
    questions: Sequence[str]
    away: str


ENGLISH = Language(
    zone="Europe/Lisbon",
    domain="letterbox.example",
    names=(
        "Hannah Becker",
        "Tomas Lind",
        "Grace Okafor",
        "Liam Walsh",
        "Sofia Marino",
        "Ewa Nowak",
        "Jonas Holm",
        "Ana Ribeiro",
    ),
    topics=(
        Topic(
            "Where is my parcel {order}?",
            "Hello,\n\nthe tracking of {order} has said nothing since Tuesday. Where is it now?",
            5,
        ),
        Topic(
            "Delivery of {order} to another address",
            "Good morning,\n\nplease bring {order} to my office instead.",
            3,
        ),
        Topic(
            "Charged twice for {order}",
            "Hi,\n\nmy card was charged twice for {order}. Please give one of the two back.",
            3,
        ),
        Topic("Invoice for {order}", "Could I have an invoice for {order} with our VAT number on it?"),
        Topic(
            "Urgent: {order} must arrive tomorrow",
            "It is a birthday present. Is there any way to make sure of it?",
            1,
        ),
        Topic("How do I send {order} back?", "The size is wrong. Do I print a label, or do you send one?"),
        Topic(
            "The box of {order} came open",
            "Nothing is missing as far as I can see, but the tape was cut. What should I do?",
        ),
        Topic(
            "I cannot sign in to see {order}",
            "It says that my address is not known, yet the confirmation came to it.",
        ),
    ),
    answers=(
        "Hello,\n\nthank you for writing. I have asked the depot; it leaves again this evening.",
        "Hello,\n\nthis is done: please give your bank up to three days to show it.",
        "Hello,\n\ncould you send us a photo of the label, please? Then I can tell them which of the two it is.",
        "Hello,\n\nI have changed it for you. The new date stands on the tracking page.",
    ),
    thanks=("Thank you, that was quick!", "Great, thanks a lot.", "It arrived, thank you."),
    questions=("Sorry, but nothing has changed on the page. Could you look again?", "Here it is. What next?"),
    away="I am out of the office until Monday and read my mail then.",
)

PORTUGUESE = Language(
    zone="America/Sao_Paulo",
    domain="correio.example",
    names=("Rafael Souza", "Luís Carvalho", "Beatriz Nunes", "Camila Duarte", "João Prado", "Marina Alves"),
    topics=(
        Topic(
            "Onde está o pedido {order}?",
            "Bom dia,\n\no rastreio do {order} não muda desde terça-feira. Podem verificar?",
            5,
        ),
        Topic(
            "Cobrança em dobro do {order}",
            "Olá,\n\no {order} aparece duas vezes no extrato. Peço o estorno de uma delas.",
            3,
        ),
        Topic("Urgente: entrega do {order}", "Viajo na sexta-feira e preciso do pacote antes.", 1),
        Topic("Troca do {order}", "O tamanho não serve. Como faço a troca?"),
        Topic(
            "Mudança de endereço do {order}",
            "Podem entregar na Rua do Carmo 12, em vez da morada da encomenda?",
        ),
    ),
    answers=(
        "Olá,\n\nobrigado pela mensagem. O pacote segue hoje à noite e recebe um aviso com a hora.",
        "Olá,\n\no estorno está feito; o banco pode demorar três dias.",
        "Olá,\n\npode enviar uma foto da etiqueta, por favor?",
    ),
    thanks=("Obrigado, chegou!", "Muito obrigada pela rapidez."),
    questions=("Ainda não mudou nada. Podem ver outra vez?", "Segue o que pediram. E agora?"),
    away="Estou fora do escritório até segunda-feira.",
)

RUSSIAN = Language(
    zone="Europe/Moscow",
    domain="pochta.example",
    names=("Игорь Лапшин", "Алия Гарипова", "Мария Юрьева", "Пётр Белов", "Ольга Снегирёва"),
    topics=(
        Topic(
            "Посылка {order}: где она?",
            "Здравствуйте!\n\nСтатус {order} не меняется со вторника. Подскажите, где она?",
            5,
        ),
        Topic("Доставка {order} в другой город", "Добрый день! Можно ли изменить адрес для {order}?", 3),
        Topic("Срочно: {order} вручили не мне", "Статус «вручено», но я ничего не получал.", 1),
        Topic("Куда сдать возврат {order}?", "Адрес на сайте закрыт на ремонт. Есть другой пункт?"),
    ),
    answers=(
        "Здравствуйте!\n\nСпасибо за обращение. Посылка выезжает сегодня вечером, время придёт в сообщении.",
        "Здравствуйте!\n\nАдрес изменён, новая дата есть на странице заказа.",
        "Здравствуйте!\n\nПришлите, пожалуйста, фото наклейки.",
    ),
    thanks=("Спасибо, всё пришло!", "Большое спасибо."),
    questions=(
        "Пока ничего не изменилось. Проверьте ещё раз, пожалуйста.",
        "Отправляю, что просили. Что дальше?",
    ),
    away="Я в отпуске до понедельника.",
)

# With how often each of them writes.
LANGUAGES = ((ENGLISH, 5), (PORTUGUESE, 3), (RUSSIAN, 2))

SPAM = ("You have won {order}", "Cheap watches, lot {order}", "Your domain expires, reference {order}")
