"""A guess at the language of what somebody wrote, good enough for a `lang` attribute and a ready answer."""

import re

_CYRILLIC = re.compile(r"[А-яЁё]")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[^\W\d_]+")
_PORTUGUESE = frozenset({
    "não", "você", "vocês", "obrigado", "obrigada", "olá", "pedido", "meu", "minha", "para", "com",
    "uma", "por", "que", "está", "foi", "dia", "bom", "boa", "como", "quando", "envio", "encomenda",
    "fatura", "preciso", "favor", "já", "também", "são", "eu", "os", "das", "dos", "em", "na", "no",
})  # fmt: skip
_ENGLISH = frozenset({
    "the", "you", "your", "my", "is", "are", "was", "to", "of", "and", "for", "with", "please",
    "thank", "thanks", "hello", "hi", "have", "has", "not", "can", "when", "this", "that", "parcel",
    "order", "invoice", "we", "it", "in", "on", "what", "why", "how",
})  # fmt: skip


def language_of(text: str) -> str:
    """ "ru", "pt" or "en", or "" where nothing tells."""
    sample = text[:2000]
    letters = len(_LETTER.findall(sample))
    if letters and len(_CYRILLIC.findall(sample)) * 2 > letters:
        return "ru"
    words = [word.lower() for word in _WORD.findall(sample)]
    portuguese = sum(word in _PORTUGUESE for word in words) + 2 * len(re.findall(r"[ãõçêâ]", sample.lower()))
    english = sum(word in _ENGLISH for word in words)
    if portuguese > english:
        return "pt"
    return "en" if english else ""
