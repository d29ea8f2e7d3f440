"""What is said to a mail server with a token."""

from services.ingest.domain.sign_in import initial_response, last_response, mechanism_of


def test_xoauth2_is_as_its_providers_document_it() -> None:
    said = initial_response("XOAUTH2", "desk@one.example", "t0", "imap.one.example", 993)
    assert said == "user=desk@one.example\x01auth=Bearer t0\x01\x01"
    assert last_response("XOAUTH2") == ""


def test_oauthbearer_names_the_server_and_a_user_with_a_comma() -> None:
    said = initial_response("OAUTHBEARER", "desk,a=b", "t0", "imap.one.example", 993)
    assert said == "n,a=desk=2Ca=3Db,\x01host=imap.one.example\x01port=993\x01auth=Bearer t0\x01\x01"
    assert last_response("OAUTHBEARER") == "\x01"


def test_what_a_server_does_not_offer_is_not_tried() -> None:
    assert mechanism_of(frozenset({"PLAIN", "LOGIN"})) == ""
    assert mechanism_of(frozenset({"PLAIN", "OAUTHBEARER"})) == "OAUTHBEARER"
    assert mechanism_of(frozenset({"OAUTHBEARER", "XOAUTH2"})) == "XOAUTH2"
