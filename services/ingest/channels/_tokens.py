"""What a mailbox can be told of signing in with access tokens, and what of it makes no sense."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, ValidationInfo

from services.ingest.channels._values import Texts

# A directory's id, or a domain of it: what else stood there would lead to another place of the same server.
_TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
# Secrets travel there, so it is encrypted unless it is this machine.
_URL = re.compile(r"https://[^\s/?#@]+(/[^\s?#@]*)?|http://(localhost|127\.0\.0\.1)(:\d+)?(/[^\s?#@]*)?")
_SCOPE = re.compile(r"[!#-\[\]-~]{1,200}")


def _is_tenant(value: str, info: ValidationInfo) -> str:
    is_needed = info.data.get("oauth_provider") == "microsoft"
    if (value or is_needed) and not _TENANT.fullmatch(value):
        raise ValueError("the id or a domain of the organisation, where the provider is microsoft")
    return value


def _is_client(value: str, info: ValidationInfo) -> str:
    if not value and info.data.get("oauth_provider", "none") != "none":
        raise ValueError("the application's id, where oauth_provider is given")
    return value


def _is_enough(value: str, info: ValidationInfo) -> str:
    provider, has_client_secret = info.data.get("oauth_provider"), info.data.get("oauth_client_secret")
    if provider == "google" and not (value and has_client_secret):
        raise ValueError("a refresh token along with the application's secret, where the provider is google")
    if provider == "microsoft" and not (value or has_client_secret):
        raise ValueError("a refresh token, or else the application's secret")
    return value


def _is_url(value: str) -> str:
    if value and not _URL.fullmatch(value):
        raise ValueError("an address that begins with https://")
    return value


def _are_scopes(values: tuple[str, ...]) -> tuple[str, ...]:
    if not all(_SCOPE.fullmatch(value) for value in values):
        raise ValueError("scopes as the provider writes them, separated by commas")
    return values


Provider = Literal["none", "microsoft", "google"]
Tenant = Annotated[str, AfterValidator(_is_tenant)]
ClientId = Annotated[str, AfterValidator(_is_client)]
# Stands behind the application's secret, without which it may be needed.
RefreshSecret = Annotated[str, AfterValidator(_is_enough)]
TokenUrl = Annotated[str, AfterValidator(_is_url)]
Scopes = Annotated[Texts, AfterValidator(_are_scopes)]
