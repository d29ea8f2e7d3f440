{{- define "relaydesk.hpa" }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "relaydesk.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .name }}}
  minReplicas: {{ int .scaling.minReplicas }}
  maxReplicas: {{ int .scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ int .scaling.targetCPUUtilizationPercentage }}}
  {{- include "relaydesk.behavior" . | nindent 2 }}
{{- end }}

{{- /* Up at once, down slowly: a pod that goes hands back what it had prefetched. */}}
{{- define "relaydesk.behavior" -}}
behavior:
  scaleUp:
    stabilizationWindowSeconds: 0
    policies:
      - {type: Percent, value: 100, periodSeconds: 30}
  scaleDown:
    stabilizationWindowSeconds: 300
    policies:
      - {type: Pods, value: 1, periodSeconds: 60}
{{- end }}

{{- /*
The broker's HTTP interface counts ready and unacknowledged messages; by AMQP only the ready ones are seen, and pods
would be taken away in the middle of their work.
*/}}
{{- define "relaydesk.scaledObject" }}
{{- $scaling := .scaling }}
{{- $vhost := .root.Values.externalRabbitmq.vhost }}
{{- $auth := printf "%s-queues" (include "relaydesk.fullname" .root) }}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "relaydesk.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .name }}}
  pollingInterval: 15
  cooldownPeriod: {{ int $scaling.cooldownPeriod }}
  minReplicaCount: {{ max 1 (int $scaling.minReplicas) }}
  maxReplicaCount: {{ int $scaling.maxReplicas }}
  # The broker cannot be asked: stay as large as the least that was wanted.
  fallback: {failureThreshold: 3, replicas: {{ max 1 (int $scaling.minReplicas) }}}
  advanced:
    horizontalPodAutoscalerConfig:
      {{- include "relaydesk.behavior" . | nindent 6 }}
  triggers:
    {{- range .queues }}
    {{- $regex := hasPrefix "^" . }}
    - type: rabbitmq
      metadata:
        protocol: http
        queueName: {{ . | quote }}
        {{- if $regex }}
        useRegex: "true"
        operation: sum
        {{- end }}
        vhostName: {{ $vhost | quote }}
        mode: QueueLength
        value: {{ $scaling.messagesPerReplica | quote }}
        excludeUnacknowledged: "false"
      authenticationRef: {name: {{ $auth }}}
    - type: rabbitmq
      metadata:
        protocol: http
        queueName: {{ . | quote }}
        {{- if $regex }}
        useRegex: "true"
        operation: sum
        {{- end }}
        vhostName: {{ $vhost | quote }}
        mode: MessageRate
        value: {{ $scaling.ratePerReplica | quote }}
      authenticationRef: {name: {{ $auth }}}
    {{- end }}
{{- end }}
