"""Kinds of operators are checked as strictly as Kubernetes' own."""

from typing import Any

from scripts.deploy import crds


def rule(**fields: Any) -> dict[str, Any]:
    rules = [{"alert": "X", "expr": "up == 0", **fields}]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "x"},
        "spec": {"groups": [{"name": "g", "rules": rules}]},
    }


def scaled(**fields: Any) -> dict[str, Any]:
    trigger = {"type": "rabbitmq", "metadata": {"queueName": "q", "mode": "QueueLength", "value": "5"}}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": "x"},
        "spec": {"scaleTargetRef": {"name": "x"}, "triggers": [trigger], **fields},
    }


def test_what_the_operators_know_passes() -> None:
    assert crds.faults(rule(**{"for": "5m"}, labels={"severity": "page"})) == []
    assert crds.faults(scaled(minReplicaCount=1)) == []


def test_a_misspelt_field_is_told_with_its_place() -> None:
    (fault,) = crds.faults(rule(four="5m"))
    assert fault.startswith("spec.groups.0.rules.0: ")
    assert "four" in fault
    (fault,) = crds.faults(scaled(minReplicaCnt=1))
    assert "minReplicaCnt" in fault


def test_a_number_where_keda_reads_a_text_is_told() -> None:
    manifest = scaled()
    manifest["spec"]["triggers"][0]["metadata"]["value"] = 5
    (fault,) = crds.faults(manifest)
    assert fault.startswith("spec.triggers.0.metadata.value: ")


def test_a_kind_that_is_not_described_is_not_known() -> None:
    assert not crds.is_known({"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor"})
