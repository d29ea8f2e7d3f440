from pathlib import Path

import pytest

from cli.channel_file import SecretPlace, channels_of, read


def test_a_file_may_hold_one_channel_or_many() -> None:
    one = {"id": "support", "kind": "email"}
    assert [one.channel.id for one in channels_of(one, "f")] == ["support"]
    assert [one.channel.id for one in channels_of([one, {"id": "sales"}], "f")] == ["support", "sales"]
    assert [one.channel.id for one in channels_of({"channels": [one]}, "f")] == ["support"]


def test_settings_are_texts_whatever_yaml_took_them_for() -> None:
    row = {
        "id": "support",
        "settings": {"size": 35, "spam": False, "addresses": ["a@x", "b@x"], "none": None},
    }
    (one,) = channels_of(row, "f")
    assert dict(one.channel.settings) == {"size": "35", "spam": "false", "addresses": "a@x,b@x", "none": ""}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text", "channel 1: expected a map with an id"),
        ([{"id": "a"}, {}], "channel 2: expected a map with an id"),
        ({"id": "a", "colour": "red"}, "unknown colour; known are id, name"),
        ({"id": "a", "settings": []}, None),
        ({"id": "a", "settings": ["x"]}, "settings: expected a map"),
        ({"id": "a", "is_paused": "no"}, r"channel 1 \(a\): is_paused: expected true or false"),
        ({"channels": [], "defaults": {}}, "unknown defaults beside channels"),
        ({"id": "a", "secrets": "x"}, "secrets: expected a map"),
    ],
)
def test_a_mistake_is_told_with_its_place(content: object, words: str | None) -> None:
    if words is None:
        assert len(list(channels_of(content, "f"))) == 1
        return
    with pytest.raises(ValueError, match=words):
        list(channels_of(content, "f"))


def test_a_secret_is_read_from_elsewhere() -> None:
    row = {
        "id": "a",
        "secrets": {"imap_password_secret": {"env": "A"}, "smtp_password_secret": {"file": "/b"}},
    }
    (one,) = channels_of(row, "f")
    assert one.secrets == {
        "imap_password_secret": SecretPlace("env", "A"),
        "smtp_password_secret": SecretPlace("file", "/b"),
    }


def test_a_secret_that_stands_in_the_file_itself_is_refused_without_repeating_it() -> None:
    with pytest.raises(ValueError, match=r"secrets\.imap_password_secret: expected") as refused:
        list(channels_of({"id": "a", "secrets": {"imap_password_secret": "hunter2"}}, "f"))
    assert "hunter2" not in str(refused.value)


def test_what_is_no_yaml_is_told_by_its_line_without_the_line(tmp_path: Path) -> None:
    path = tmp_path / "channels.yaml"
    path.write_text('id: a\nsecrets: {imap_password_secret: "hunter2\n')
    with pytest.raises(ValueError, match="not YAML in line") as refused:
        read(path)
    assert "hunter2" not in str(refused.value)


def test_a_channel_is_described_once(tmp_path: Path) -> None:
    path = tmp_path / "channels.yaml"
    path.write_text("[{id: a}, {id: b}, {id: a}]")
    with pytest.raises(ValueError, match="a: described more than once"):
        read(path)


def test_a_pause_that_the_file_says_nothing_of_is_left_to_others() -> None:
    assert [one.says_paused for one in channels_of([{"id": "a"}, {"id": "b", "is_paused": False}], "f")] == [
        False,
        True,
    ]
