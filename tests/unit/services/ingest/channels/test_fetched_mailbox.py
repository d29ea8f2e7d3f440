"""What the settings of a mailbox say of fetching."""

import pytest
from pydantic import ValidationError

from services.ingest.channels import email
from services.ingest.channels.email import Settings
from tests.unit.services.ingest.channels.inboxes import inbox


def test_a_mailbox_without_a_server_is_not_fetched() -> None:
    settings = Settings.model_validate({"address": "support@demo.example"})
    assert email.build(settings, inbox()).remote is None


def test_who_names_only_a_server_and_a_secret_gets_the_inbox_under_tls_and_nothing_is_changed_there() -> None:
    settings = Settings.model_validate(
        {
            "address": "support@demo.example",
            "imap_host": "imap.example",
            "imap_password_secret": "mailbox",
        }
    )
    remote = email.build(settings, inbox()).remote
    assert remote is not None
    assert (remote.port, remote.security, remote.folder, remote.after) == (993, "tls", "INBOX", "leave")
    assert remote.user == "support@demo.example"


@pytest.mark.parametrize(
    "wrong",
    [
        {"imap_host": "imap.example"},
        {"imap_after": "move"},
        {"imap_after": "move: "},
        {"imap_after": "move:INBOX"},
        {"imap_after": "burn"},
        {"imap_security": "ssl"},
        {"imap_folder": ""},
    ],
)
def test_what_cannot_be_fetched_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"address": "support@demo.example", **wrong})
