"""The broker's management API: vhosts are made and deleted through it, and queues counted."""

import base64
import json
import urllib.error
import urllib.request
from urllib.parse import quote, unquote, urlsplit, urlunsplit


class ManagementError(Exception):
    """The management API refused or did not answer; one line."""


class BrokerManagement:
    """A client of one broker's management API; user and password are the URL's, or guest."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        user, password = unquote(parts.username or "guest"), unquote(parts.password or "guest")
        host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        self._url = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        self._user = user
        self._authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    def create_vhost(self, name: str) -> None:
        """Make a vhost that this user may use; one that exists stays as it is."""
        vhost = quote(name, safe="")
        self._ask("PUT", f"/api/vhosts/{vhost}", {})
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self._ask("PUT", f"/api/permissions/{vhost}/{quote(self._user, safe='')}", everything)

    def delete_vhost(self, name: str) -> None:
        """Delete a vhost with all its queues; one that does not exist is fine."""
        self._ask("DELETE", f"/api/vhosts/{quote(name, safe='')}", missing_is_fine=True)

    def vhosts(self) -> list[str]:
        """The names of all vhosts."""
        found = self._ask("GET", "/api/vhosts?columns=name")
        return [str(row["name"]) for row in found] if isinstance(found, list) else []

    def _ask(self, method: str, path: str, body: object = None, *, missing_is_fine: bool = False) -> object:
        request = urllib.request.Request(
            self._url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": self._authorization, "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                said = answer.read()
        except urllib.error.HTTPError as error:
            if error.code == 404 and missing_is_fine:
                return None
            raise ManagementError(f"{method} {path} at {self._url}: {error.code} {error.reason}") from error
        except OSError as error:
            raise ManagementError(f"no answer from the management API at {self._url}: {error}") from error
        return json.loads(said) if said else None
