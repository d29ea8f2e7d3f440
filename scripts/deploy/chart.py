"""The chart, by the real helm: linted, rendered for every Kubernetes that is supported, every manifest checked."""

import functools
import json
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from referencing import Registry, Resource

from scripts.deploy import crds
from scripts.deploy.places import CHART, shown
from scripts.deploy.tools import helm, run

VERSIONS = tuple(f"1.{minor}" for minor in range(28, 37))
Manifest = dict[str, Any]


class ChartRefused(Exception):
    """helm did not render; its own words."""


def examples() -> list[Path]:
    """The values that the chart is tried with."""
    return sorted((CHART / "ci").glob("*-values.yaml"))


def render(values: Path | None, *, kube: str = "1.31", sets: tuple[str, ...] = ()) -> list[Manifest]:
    """What would be installed as release `desk` in namespace `support`. Raises ChartRefused."""
    command: list[str | Path] = [
        helm(),
        "template",
        "desk",
        CHART,
        "--namespace",
        "support",
        "--kube-version",
        kube,
    ]
    if values is not None:
        command += ["--values", values]
    for word in sets:
        command += ["--set", word]
    done = run(command)
    if done.returncode != 0:
        raise ChartRefused(done.stderr.strip())
    return [manifest for manifest in yaml.load_all(done.stdout, Loader=_fast_loader()) if manifest]


def lint() -> list[str]:
    """What `helm lint --strict` finds, for each example."""
    problems = []
    for values in examples():
        done = run([helm(), "lint", "--strict", "--quiet", CHART, "--values", values])
        if done.returncode != 0:
            said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if "[" in line]
            problems += [f"{shown(values)}: {line}" for line in said if not line.startswith("[INFO]")]
            problems += [] if said else [f"{shown(values)}: helm lint failed"]
    return problems


def manifests() -> list[str]:
    """Whether every manifest is right, for each example and each Kubernetes."""
    problems = []
    seen: set[tuple[str, str]] = set()
    for values in examples():
        for kube in VERSIONS:
            try:
                rendered = render(values, kube=kube)
            except ChartRefused as refusal:
                problems.append(f"{shown(values)}: Kubernetes {kube}: {' '.join(str(refusal).split())[:400]}")
                continue
            problems += [f"{shown(values)}: {fault}" for fault in duplicates(rendered)]
            for manifest in rendered:
                # Most do not depend on the version; the schema may.
                key = (kube, json.dumps(manifest, sort_keys=True))
                if key not in seen:
                    seen.add(key)
                    problems += [
                        f"{shown(values)}: Kubernetes {kube}: {named(manifest)}: {fault}"
                        for fault in faults(manifest, kube)
                    ]
    return problems


def faults(manifest: Manifest, kube: str) -> Iterator[str]:
    """What is wrong with one manifest, unknown fields included."""
    if crds.is_known(manifest):
        yield from crds.faults(manifest)
        return
    validator = schema_of(kube, manifest["apiVersion"], manifest["kind"])
    if validator is None:
        # kubernetes-validate's own command only warns here, and passes.
        yield "a kind that nobody checks; describe its fields in scripts/deploy/crds.py"
        return
    for error in validator.iter_errors(manifest):
        yield f"{'.'.join(str(part) for part in error.absolute_path)}: {error.message[:200]}"


@functools.cache
def schema_of(kube: str, api_version: str, kind: str) -> jsonschema.Draft202012Validator | None:
    """The strict schema that kubernetes-validate carries. Its own function reads and indexes ten megabytes of
    definitions again for every manifest: three minutes for what takes seconds here."""
    group, _, version = api_version.rpartition("/")
    short = f"{group.partition('.')[0]}-{version}" if group else version
    file = _schemas(kube) / f"{kind.lower()}-{short}.json"
    if not file.is_file():
        return None
    return jsonschema.Draft202012Validator(json.loads(file.read_text()), registry=_definitions(kube))


@functools.cache
def _definitions(kube: str) -> Registry[Any]:
    resource = Resource.from_contents(json.loads((_schemas(kube) / "_definitions.json").read_text()))
    return (resource @ Registry()).crawl()


@functools.cache
def _schemas(kube: str) -> Traversable:
    carried = resources.files("kubernetes_validate") / "kubernetes-json-schema"
    (found,) = (
        folder
        for folder in carried.iterdir()
        if folder.name.startswith(f"v{kube}.") and folder.name.endswith("-strict")
    )
    return found


def duplicates(rendered: list[Manifest]) -> Iterator[str]:
    """Names that two manifests of one kind share."""
    seen: set[str] = set()
    for manifest in rendered:
        name = named(manifest)
        if name in seen:
            yield f"{name} is rendered twice"
        seen.add(name)


def named(manifest: Manifest) -> str:
    return f"{manifest.get('kind')}/{manifest.get('metadata', {}).get('name')}"


def _fast_loader() -> Any:
    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
