"""A real mail server in front of ours: Postfix on a free port, with its queue in a folder that goes with the test."""

import grp
import os
import pwd
import shutil
import smtplib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.child import OwnChild
from local.ports import free_port
from tests.waiting import wait_until

_MASTER = Path("/usr/lib/postfix/sbin/master")

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.front.example
mydestination =
alias_maps =
local_recipient_maps =
mynetworks = 127.0.0.0/8
relay_domains = {domain}
relay_transport = {transport}
smtp_host_lookup = native
lmtp_host_lookup = native
smtpd_client_connection_count_limit = 0
default_destination_concurrency_limit = 5
default_destination_concurrency_failed_cohort_limit = 0
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
transport_retry_time = 1s
smtp_connect_timeout = 2s
lmtp_connect_timeout = 2s
"""

_SERVICES = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


class PostfixNode:
    """Takes mail for a domain and delivers it by a transport such as `lmtp:inet:127.0.0.1:24` until that says yes."""

    def __init__(self, folder: Path, domain: str, transport: str) -> None:
        self._folder = folder
        self.port = free_port()
        self._child = OwnChild("postfix", folder / "stdout.log")
        for name in ("queue", "data", "etc"):
            (folder / name).mkdir()
        os.chown(folder / "data", pwd.getpwnam("postfix").pw_uid, grp.getgrnam("postfix").gr_gid)
        (folder / "etc/main.cf").write_text(_MAIN.format(folder=folder, domain=domain, transport=transport))
        (folder / "etc/master.cf").write_text(_SERVICES.format(port=self.port))

    def start(self) -> None:
        """Run, until it greets."""
        etc = str(self._folder / "etc")
        # It lays out its queue.
        made = subprocess.run(["/usr/sbin/postfix", "-c", etc, "check"], capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        self._child.spawn([str(_MASTER), "-c", etc, "-d"], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
        wait_until(self._greets, describe=self.told)

    def stop(self) -> None:
        """End it with its workers."""
        self._child.terminate(grace=5)

    def take(self, sender: str, recipient: str, mails: Sequence[bytes]) -> None:
        """Hand mails over; it says yes to each."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            for mail in mails:
                client.sendmail(sender, [recipient], mail)

    def waiting(self) -> int:
        """Mails that are not delivered yet."""
        return sum(
            path.is_file()
            for name in ("maildrop", "incoming", "active", "deferred")
            for path in (self._folder / "queue" / name).rglob("*")
        )

    def told(self) -> str:
        """The end of its log."""
        log = self._folder / "postfix.log"
        return (log if log.exists() else self._child.log).read_text()[-2000:]

    def _greets(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=2):
                return True
        except (OSError, smtplib.SMTPException):
            return False


@contextmanager
def postfix(domain: str, transport: str) -> Iterator[PostfixNode]:
    """A started server, gone afterwards. It gives its workers other users, so it runs as root only."""
    assert os.geteuid() == 0, "Postfix can only be started by root"
    # Its workers may not pass through the folders of a test.
    folder = Path(tempfile.mkdtemp(prefix="postfix-"))
    folder.chmod(0o755)
    node = PostfixNode(folder, domain, transport)
    try:
        node.start()
        yield node
    finally:
        node.stop()
        shutil.rmtree(folder, ignore_errors=True)
