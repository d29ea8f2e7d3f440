"""The image and the compose file."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import yaml

from scripts.deploy.places import BIN, COMPOSE, DOCKERFILE, shown
from scripts.deploy.tools import compose_schema, run


def dockerfile() -> list[str]:
    """What hadolint finds; everything it knows is a fault."""
    done = run([BIN / "hadolint", "--failure-threshold", "style", DOCKERFILE])
    found = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return found or ([f"{shown(DOCKERFILE)}: hadolint failed"] if done.returncode else [])


def compose() -> list[str]:
    """Whether the compose file follows the specification and what we ask of every container of ours."""
    document = interpolated(yaml.safe_load(COMPOSE.read_text()))
    problems = [f"{shown(COMPOSE)}: {fault}" for fault in faults_of_compose(document)]
    for name, service in document["services"].items():
        unknown = sorted(set(service.get("depends_on", {})) - set(document["services"]))
        problems += [f"{shown(COMPOSE)}: {name} waits for {other}, which is not there" for other in unknown]
        # Of our own image; broker and store are started as their makers mean it.
        if "cap_drop" in service and not service.get("read_only"):
            problems.append(f"{shown(COMPOSE)}: {name} may write its root file system")
    return problems


def faults_of_compose(document: Any) -> Iterator[str]:
    """What the compose specification does not allow."""
    schema = json.loads(compose_schema().read_text())
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        yield f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"


def interpolated(value: Any) -> Any:
    """The document as compose sees it where no variable is set."""
    if isinstance(value, dict):
        return {key: interpolated(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [interpolated(inner) for inner in value]
    if isinstance(value, str):
        return re.sub(r"(?<!\$)\$\{\w+(?::-([^}]*))?\}", lambda found: found.group(1) or "", value).replace(
            "$$", "$"
        )
    return value
