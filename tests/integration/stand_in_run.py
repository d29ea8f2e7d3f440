"""`make run` with two stand-in roles and a demo of one line, to test what holds them together.

    python tests/integration/stand_in_run.py run | down | status | clean-data

SECOND_ROLE=falls makes the second role end at once.
"""

import os
import sys
import types

from local import habits
from local.__main__ import main
from local.endpoints import Endpoints
from local.roles import ROLES, Ports
from local.supervisor import ProcessSpec

ANSWERS = """
import http.server, os, signal, sys
class Probe(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *args):
        pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
print('{"level": "info", "event": "ready"}', flush=True)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PROBE_PORT"])), Probe).serve_forever()
"""
FALLS = "print('BROKER_URL: is not set'); raise SystemExit(2)"


def stand_ins(ports: Ports, shared: dict[str, str], base: dict[str, str], **_: str) -> list[ProcessSpec]:
    names = list(ports.probes)[:2]
    codes = [ANSWERS, FALLS if os.environ.get("SECOND_ROLE") == "falls" else ANSWERS]
    return [
        ProcessSpec(
            name,
            (sys.executable, "-c", code),
            {**base, **shared, "PROBE_PORT": str(ports.probes[name])},
            ready_url=f"http://127.0.0.1:{ports.probes[name]}/readyz",
            ports={"PROBE_PORT": ports.probes[name]},
        )
        for name, code in zip(names, codes, strict=True)
    ]


def load(endpoints: Endpoints) -> str:
    return f"look at {endpoints.console_url}"


if __name__ == "__main__":
    demo = types.ModuleType("local.demo")
    vars(demo)["load"] = load
    sys.modules["local.demo"] = demo
    ready_within = float(os.environ.get("READY_WITHIN", "60"))
    vars(habits).update(processes=stand_ins, ROLES=ROLES[:2], READY_WITHIN=ready_within)
    sys.exit(main())
