"""A real Prometheus of our own: scrapes what it is told, knows our rules, answers expressions."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from local.child import OwnChild
from local.ports import free_port
from scripts.deploy.places import RULES
from scripts.deploy.tools import prometheus
from tests.waiting import wait_until


@dataclass(frozen=True)
class Sample:
    """One series' value at the moment of asking."""

    labels: Mapping[str, str]
    value: float


class PrometheusNode:
    """Scrapes loopback ports every second. `targets` are components (tickets-serve), `others` jobs without one."""

    def __init__(
        self,
        folder: Path,
        targets: Mapping[str, int],
        *,
        others: Mapping[str, int] | None = None,
        every: str = "1s",
    ) -> None:
        self.port = free_port()
        self._folder = folder
        self._every = every
        self._targets = dict(targets)
        self._others = dict(others or {})
        self._child = OwnChild("prometheus", folder / "prometheus.log")

    def start(self) -> Self:
        """Return when it answers."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = self._folder / "prometheus.yaml"
        config.write_text(yaml.safe_dump(self._config()))
        argv = [
            str(prometheus()),
            f"--config.file={config}",
            f"--storage.tsdb.path={self._folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--enable-feature=exemplar-storage",
            "--log.level=warn",
        ]
        self._child.spawn(argv, env={}, cwd=self._folder)
        wait_until(
            self._is_ready,
            interval=0.1,
            describe=lambda: f"prometheus: {self._child.last_words(3)}",
        )
        return self

    def stop(self) -> None:
        self._child.terminate(grace=10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def query(self, expression: str) -> list[Sample]:
        """What the expression gives now; a scalar as one sample without labels."""
        result = self._ask("query", query=expression)
        if result["resultType"] == "scalar":
            return [Sample({}, float(result["result"][1]))]
        return [Sample(found["metric"], float(found["value"][1])) for found in result["result"]]

    def health(self) -> dict[str, str]:
        """Each target's component or job: `up`, or why it could not be scraped."""
        active = self._ask("targets", state="active")["activeTargets"]
        return {
            target["labels"].get("component") or target["labels"]["job"]: target["lastError"]
            or target["health"]
            for target in active
        }

    def rules(self) -> dict[str, str]:
        """Each rule's name: `ok`, or why it could not be evaluated."""
        return {
            rule["name"]: rule.get("lastError") or rule["health"]
            for group in self._ask("rules")["groups"]
            for rule in group["rules"]
        }

    def exemplars(self, expression: str) -> list[Mapping[str, str]]:
        """Labels of the exemplars (trace_id) of the last quarter of an hour."""
        now = self.query("time()")[0].value
        series = self._ask("query_exemplars", query=expression, start=str(now - 900), end=str(now))
        return [exemplar["labels"] for one in series for exemplar in one["exemplars"]]

    def _config(self) -> dict[str, Any]:
        components = [
            {"targets": [f"127.0.0.1:{port}"], "labels": {"component": name}}
            for name, port in self._targets.items()
        ]
        jobs = [{"job_name": "relaydesk", "static_configs": components}]
        jobs += [
            {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}
            for name, port in self._others.items()
        ]
        return {
            "global": {
                "scrape_interval": self._every,
                "scrape_timeout": self._every,
                "evaluation_interval": self._every,
            },
            "rule_files": [str(path) for path in sorted(RULES.glob("*.yaml"))],
            "scrape_configs": jobs,
        }

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def _ask(self, what: str, **words: str) -> Any:
        url = f"http://127.0.0.1:{self.port}/api/v1/{what}?{urllib.parse.urlencode(words)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise ValueError(f"{words}: {json.load(error)['error']}") from None


def prometheus_port_of(management_url: str) -> int:
    """Where the broker behind a management API shows its own metrics."""
    overview = httpx.get(f"{management_url}/api/overview", timeout=60).raise_for_status().json()
    for listener in overview["listeners"]:
        if listener["protocol"] == "http/prometheus":
            return int(listener["port"])
    raise LookupError("the broker has no rabbitmq_prometheus plugin")
