import pytest

from cli.channel import channels_of


def test_a_file_may_hold_one_channel_or_many() -> None:
    one = {"id": "support", "kind": "email"}
    assert [channel.id for channel in channels_of(one, "f")] == ["support"]
    assert [channel.id for channel in channels_of([one, {"id": "sales"}], "f")] == ["support", "sales"]
    assert [channel.id for channel in channels_of({"channels": [one]}, "f")] == ["support"]


def test_settings_are_texts_whatever_yaml_took_them_for() -> None:
    row = {
        "id": "support",
        "settings": {"size": 35, "spam": False, "addresses": ["a@x", "b@x"], "none": None},
    }
    (channel,) = channels_of(row, "f")
    assert dict(channel.settings) == {"size": "35", "spam": "false", "addresses": "a@x,b@x", "none": ""}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("text", "channel 1: expected a map with an id"),
        ([{"id": "a"}, {}], "channel 2: expected a map with an id"),
        ({"id": "a", "colour": "red"}, "unknown colour; known are id, name"),
        ({"id": "a", "settings": []}, None),
        ({"id": "a", "settings": ["x"]}, "settings: expected a map"),
    ],
)
def test_a_mistake_is_told_with_its_place(content: object, words: str | None) -> None:
    if words is None:
        assert len(list(channels_of(content, "f"))) == 1
        return
    with pytest.raises(ValueError, match=words):
        list(channels_of(content, "f"))
