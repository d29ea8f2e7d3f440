"""Names by which mail programs mark history in HTML: classes and ids, as seen in the mails that they send."""

# All from here on is history.
HISTORY = frozenset({
    "divrplyfwdmsg", "appendonsend", "outlookmessageheader", "olk_src_body_section", "yahoo_quoted", "zmail_extra",
    "ms-outlook-mobile-reference-message", "mail-editor-reference-message-container", "moz-forward-container", "aolmsgpart",
})  # fmt: skip
# It leads to a quote: "… wrote".
LEADS = frozenset({"gmail_attr", "moz-cite-prefix"})
# It holds such a line, and the quote after it; answers between the quotes stand in it too.
HOLDS = frozenset({"gmail_quote", "gmail_quote_container", "protonmail_quote", "gmail_extra"})
SIGNATURES = frozenset({
    "gmail_signature", "moz-signature", "protonmail_signature_block", "ms-outlook-mobile-signature", "signature",
    "gmail_signature_prefix", "applemailsignature", "yahoo-signature",
})  # fmt: skip
MARKS = HISTORY | LEADS | HOLDS | SIGNATURES


def marks_in(value: str) -> str:
    """Those words of a class or an id that are marks, in lower case."""
    low = value.casefold()
    if low in MARKS:
        return low
    return " ".join(word for word in low.split() if word in MARKS) if " " in low else ""
