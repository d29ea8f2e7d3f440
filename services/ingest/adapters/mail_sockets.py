"""Where mail is handed in: SMTP, and LMTP where it is asked for."""

import ssl
from dataclasses import replace

from chassis.telemetry import Metrics
from services.ingest.adapters.edge import Edge
from services.ingest.adapters.smtp import MailReceiver, SmtpSettings
from services.ingest.config import MEBIBYTE, Settings


def mail_receivers(edge: Edge, settings: Settings, metrics: Metrics) -> list[MailReceiver]:
    """The sockets that the settings ask for."""
    tls = None
    if settings.smtp_tls_cert is not None and settings.smtp_tls_key is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(settings.smtp_tls_cert, settings.smtp_tls_key)
    smtp = SmtpSettings(
        host=settings.smtp_host,
        port=settings.smtp_port,
        is_lmtp=False,
        size_limit=settings.smtp_size_limit_mb * MEBIBYTE,
        hostname=settings.smtp_hostname,
        tls=tls,
    )
    if settings.lmtp_port is None:
        return [MailReceiver(edge, smtp, metrics)]
    lmtp = replace(smtp, port=settings.lmtp_port, is_lmtp=True)
    return [MailReceiver(edge, one, metrics) for one in (smtp, lmtp)]
