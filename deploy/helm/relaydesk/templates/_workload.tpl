{{- /*
One deployment with its disruption budget and its autoscaler. Takes a dict:
  root, component (tickets-serve), service, role, args (what follows the service's module), settings (of this one),
  intake (queues of channels that it takes from; empty: not known)
*/}}
{{- define "relaydesk.workload" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $role := .role -}}
{{- $own := mergeOverwrite (deepCopy $root.Values.defaults) (.settings | default dict) -}}
{{- $name := printf "%s-%s" (include "relaydesk.fullname" $root) .component | trunc 63 | trimSuffix "-" -}}
{{- $ports := $own.ports | default dict -}}
{{- $scaling := $own.autoscaling -}}
{{- /* What the roles themselves allow for finishing what is in hand, and some air. */}}
{{- $least := add (int $own.preStopSeconds) 25 -}}
{{- if lt (int $own.terminationGracePeriodSeconds) (int $least) -}}
{{- fail (printf "%s: terminationGracePeriodSeconds is %d; preStopSeconds %d, 20 s to finish what is in hand and 5 s of air need at least %d" .component (int $own.terminationGracePeriodSeconds) (int $own.preStopSeconds) (int $least)) -}}
{{- end -}}
{{- if and (ne $scaling.type "none") (gt (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- fail (printf "%s: autoscaling.minReplicas %d is above maxReplicas %d" .component (int $scaling.minReplicas) (int $scaling.maxReplicas)) -}}
{{- end -}}
{{- $most := ternary (int $own.replicas) (int $scaling.minReplicas) (eq $scaling.type "none") -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "relaydesk.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
  {{- with include "relaydesk.annotations" $root }}
  annotations:
    {{- . | nindent 4 }}
  {{- end }}
spec:
  {{- /* Whoever scales owns the number: two owners fight, and an upgrade fails. */}}
  {{- if eq $scaling.type "none" }}
  replicas: {{ int $own.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  strategy:
    {{- toYaml $own.strategy | nindent 4 }}
  selector:
    matchLabels:
      {{- include "relaydesk.selectorLabels" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "relaydesk.labels" $root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        relaydesk/service: {{ $service }}
        relaydesk/role: {{ $role }}
        {{- with $own.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ $role }}
        {{- with $own.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "relaydesk.serviceAccountName" $root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with $root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with $own.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      securityContext:
        {{- include "relaydesk.withoutNulls" $own.podSecurityContext | nindent 8 }}
      terminationGracePeriodSeconds: {{ int $own.terminationGracePeriodSeconds }}
      containers:
        - name: {{ $role }}
          image: {{ include "relaydesk.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args:
            - services.{{ $service }}
            {{- toYaml .args | nindent 12 }}
          env:
            {{- include "relaydesk.env" (dict "root" $root "service" $service) | nindent 12 }}
            - {name: PROBE_PORT, value: {{ $own.probes.port | quote }}}
            {{- range $port, $number := $ports }}
            - {name: {{ upper $port }}_PORT, value: {{ $number | quote }}}
            {{- end }}
            {{- with $own.lanes }}
            - {name: LANES, value: {{ join "," . | quote }}}
            {{- end }}
            {{- with $own.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - {name: probes, containerPort: {{ $own.probes.port }}, protocol: TCP}
            {{- range $port, $number := $ports }}
            - {name: {{ $port }}, containerPort: {{ $number }}, protocol: TCP}
            {{- end }}
          startupProbe:
            httpGet: {path: /livez, port: probes}
            {{- toYaml $own.probes.startup | nindent 12 }}
          livenessProbe:
            httpGet: {path: /livez, port: probes}
            {{- toYaml $own.probes.liveness | nindent 12 }}
          readinessProbe:
            httpGet: {path: /readyz, port: probes}
            {{- toYaml $own.probes.readiness | nindent 12 }}
          {{- if gt (int $own.preStopSeconds) 0 }}
          lifecycle:
            preStop:
              {{- if semverCompare ">=1.30-0" $root.Capabilities.KubeVersion.Version }}
              sleep: {seconds: {{ int $own.preStopSeconds }}}
              {{- else }}
              exec: {command: [sleep, {{ int $own.preStopSeconds | quote }}]}
              {{- end }}
          {{- end }}
          securityContext:
            {{- include "relaydesk.withoutNulls" $own.containerSecurityContext | nindent 12 }}
          resources:
            {{- toYaml $own.resources | nindent 12 }}
          volumeMounts:
            {{- include "relaydesk.mounts" (dict "root" $root "service" $service) | nindent 12 }}
      volumes:
        {{- include "relaydesk.volumes" (dict "root" $root "service" $service "tmpSize" $own.tmpSize) | nindent 8 }}
      {{- if $own.topologySpread.enabled }}
      topologySpreadConstraints:
        {{- $selector := dict "app.kubernetes.io/component" .component }}
        {{- range $own.topologySpread.topologyKeys }}
        - topologyKey: {{ . }}
          maxSkew: {{ $own.topologySpread.maxSkew }}
          whenUnsatisfiable: {{ $own.topologySpread.whenUnsatisfiable }}
          labelSelector:
            matchLabels:
              {{- include "relaydesk.selectorLabels" $root | nindent 14 }}
              {{- toYaml $selector | nindent 14 }}
          # Of this rollout only: the pods that are leaving do not count.
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      {{- end }}
      {{- with $own.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $own.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $own.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- /* With one replica a budget would only keep a node from ever being emptied. */}}
{{- if and $own.pdb.enabled (gt $most 1) }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "relaydesk.labels" $root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  maxUnavailable: {{ $own.pdb.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "relaydesk.selectorLabels" $root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
{{- end }}
{{- if eq $scaling.type "hpa" }}
---
{{- include "relaydesk.hpa" (dict "root" $root "name" $name "component" .component "scaling" $scaling) }}
{{- else if eq $scaling.type "keda" }}
{{- $queues := $scaling.queues | default .intake }}
{{- if and (not $queues) (eq $role "listen") (ne $service "ingest") }}
{{- $queues = list }}
{{- range ($own.lanes | default (list "email" "chat" "social" "voice" "api")) }}
{{- $queues = append $queues (printf "%s.%s" $service .) }}
{{- end }}
{{- end }}
{{- if not $queues }}
{{- fail (printf "%s: autoscaling.type is keda, but which queues it takes from is not known: name them in autoscaling.queues, or use hpa" .component) }}
{{- end }}
---
{{- include "relaydesk.scaledObject" (dict "root" $root "name" $name "component" .component "scaling" $scaling "queues" $queues) }}
{{- end }}
{{- end }}
