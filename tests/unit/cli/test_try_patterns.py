from pathlib import Path

import pytest

from cli.try_patterns import lines_of, patterns_in
from relaydesk.ingest.v1 import screening_pb2 as pb


def test_a_mail_is_shown_with_what_would_be_picked_from_it() -> None:
    one = pb.TriedMessage(
        original_from="Robot <robot@forms.example>",
        original_subject="Request",
        subject="Where is it?",
        text="The bag\nis late",
        fields={"order": "77"},
        read_as="form",
        explanation="Form “Site”: picked email.",
    )
    one.author.name, one.author.email = "Anna", "anna@client.example"
    assert lines_of(one) == [
        "  Robot <robot@forms.example>  Request",
        "  Form “Site”: picked email.",
        "  requester: Anna, anna@client.example",
        "  subject: Where is it?",
        "  fields.order: 77",
        "  text: The bag is late",
    ]


def test_of_other_mail_only_why_is_shown_and_it_moves_no_cursor() -> None:
    one = pb.TriedMessage(original_from="\x1b[2Ja@b.example", original_subject="s")
    assert lines_of(one) == ["   [2Ja@b.example  s", "  No pattern is meant for it."]


@pytest.mark.parametrize(
    "text", ["- {name: a}", "mail_patterns: [{name: a}]", "mail_patterns: '- {name: a}'"]
)
def test_a_file_holds_patterns_alone_or_by_the_settings_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "patterns.yaml"
    file.write_text(text)
    assert "name" in patterns_in(file)
    assert not patterns_in(file).startswith("mail_patterns")
