"""HTTP: the probes of every role, a server for ASGI applications, and what counts and traces their requests."""

from chassis.web.asgi import AsgiServer, serve_asgi
from chassis.web.measured import MeasuredApp
from chassis.web.probes import Heartbeat, ProbeServer
from chassis.web.route import (
    SMALL,
    Answer,
    BodyTooLarge,
    ClientGone,
    MeasuredRoute,
    Receive,
    Scope,
    Send,
    read_body,
)

__all__ = [
    "SMALL",
    "Answer",
    "AsgiServer",
    "BodyTooLarge",
    "ClientGone",
    "Heartbeat",
    "MeasuredApp",
    "MeasuredRoute",
    "ProbeServer",
    "Receive",
    "Scope",
    "Send",
    "read_body",
    "serve_asgi",
]
