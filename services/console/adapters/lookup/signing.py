"""Signatures of our questions, as Standard Webhooks has them (standardwebhooks.com, specification, "Signature scheme").

What is signed is `id.timestamp.payload`. A GET has no body, so its payload is the request's target, path and query as they
stand in the first line: a signature fits one question and no other. Any library of Standard Webhooks verifies it when it is
given the target where it expects a body.
"""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
_SHORTEST = 24


def keys_of(text: str) -> tuple[bytes, ...]:
    """The keys of a secret's file: one a line, the newest first, each `whsec_` and Base64. Raises ValueError."""
    keys = []
    for line in text.split():
        if not line.startswith(PREFIX):
            raise ValueError(f"a signing secret begins with {PREFIX}")
        try:
            key = base64.b64decode(line.removeprefix(PREFIX), validate=True)
        except binascii.Error:
            raise ValueError(f"what follows {PREFIX} is no Base64") from None
        if len(key) < _SHORTEST:
            raise ValueError(f"a signing secret has at least {_SHORTEST} bytes")
        keys.append(key)
    if not keys:
        raise ValueError("the file of the signing secret is empty")
    return tuple(keys)


def signature_headers(keys: tuple[bytes, ...], message_id: str, at: int, target: str) -> dict[str, str]:
    """The three headers of a question; `at` is in seconds since 1970. One signature a key, so that keys can be changed."""
    signed = f"{message_id}.{at}.{target}".encode()
    digests = (hmac.digest(key, signed, hashlib.sha256) for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{base64.b64encode(digest).decode()}" for digest in digests),
    }
