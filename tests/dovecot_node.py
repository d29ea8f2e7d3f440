"""A real IMAP server of the test's own: Dovecot on a free port, with its data in a folder that goes with the test."""

import grp
import imaplib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.child import OwnChild
from local.ports import free_ports
from tests.waiting import wait_until

BINARY = Path("/usr/sbin/dovecot")
PASSWORD = "open-sesame"

_CONFIG = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
auth_mechanisms = plain login {token_mechanisms}
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
mail_location = maildir:{folder}/mail/%u
mail_max_userip_connections = 100
first_valid_uid = 0
{tokens}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = {has_tls}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""

_TOKENS = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/tokens.conf
}}
"""
# RFC 7662: the server asks whoever gave a token whose it is.
_INTROSPECTION = """
introspection_mode = post
introspection_url = {url}
username_attribute = username
active_attribute = active
active_value = true
"""


class DovecotNode:
    """Every user is let in with the same password, or a token of his own, and has a mailbox of its own."""

    def __init__(
        self,
        folder: Path,
        certificate: tuple[Path, Path] | None = None,
        introspection_url: str = "",
        token_mechanisms: str = "xoauth2 oauthbearer",
    ) -> None:
        self._folder = folder
        self.port, self.tls_port = free_ports(2)
        self._child = OwnChild("dovecot", folder / "stdout.log")
        root = os.geteuid() == 0
        user, group = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(os.getegid()).gr_name
        # The server lets nobody read mail as root.
        uid, gid = (65534, 65534) if root else (os.geteuid(), os.getegid())
        for name in ("run", "state", "mail", "home"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._owner = (uid, gid) if root else None
        if root:
            for name in ("mail", "home"):
                os.chown(folder / name, uid, gid)
        cert = f"ssl_cert = <{certificate[0]}\nssl_key = <{certificate[1]}" if certificate else ""
        (folder / "tokens.conf").write_text(_INTROSPECTION.format(url=introspection_url))
        (folder / "dovecot.conf").write_text(
            _CONFIG.format(
                folder=folder,
                ssl="yes" if certificate else "no",
                has_tls="yes" if certificate else "no",
                certificate=cert,
                token_mechanisms=token_mechanisms if introspection_url else "",
                tokens=_TOKENS.format(folder=folder) if introspection_url else "",
                internal="dovecot" if root else user,
                internal_group="dovecot" if root else group,
                login="dovenull" if root else user,
                password=PASSWORD,
                uid=uid,
                gid=gid,
                port=self.port,
                tls_port=self.tls_port,
            )
        )

    def start(self) -> None:
        """Run, until it greets."""
        self._child.spawn(
            [str(BINARY), "-F", "-c", str(self._folder / "dovecot.conf")],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        wait_until(self._greets, describe=self._log)

    def stop(self) -> None:
        """End it with its workers."""
        self._child.terminate(grace=5)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it says."""
        self._child.kill9()

    @contextmanager
    def open(self, user: str, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """A client that is signed in as a user, with a folder open."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=60) as client:
            client.login(user, PASSWORD)
            client.select(folder)
            yield client

    def put(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        """Lay mails into a folder."""
        with self.open(user) as client:
            for mail in mails:
                assert client.append(folder, "", "", mail)[0] == "OK"

    def lay(self, user: str, mails: Iterable[bytes]) -> None:
        """As `put`, for a user who never signed in yet: thousands at once, past the server."""
        folder = self._folder / "mail" / user
        for name in ("cur", "new", "tmp"):
            (folder / name).mkdir(parents=True)
        for number, mail in enumerate(mails):
            (folder / "new" / f"{1_700_000_000 + number}.M{number}P1.test").write_bytes(mail)
        if self._owner is not None:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, *self._owner)

    def flags(self, user: str, folder: str = "INBOX") -> list[bytes]:
        """The flags of each mail of a folder, empty where there is none."""
        with self.open(user, folder) as client:
            _, found = client.uid("FETCH", "1:*", "(FLAGS)")
        return [line for line in found if isinstance(line, bytes)]

    def recreate(self, user: str, mails: Sequence[bytes], folder: str) -> None:
        """The same mails in a folder of the same name, under another UIDVALIDITY."""
        with self.open(user) as client:
            client.delete(folder)
            client.create(folder)
        self.put(user, *mails, folder=folder)

    def _greets(self) -> bool:
        try:
            with imaplib.IMAP4("127.0.0.1", self.port, timeout=2):
                return True
        except (OSError, imaplib.IMAP4.error):
            return False

    def _log(self) -> str:
        log = self._folder / "dovecot.log"
        return log.read_text()[-2000:] if log.exists() else self._child.log.read_text()[-2000:]


@contextmanager
def dovecot(
    certificate: tuple[Path, Path] | None = None,
    introspection_url: str = "",
    token_mechanisms: str = "xoauth2 oauthbearer",
) -> Iterator[DovecotNode]:
    """A started server, gone afterwards."""
    # Its workers run as another user, who may not pass through the folders of a test.
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    node = DovecotNode(folder, certificate, introspection_url, token_mechanisms)
    try:
        node.start()
        yield node
    finally:
        node.stop()
        shutil.rmtree(folder, ignore_errors=True)
