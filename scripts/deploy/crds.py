"""The kinds that Kubernetes itself does not know: their fields as their operators publish them, as far as we use them.

Validators warn about such kinds and pass them; here an unknown field is a fault.
"""

from typing import Any

import jsonschema

_TEXT: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": _TEXT}
_DURATION: dict[str, Any] = {"type": "string", "pattern": r"^([0-9]+(ms|[smhdwy]))+$"}


def _map(required: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": list(required),
        "properties": fields,
    }


def _list(items: dict[str, Any], at_least: int = 0) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": at_least}


_METADATA = _map(("name",), name=_TEXT, namespace=_TEXT, labels=_TEXTS, annotations=_TEXTS)

_RELABELING = _map(
    action={
        "enum": ["replace", "keep", "drop", "labelmap", "labeldrop", "labelkeep", "hashmod", "lowercase"]
    },
    sourceLabels=_list(_TEXT),
    separator=_TEXT,
    targetLabel=_TEXT,
    regex=_TEXT,
    replacement=_TEXT,
)

_POD_MONITOR = _map(
    ("selector", "podMetricsEndpoints"),
    jobLabel=_TEXT,
    podTargetLabels=_list(_TEXT),
    sampleLimit={"type": "integer"},
    selector=_map(matchLabels=_TEXTS, matchExpressions=_list({"type": "object"})),
    namespaceSelector=_map(any={"type": "boolean"}, matchNames=_list(_TEXT)),
    podMetricsEndpoints=_list(
        _map(
            port=_TEXT,
            path=_TEXT,
            scheme={"enum": ["http", "https"]},
            interval=_DURATION,
            scrapeTimeout=_DURATION,
            honorLabels={"type": "boolean"},
            relabelings=_list(_RELABELING),
            metricRelabelings=_list(_RELABELING),
        ),
        at_least=1,
    ),
)

_RULE = {
    "oneOf": [
        _map(("record", "expr"), record=_TEXT, expr=_TEXT, labels=_TEXTS),
        _map(
            ("alert", "expr"),
            alert=_TEXT,
            expr=_TEXT,
            **{"for": _DURATION, "keep_firing_for": _DURATION, "labels": _TEXTS, "annotations": _TEXTS},
        ),
    ]
}

_PROMETHEUS_RULE = _map(
    ("groups",),
    groups=_list(
        _map(
            ("name", "rules"), name=_TEXT, interval=_DURATION, limit={"type": "integer"}, rules=_list(_RULE)
        ),
        at_least=1,
    ),
)

_BEHAVIOR = {"type": "object", "properties": {"scaleUp": {"type": "object"}, "scaleDown": {"type": "object"}}}

_RABBITMQ_TRIGGER = _map(
    ("mode", "value"),
    # KEDA's metadata are texts, numbers and yes or no too.
    protocol={"enum": ["amqp", "http", "auto"]},
    queueName=_TEXT,
    vhostName=_TEXT,
    mode={"enum": ["QueueLength", "MessageRate", "DeliverGetRate", "PublishedToDeliveredRatio"]},
    value={"type": "string", "pattern": "^[0-9.]+$"},
    activationValue=_TEXT,
    excludeUnacknowledged={"enum": ["true", "false"]},
    useRegex={"enum": ["true", "false"]},
    operation={"enum": ["sum", "max", "avg"]},
    pageSize=_TEXT,
    timeout=_TEXT,
)

_SCALED_OBJECT = _map(
    ("scaleTargetRef", "triggers"),
    scaleTargetRef=_map(("name",), apiVersion=_TEXT, kind=_TEXT, name=_TEXT),
    pollingInterval={"type": "integer", "minimum": 1},
    cooldownPeriod={"type": "integer", "minimum": 0},
    initialCooldownPeriod={"type": "integer", "minimum": 0},
    idleReplicaCount={"type": "integer", "minimum": 0},
    minReplicaCount={"type": "integer", "minimum": 0},
    maxReplicaCount={"type": "integer", "minimum": 1},
    fallback=_map(
        ("failureThreshold", "replicas"), failureThreshold={"type": "integer"}, replicas={"type": "integer"}
    ),
    advanced=_map(
        restoreToOriginalReplicaCount={"type": "boolean"},
        horizontalPodAutoscalerConfig=_map(name=_TEXT, behavior=_BEHAVIOR),
    ),
    triggers=_list(
        _map(
            ("type", "metadata"),
            type={"const": "rabbitmq"},
            name=_TEXT,
            metadata=_RABBITMQ_TRIGGER,
            authenticationRef=_map(("name",), name=_TEXT, kind=_TEXT),
        ),
        at_least=1,
    ),
)

_TRIGGER_AUTHENTICATION = _map(
    secretTargetRef=_list(_map(("parameter", "name", "key"), parameter=_TEXT, name=_TEXT, key=_TEXT)),
)

_SPECS = {
    ("monitoring.coreos.com/v1", "PodMonitor"): _POD_MONITOR,
    ("monitoring.coreos.com/v1", "PrometheusRule"): _PROMETHEUS_RULE,
    ("keda.sh/v1alpha1", "ScaledObject"): _SCALED_OBJECT,
    ("keda.sh/v1alpha1", "TriggerAuthentication"): _TRIGGER_AUTHENTICATION,
}


def is_known(manifest: dict[str, Any]) -> bool:
    """Whether the kind is one of those described here."""
    return (manifest.get("apiVersion"), manifest.get("kind")) in _SPECS


def faults(manifest: dict[str, Any]) -> list[str]:
    """Fields that the kind does not have, or has otherwise."""
    spec = _SPECS[manifest["apiVersion"], manifest["kind"]]
    whole = _map(
        ("apiVersion", "kind", "metadata", "spec"),
        apiVersion=_TEXT,
        kind=_TEXT,
        metadata=_METADATA,
        spec=spec,
    )
    return [
        f"{'.'.join(str(part) for part in error.absolute_path)}: {_reason(error)}"
        for error in jsonschema.Draft202012Validator(whole).iter_errors(manifest)
    ]


def _reason(error: jsonschema.ValidationError) -> str:
    """Of several shapes that all do not fit, what the nearest one lacks."""
    nearest = jsonschema.exceptions.best_match(error.context) if error.context else error
    return str((nearest or error).message)[:200]
