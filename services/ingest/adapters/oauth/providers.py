"""How each provider is asked for an access token.

Microsoft by msal: with the application's own right (client credentials) or in a person's name (refresh token). Google by its
token endpoint, with a refresh token (developers.google.com, "Using OAuth 2.0 for Web Server Applications").
"""

import json
import re
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import msal

from services.ingest.adapters.oauth.http import Http, HttpFailure
from services.ingest.domain.inside import Reach
from services.ingest.domain.sign_in import Issued, NoToken, TokenSource

_MICROSOFT = "https://login.microsoftonline.com"
_GOOGLE = "https://oauth2.googleapis.com/token"
# "Authenticate an IMAP, POP or SMTP connection using OAuth", learn.microsoft.com.
_AS_APPLICATION = ("https://outlook.office365.com/.default",)
_AS_PERSON = (
    "https://outlook.office.com/IMAP.AccessAsUser.All",
    "https://outlook.office.com/SMTP.Send",
)
# As RFC 6750, 2.1 has it: what else stood there could end the line that it is sent in.
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{1,16000}")
_LASTS_BY_DEFAULT = 3600
_LONGEST = timedelta(days=1)
# The errors of RFC 6749, 5.2, for a person.
_WORDS = {
    "invalid_client": "the application's id or secret is wrong or has run out",
    "invalid_grant": "the permission was taken back or has run out: sign in again and give the new refresh token",
    "unauthorized_client": "the application may not ask for this",
    "invalid_scope": "the application has no permission for mail",
}


class Refused(NoToken):
    """The provider was asked, and says no to this refresh token."""


def ask(source: TokenSource, client_secret: str, refresh_token: str, *, addresses: Reach) -> Issued:
    """A new access token. Raises NoToken; Refused where another refresh token may help."""
    where = urlsplit(source.url or (_GOOGLE if source.provider == "google" else _MICROSOFT)).hostname or ""
    try:
        with closing(Http(addresses)) as http:
            by = _by_google if source.provider == "google" else _by_msal
            return _issued(by(source, client_secret, refresh_token, http), where)
    except HttpFailure as failed:
        raise NoToken(f"{where} {failed}") from None
    except msal.exceptions.MsalError:
        raise NoToken(f"{where} has an error of its own and gives no token") from None
    except (ValueError, ArithmeticError, KeyError, TypeError, AttributeError, RecursionError) as failed:
        # Of a tenant that does not exist msal says so here; so does what is no answer of a provider at all.
        raise NoToken(
            f"{where} does not know the tenant, or is no provider of tokens: {_line(failed)}"
        ) from None


def _by_msal(source: TokenSource, client_secret: str, refresh_token: str, http: Http) -> Mapping[str, Any]:
    common: dict[str, Any] = {
        "client_id": source.client_id,
        "authority": f"{(source.url or _MICROSOFT).rstrip('/')}/{source.tenant}",
        "http_client": http,
        # The address is ours or an administrator's: nobody in the world needs to vouch for a cloud of its own.
        "instance_discovery": False,
    }
    if client_secret:
        application = msal.ConfidentialClientApplication(client_credential=client_secret, **common)
    else:
        application = msal.PublicClientApplication(**common)
    if refresh_token:
        found = application.acquire_token_by_refresh_token(refresh_token, list(source.scopes or _AS_PERSON))
    else:
        found = application.acquire_token_for_client(list(source.scopes or _AS_APPLICATION))
    return found or {}


def _by_google(source: TokenSource, client_secret: str, refresh_token: str, http: Http) -> Mapping[str, Any]:
    form = {
        "grant_type": "refresh_token",
        "client_id": source.client_id,
        "client_secret": client_secret,
        "refresh_token": refresh_token,
    }
    answer = http.post(source.url or _GOOGLE, data=form, headers={"Accept": "application/json"})
    found = json.loads(answer.text)
    return found if isinstance(found, dict) else {}


def _issued(found: Mapping[str, Any], where: str) -> Issued:
    token = found.get("access_token")
    if isinstance(token, str) and _TOKEN.fullmatch(token):
        seconds = int(found.get("expires_in") or _LASTS_BY_DEFAULT)
        lasts = min(timedelta(seconds=max(0, min(seconds, 10**6))), _LONGEST)
        refresh = found.get("refresh_token")
        return Issued(token, lasts, refresh if isinstance(refresh, str) else "")
    error, said = str(found.get("error", "")), _line(found.get("error_description", ""))
    words = ": ".join(part for part in (_WORDS.get(error, error or "it gave no reason"), said) if part)
    raise (Refused if error == "invalid_grant" else NoToken)(f"{where} gives no token: {words}")


def _line(said: object) -> str:
    """The first line, without the numbers that only help the provider."""
    first = str(said).strip().splitlines()[:1]
    return " ".join(re.split(r"\s*Trace ID:", "".join(first))[0].split())[:250]
