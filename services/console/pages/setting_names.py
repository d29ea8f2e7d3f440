"""What the settings of channels are called, what they are for, and what can be taken, sentence by sentence."""

from collections.abc import Callable


def expectations(_: Callable[[str], str]) -> dict[str, str]:
    """What ingest says is expected, where it is always the same sentence."""
    return {
        "a whole number": _("a whole number"),
        "true or false": _("true or false"),
        "a value": _("a value"),
        "one line without control characters": _("one line without control characters"),
        "1 to 200 characters": _("1 to 200 characters"),
        "1 to 63 lower-case letters, digits and hyphens, a letter or digit first": _(
            "1 to 63 lower-case letters, digits and hyphens, a letter or digit first"
        ),
        "The mailbox: mail to it becomes tickets, and answers leave in its name.": _(
            "an address such as support@example.com"
        ),
        "an address such as support@example.com": _("an address such as support@example.com"),
        "addresses such as help@example.com, separated by commas": _("addresses such as help@example.com"),
        "a time zone such as Europe/Moscow": _("a time zone such as Europe/Moscow"),
        "leave, seen, delete, or move:FOLDER": _("leave, seen, delete, or move:FOLDER"),
        "another folder than imap_folder": _("another folder than the one that is fetched"),
        "the id or a domain of the organisation, where the provider is microsoft": _(
            "the id or a domain of the organisation at Microsoft"
        ),
        "the application's id, where oauth_provider is given": _(
            "the application's id, as a provider is given"
        ),
        "a refresh token along with the application's secret, where the provider is google": _(
            "a refresh token along with the application's secret, as Google wants"
        ),
        "a refresh token, or else the application's secret": _(
            "a refresh token, or else the application's secret"
        ),
        "an address that begins with https://": _("an address that begins with https://"),
        "scopes as the provider writes them, separated by commas": _("scopes as the provider writes them"),
        "a secret's name, where imap_host is given": _("the password, as a server is given"),
        "the secret itself, among the secrets: none is kept here": _("the password: none is kept here"),
        "the secret once more, as it would be sent to another place than before": _(
            "the password once more: it would be sent to another server than before"
        ),
        "the name of a mounted secret; the secret itself belongs among the secrets": _(
            "the name of a mounted secret; a password belongs into the field for it"
        ),
        "the secret itself: only administrators name mounted secrets and where they are sent": _(
            "the password: only administrators name mounted secrets and where they are sent"
        ),
    }


def labels(_: Callable[[str], str]) -> dict[str, str]:
    """What the settings are called."""
    return {
        "address": _("Address"),
        "aliases": _("More addresses"),
        "display_name": _("Name of the sender"),
        "domain": _("Domain of Message-IDs"),
        "form_senders": _("Senders of web forms"),
        "mail_patterns": _("Mail patterns"),
        "authserv_id": _("Name of our mail server"),
        "allow_list": _("Let in"),
        "block_list": _("Keep out"),
        "spam_list": _("Take for spam"),
        "lists_for_all": _("Its lists are the company's"),
        "company_lists": _("The company's lists count"),
        "signature": _("Signature"),
        "quote_history": _("Answers repeat"),
        "quote_limit_kb": _("Repeat at most, KB"),
        "reply_to_closed": _("An answer to a closed ticket"),
        "match_ids": _("Message-IDs lead to a ticket"),
        "agents_answer": _("An agent's mail is"),
        "hidden_mark": _("Answers name their ticket out of sight"),
        "language": _("Language"),
        "time_zone": _("Time zone"),
        "size_limit_mb": _("Largest message, MB"),
        "default_region": _("Country of phone numbers"),
        "oauth_provider": _("Provider"),
        "oauth_tenant": _("Organisation at Microsoft"),
        "oauth_client_id": _("Id of the application"),
        "oauth_client_secret": _("Secret of the application"),
        "oauth_refresh_secret": _("Refresh token"),
        "oauth_url": _("Address for tokens"),
        "oauth_scopes": _("What the tokens are for"),
        "sends_per_minute": _("Answers a minute"),
        "smtp_host": _("Server"),
        "smtp_port": _("Port"),
        "smtp_security": _("Protection"),
        "smtp_user": _("Login"),
        "smtp_password_secret": _("Password"),
        "smtp_timeout_seconds": _("Longest wait, seconds"),
        "smtp_keep_seconds": _("Connection kept, seconds"),
        "imap_host": _("Server"),
        "imap_port": _("Port"),
        "imap_security": _("Protection"),
        "imap_user": _("Login"),
        "imap_password_secret": _("Password"),
        "imap_folder": _("Folder"),
        "imap_after": _("Once a mail is kept"),
        "imap_timeout_seconds": _("Longest wait, seconds"),
    }


def hints(_: Callable[[str], str]) -> dict[str, str]:
    """What the settings are for; an empty one needs no words."""
    return {
        "address": _("Mail to it becomes tickets, and answers leave in its name."),
        "aliases": _("They lead to the same mailbox; one a line."),
        "display_name": _("It stands in From of what leaves."),
        "domain": _("Of our own Message-IDs; the domain of the address where empty."),
        "form_senders": _("In whose name web forms write: the person is then in Reply-To."),
        "mail_patterns": _("How mails of forms, marketplaces and payment systems are read: a list in YAML."),
        "authserv_id": _("As it writes into Authentication-Results; none where it writes no name."),
        "allow_list": _("Never blocked or spam: addresses, domains, header fields; one a line."),
        "block_list": _(
            "Kept in the ledger and read by nobody: addresses, domains, X-Field: value, dmarc=fail."
        ),
        "spam_list": _("Becomes a spam ticket: addresses, domains, X-Field: value, dmarc=fail."),
        "lists_for_all": _("They hold for every mailbox, after its own lists."),
        "company_lists": _("Those that other mailboxes keep for all; its own go before them."),
        "signature": _("Below every answer: text or simple HTML, with {agent.name} and {ticket.number}."),
        "quote_history": _("Nothing, the message that is answered, or the whole conversation."),
        "quote_limit_kb": _("What is longer is cut."),
        "reply_to_closed": _("new_ticket, reopen, or reopen:DAYS."),
        "match_ids": _("Those of others; ours always do."),
        "agents_answer": _(
            "An answer only where the name of our mail server is given and proves the sender."
        ),
        "hidden_mark": _("For mail programs that drop everything else."),
        "language": _("Of the line that says who wrote what is repeated, and when."),
        "time_zone": _("Where the hours in that line are, such as America/Sao_Paulo."),
        "size_limit_mb": _("Larger ones are refused."),
        "default_region": _("ISO 3166, such as BR, for numbers without a +."),
        "oauth_provider": _("Who gives access tokens in place of a password."),
        "oauth_tenant": _("Its id or a domain of it."),
        "oauth_client_id": _("As it is registered at the provider."),
        "oauth_client_secret": _("Kept encrypted and shown to nobody."),
        "oauth_refresh_secret": _("Empty at Microsoft where the application acts for itself."),
        "oauth_url": _("If not the provider's own: https://…"),
        "oauth_scopes": _("What mail needs where empty; one a line."),
        "sends_per_minute": _("What is over it waits for its turn; 0 where the provider has no bound."),
        "smtp_host": _("Where empty the mailbox only receives."),
        "smtp_port": _("25, 465 (TLS) or 587 (STARTTLS)."),
        "smtp_security": _("How the connection is protected."),
        "smtp_user": _("None is tried where empty."),
        "smtp_password_secret": _("Kept encrypted and shown to nobody."),
        "smtp_timeout_seconds": _("For one answer of the server."),
        "smtp_keep_seconds": _("For the next mail; 0 ends it after each."),
        "imap_host": _("Where empty mail is brought by SMTP or LMTP."),
        "imap_port": _("993 (TLS) or 143 (STARTTLS, none)."),
        "imap_security": _("How the connection is protected; certificates are checked."),
        "imap_user": _("The address where empty."),
        "imap_password_secret": _("Kept encrypted and shown to nobody."),
        "imap_folder": _("The folder that is fetched."),
        "imap_after": _("What becomes of it on the server: leave, seen, delete, or move:FOLDER."),
        "imap_timeout_seconds": _("For one answer of that server."),
    }
