"""HTTP: the probes of every role, a server for Flask, a server for pages that stream."""

from chassis.web.asgi import AsgiServer, serve_asgi
from chassis.web.measured import MeasuredApp
from chassis.web.probes import Heartbeat, ProbeServer
from chassis.web.wsgi import WsgiServer, serve_wsgi

__all__ = ["AsgiServer", "Heartbeat", "MeasuredApp", "ProbeServer", "WsgiServer", "serve_asgi", "serve_wsgi"]
