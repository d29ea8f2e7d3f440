"""The chart by the real helm: what is installed for which values."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from local.roles import ROLES
from scripts.deploy import chart
from scripts.deploy.chart import ChartRefused, Manifest, render
from scripts.deploy.places import BIN, CHART
from scripts.deploy.tools import helm, kubectl, run

CI = CHART / "ci"
MINIMAL = CI / "minimal-values.yaml"


def one(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    (found,) = (found for found in manifests if chart.named(found) == f"{kind}/{name}")
    return found


def of(manifests: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {found["metadata"]["name"]: found for found in manifests if found["kind"] == kind}


def container(deployment: Manifest) -> dict[str, Any]:
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    assert isinstance(only, dict)
    return only


def variables(deployment: Manifest) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container(deployment)["env"]}


@pytest.fixture(scope="module")
def minimal() -> list[Manifest]:
    return render(MINIMAL)


@pytest.fixture(scope="module")
def full() -> list[Manifest]:
    return render(CI / "full-values.yaml")


def test_every_role_has_a_deployment_that_starts_it(minimal: list[Manifest]) -> None:
    deployments = of(minimal, "Deployment")
    for role in ROLES:
        if (role.service, role.word) != ("ingest", "listen"):
            found = deployments[f"desk-relaydesk-{role.service}-{role.word}"]
            assert container(found)["args"] == [f"services.{role.service}", role.word]
            assert set(role.ports) <= set(variables(found))


def test_every_channel_entry_has_a_deployment_that_takes_what_it_says() -> None:
    deployments = of(render(CI / "per-channel-values.yaml"), "Deployment")
    taken = {
        name: container(found)["args"][2:] for name, found in deployments.items() if "ingest-listen" in name
    }
    assert taken == {
        "desk-relaydesk-ingest-listen-support": ["--channel", "support"],
        "desk-relaydesk-ingest-listen-email": ["--kind", "email"],
        "desk-relaydesk-ingest-listen-chat": ["--lane", "chat"],
        "desk-relaydesk-ingest-listen-voice": ["--lane", "voice"],
        "desk-relaydesk-ingest-listen-rest": [],
    }


def test_a_lane_gets_a_deployment_of_its_own_in_another_service() -> None:
    people = one(render(CI / "per-channel-values.yaml"), "Deployment", "desk-relaydesk-tickets-listen-people")
    assert container(people)["args"] == ["services.tickets", "listen"]
    assert variables(people)["LANES"] == "chat,voice"


def test_only_an_autoscaler_or_the_chart_owns_the_number_of_replicas(full: list[Manifest]) -> None:
    scaled = {
        found["spec"]["scaleTargetRef"]["name"] for found in of(full, "HorizontalPodAutoscaler").values()
    }
    assert scaled == {"desk-tickets-serve", "desk-console-serve"}
    for name, deployment in of(full, "Deployment").items():
        assert ("replicas" in deployment["spec"]) == (name not in scaled)


def test_keda_looks_at_the_queues_that_the_deployment_takes_from() -> None:
    scaled = of(render(CI / "per-channel-values.yaml"), "ScaledObject")

    def queues(name: str) -> list[str]:
        triggers = scaled[f"desk-relaydesk-{name}"]["spec"]["triggers"]
        return list(dict.fromkeys(trigger["metadata"]["queueName"] for trigger in triggers))

    assert queues("ingest-listen-support") == ["intake.support"]
    assert queues("ingest-listen-rest") == ["^intake[.]"]
    assert queues("tickets-listen-people") == ["tickets.chat", "tickets.voice"]


def test_a_budget_for_disruptions_stands_only_where_more_than_one_replica_runs(full: list[Manifest]) -> None:
    budgets = set(of(full, "PodDisruptionBudget"))
    assert set(of(full, "Deployment")) - budgets == {"desk-reports-serve"}


def test_secrets_are_files_and_the_console_sees_only_its_own(full: list[Manifest]) -> None:
    def mounted(name: str) -> set[str]:
        volumes = one(full, "Deployment", name)["spec"]["template"]["spec"]["volumes"]
        sources = [source for volume in volumes for source in volume.get("projected", {}).get("sources", [])]
        return {source["secret"]["name"] for source in sources}

    assert mounted("desk-console-serve") == {"relaydesk-keys", "lookup-secrets"}
    assert mounted("desk-tickets-serve") == {"relaydesk-keys", "relaydesk-rabbitmq", "relaydesk-mongodb"}
    assert mounted("desk-ingest-serve") == mounted("desk-tickets-serve") | {
        "mailbox-support",
        "mailbox-sales",
    }
    for deployment in of(full, "Deployment").values():
        assert all("valueFrom" not in entry for entry in container(deployment)["env"])


def test_the_console_gets_the_file_of_lookups_under_a_name_that_changes_with_it(full: list[Manifest]) -> None:
    [name] = [name for name in of(full, "ConfigMap") if name.startswith("desk-lookups-")]
    sources = yaml.safe_load(one(full, "ConfigMap", name)["data"]["lookups.yaml"])["sources"]
    assert [source["id"] for source in sources] == ["shop", "crm"]
    deployment = one(full, "Deployment", "desk-console-serve")
    assert {"name": "lookups", "configMap": {"name": name}} in deployment["spec"]["template"]["spec"][
        "volumes"
    ]
    assert variables(deployment)["LOOKUPS_FILE"] == "/etc/relaydesk/lookups/lookups.yaml"
    assert variables(deployment)["SECRETS_FOLDER"] == "/etc/relaydesk/lookup-secrets"


def test_every_container_is_nobody_and_writes_nowhere_but_tmp(minimal: list[Manifest]) -> None:
    pods = [found["spec"]["template"]["spec"] for found in minimal if found["kind"] in ("Deployment", "Job")]
    for pod in pods:
        assert pod["automountServiceAccountToken"] is False
        assert pod["securityContext"]["runAsUser"] == 10001
        for found in pod["containers"]:
            context = found["securityContext"]
            assert (context["readOnlyRootFilesystem"], context["allowPrivilegeEscalation"]) == (True, False)
            writable = [mount["mountPath"] for mount in found["volumeMounts"] if not mount.get("readOnly")]
            assert writable == ["/tmp"]


def test_what_is_set_to_null_is_left_to_the_platform() -> None:
    deployment = one(render(CI / "openshift-values.yaml"), "Deployment", "desk-relaydesk-sla-work")
    context = deployment["spec"]["template"]["spec"]["securityContext"]
    assert context == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}


def test_liveness_asks_only_whether_the_process_turns(minimal: list[Manifest]) -> None:
    for deployment in of(minimal, "Deployment").values():
        found = container(deployment)
        assert found["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "probes"}
        assert found["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "probes"}
        assert found["startupProbe"]["httpGet"] == {"path": "/livez", "port": "probes"}


def test_the_pause_before_the_end_is_native_where_kubernetes_has_it() -> None:
    def pause(kube: str) -> Any:
        deployment = one(render(MINIMAL, kube=kube), "Deployment", "desk-relaydesk-tickets-serve")
        return container(deployment)["lifecycle"]["preStop"]

    assert pause("1.29") == {"exec": {"command": ["sleep", "5"]}}
    assert pause("1.30") == {"sleep": {"seconds": 5}}


def test_the_preparation_runs_every_service_before_anything_of_the_release_exists(
    minimal: list[Manifest],
) -> None:
    job = one(minimal, "Job", "desk-relaydesk-prepare")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    pod = job["spec"]["template"]["spec"]
    assert pod["serviceAccountName"] == "default"
    assert {tuple(found["args"]) for found in pod["containers"]} == {
        (f"services.{role.service}", "prepare") for role in ROLES if role.service != "console"
    }


def test_the_preparation_can_be_a_job_of_the_revision() -> None:
    job = one(render(CI / "openshift-values.yaml"), "Job", "desk-relaydesk-prepare-1")
    assert "helm.sh/hook" not in job["metadata"].get("annotations", {})


def test_clients_find_every_pod_of_a_grpc_service(minimal: list[Manifest]) -> None:
    services = of(minimal, "Service")
    address = variables(one(minimal, "Deployment", "desk-relaydesk-rules-listen"))["TICKETS_ADDRESS"]
    assert address == "dns:///desk-relaydesk-tickets-headless.support.svc:50051"
    assert services["desk-relaydesk-tickets-headless"]["spec"]["clusterIP"] == "None"


def test_the_live_stream_has_an_ingress_without_buffering(full: list[Manifest]) -> None:
    live = one(full, "Ingress", "desk-console-live")
    assert live["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-buffering"] == "off"
    assert live["spec"]["rules"][0]["http"]["paths"][0]["path"] == "/live"
    plain = one(full, "Ingress", "desk-console")
    assert "nginx.ingress.kubernetes.io/proxy-buffering" not in plain["metadata"]["annotations"]


def test_the_rules_and_the_dashboard_of_the_chart_are_those_of_the_source(full: list[Manifest]) -> None:
    rule = one(full, "PrometheusRule", "desk-recording")
    source = yaml.safe_load((CHART.parents[1] / "observability" / "rules" / "recording.yaml").read_text())
    assert rule["spec"] == source
    data = one(full, "ConfigMap", "desk-dashboard")["data"]
    assert (
        data["relaydesk.json"].strip()
        == (CHART.parents[1] / "observability" / "dashboards" / "relaydesk.json").read_text().strip()
    )


def test_alerts_lead_to_runbooks_where_a_base_is_given(full: list[Manifest]) -> None:
    groups = one(full, "PrometheusRule", "desk-alerts")["spec"]["groups"]
    urls = {rule["annotations"]["runbook_url"] for group in groups for rule in group["rules"]}
    assert "https://git.example.com/relaydesk/docs/runbooks/RelaydeskOutboxOld.md" in urls
    assert all(url.startswith("https://git.example.com/relaydesk/docs/runbooks/") for url in urls)


def test_a_closed_network_lets_in_only_who_is_named(full: list[Manifest]) -> None:
    policies = of(full, "NetworkPolicy")
    assert set(policies) == {"desk", "desk-ingest", "desk-console"}
    ports = [port["port"] for rule in policies["desk"]["spec"]["ingress"] for port in rule["ports"]]
    assert ports == ["grpc", "probes"]


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (("replicaCoun=3",), "additional properties 'replicaCoun' not allowed"),
        (("services.tickets.serve.replica=3",), "'replica'"),
        (("channels.email.lane=fax",), "channels"),
        (("channels.email.lane=chat",), "channels.email: a lane is chosen alone"),
        (("channels.email=null", "channels.rest=null"), "nobody takes what came in"),
        (("instanceKey.existingSecret=",), "instanceKey.existingSecret: name the Secret"),
        (("defaults.terminationGracePeriodSeconds=20",), "need at least 30"),
        (("channels.email.autoscaling.type=keda",), "which queues it takes from is not known"),
        (("defaults.autoscaling.type=hpa", "defaults.autoscaling.minReplicas=20"), "is above maxReplicas"),
        (("lookups.sources[0].id=shop",), "missing properties 'kind', 'url', 'secret'"),
        (("lookups.sources[0].kind=soap",), "lookups"),
        (("ingress.console.enabled=true",), "ingress.console.host: name the host"),
    ],
)
def test_values_with_a_fault_are_refused_in_words(sets: tuple[str, ...], said: str) -> None:
    with pytest.raises(ChartRefused) as refusal:
        render(MINIMAL, sets=sets)
    assert said in str(refusal.value)


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(ChartRefused) as refusal:
        render(None)
    for key in ("externalRabbitmq", "externalMongodb", "instanceKey", "internalToken"):
        assert f"{key}.existingSecret" in str(refusal.value)


def test_the_chart_can_be_part_of_another_and_be_switched_off(tmp_path: Path) -> None:
    parent = tmp_path / "parent"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts" / "relaydesk").symlink_to(CHART)
    (parent / "Chart.yaml").write_text("{apiVersion: v2, name: parent, version: 0.1.0}\n")
    (parent / "values.yaml").write_text(
        yaml.safe_dump({"global": {"region": "eu"}, "relaydesk": yaml.safe_load(MINIMAL.read_text())})
    )
    on = run([helm(), "template", "desk", parent])
    assert "name: desk-relaydesk-tickets-serve" in on.stdout, on.stderr
    off = run([helm(), "template", "desk", parent, "--set", "relaydesk.enabled=false"])
    assert (off.returncode, off.stdout.strip()) == (0, ""), off.stderr


def test_what_the_chart_notes_can_be_typed() -> None:
    shown = run([helm(), "install", "desk", CHART, "--dry-run=client", "-n", "support", "-f", MINIMAL])
    assert (
        "kubectl -n support exec deploy/desk-relaydesk-tickets-serve -- relaydesk token create"
        in shown.stdout
    )


def test_the_command_of_kubernetes_validate_agrees(tmp_path: Path, full: list[Manifest]) -> None:
    rendered = tmp_path / "full.yaml"
    rendered.write_text(yaml.safe_dump_all(full))
    done = run([BIN / "kubernetes-validate", "--strict", "-k", "1.34", rendered])
    assert done.returncode == 0, done.stdout
    warned = {
        line.split("kind ")[1].split()[0] for line in done.stdout.splitlines() if line.startswith("WARN")
    }
    assert warned == {"PodMonitor", "PrometheusRule"}


def test_kubectl_reads_what_helm_wrote(tmp_path: Path, full: list[Manifest]) -> None:
    (tmp_path / "full.yaml").write_text(yaml.safe_dump_all(full))
    (tmp_path / "kustomization.yaml").write_text("resources: [full.yaml]\n")
    done = run([kubectl(), "kustomize", tmp_path])
    assert done.returncode == 0, done.stderr
    assert len(list(yaml.safe_load_all(done.stdout))) == len(full)


def test_a_misspelt_field_in_a_manifest_is_found(minimal: list[Manifest]) -> None:
    broken = yaml.safe_load(yaml.safe_dump(one(minimal, "Deployment", "desk-relaydesk-tickets-serve")))
    broken["spec"]["replica"] = 3
    assert any("replica" in fault for fault in chart.faults(broken, "1.31"))
    unknown = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}}
    assert list(chart.faults(unknown, "1.31")) == [
        "a kind that nobody checks; describe its fields in scripts/deploy/crds.py"
    ]
