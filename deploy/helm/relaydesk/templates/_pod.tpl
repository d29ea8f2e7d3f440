{{- /* What every container of ours gets alike: where things are, and its secrets as files. Each takes a dict: root, service. */}}

{{- /* The console keeps nothing and hears nothing: it gets neither the broker's password nor the store's. */}}
{{- define "relaydesk.keepsData" -}}
{{- if ne .service "console" }}true{{ end -}}
{{- end }}

{{- define "relaydesk.env" -}}
{{- $values := .root.Values -}}
{{- if include "relaydesk.keepsData" . -}}
- {name: BROKER_URL_FILE, value: /etc/relaydesk/secrets/broker-url}
- {name: BROKER_MANAGEMENT_URL_FILE, value: /etc/relaydesk/secrets/broker-management-url}
- {name: MONGO_URL_FILE, value: /etc/relaydesk/secrets/mongo-url}
- {name: DATABASE_PREFIX, value: {{ $values.externalMongodb.databasePrefix | quote }}}
{{ end -}}
- {name: INSTANCE_KEY_FILE, value: /etc/relaydesk/secrets/instance-key}
- {name: INTERNAL_TOKEN_FILE, value: /etc/relaydesk/secrets/internal-token}
- {name: LOG_LEVEL, value: {{ $values.telemetry.logLevel | quote }}}
- {name: OTLP_ENDPOINT, value: {{ $values.telemetry.otlpEndpoint | quote }}}
- {name: TRACE_SAMPLE_RATIO, value: {{ $values.telemetry.traceSampleRatio | quote }}}
{{- if eq .service "ingest" }}
- {name: SECRETS_FOLDER, value: /etc/relaydesk/channels}
{{- with $values.service.smtp.hostname }}
- {name: SMTP_HOSTNAME, value: {{ . | quote }}}
{{- end }}
{{- if $values.service.smtp.tlsSecret }}
- {name: SMTP_TLS_CERT, value: /etc/relaydesk/smtp-tls/tls.crt}
- {name: SMTP_TLS_KEY, value: /etc/relaydesk/smtp-tls/tls.key}
{{- end }}
{{- end }}
{{- if and (eq .service "console") $values.lookups.sources }}
- {name: LOOKUPS_FILE, value: /etc/relaydesk/lookups/lookups.yaml}
- {name: SECRETS_FOLDER, value: /etc/relaydesk/lookup-secrets}
{{- end }}
{{- if and (eq .service "console") $values.ingress.console.enabled }}
- {name: PUBLIC_URL, value: {{ printf "http%s://%s" (ternary "s" "" (ne $values.ingress.console.tlsSecret "")) $values.ingress.console.host | quote }}}
{{- end }}
{{- include "relaydesk.addresses" .root }}
{{- end }}

{{- /* Each service's gRPC by its headless name: the client sees every pod and takes them in turn. */}}
{{- define "relaydesk.addresses" -}}
{{- $root := . -}}
{{- range $service, $roles := .Values.services }}
{{- range $name, $own := $roles }}
{{- if and (kindIs "map" $own) (ne $own.enabled false) }}
{{- with ($own.ports | default dict).grpc }}
- name: {{ upper $service }}_ADDRESS
  value: {{ printf "dns:///%s-%s-headless.%s.svc:%d" (include "relaydesk.fullname" $root) $service $root.Release.Namespace (int .) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- /* Named by what it says: a changed file makes new pods, and a wrong one leaves the old. */}}
{{- define "relaydesk.lookupsName" -}}
{{ include "relaydesk.fullname" . }}-lookups-{{ .Values.lookups.sources | toJson | sha256sum | trunc 8 }}
{{- end }}

{{- define "relaydesk.mounts" -}}
- {name: secrets, mountPath: /etc/relaydesk/secrets, readOnly: true}
{{- if and (eq .service "ingest") .root.Values.channelSecrets }}
- {name: channel-secrets, mountPath: /etc/relaydesk/channels, readOnly: true}
{{- end }}
{{- if and (eq .service "ingest") .root.Values.service.smtp.tlsSecret }}
- {name: smtp-tls, mountPath: /etc/relaydesk/smtp-tls, readOnly: true}
{{- end }}
{{- if and (eq .service "console") .root.Values.lookups.sources }}
- {name: lookups, mountPath: /etc/relaydesk/lookups, readOnly: true}
- {name: lookup-secrets, mountPath: /etc/relaydesk/lookup-secrets, readOnly: true}
{{- end }}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- /* Takes tmpSize too. Readable for whatever uid the platform gives: nothing else is in the container to read it. */}}
{{- define "relaydesk.volumes" -}}
{{- $values := .root.Values -}}
- name: secrets
  projected:
    defaultMode: 0444
    sources:
      {{- if include "relaydesk.keepsData" . }}
      - secret:
          name: {{ $values.externalRabbitmq.existingSecret }}
          items:
            - {key: {{ $values.externalRabbitmq.urlKey | quote }}, path: broker-url}
            - {key: {{ $values.externalRabbitmq.managementUrlKey | quote }}, path: broker-management-url}
      - secret:
          name: {{ $values.externalMongodb.existingSecret }}
          items:
            - {key: {{ $values.externalMongodb.urlKey | quote }}, path: mongo-url}
      {{- end }}
      - secret:
          name: {{ $values.instanceKey.existingSecret }}
          items:
            - {key: {{ $values.instanceKey.key | quote }}, path: instance-key}
      - secret:
          name: {{ $values.internalToken.existingSecret }}
          items:
            - {key: {{ $values.internalToken.key | quote }}, path: internal-token}
{{- if and (eq .service "ingest") $values.channelSecrets }}
- name: channel-secrets
  projected:
    defaultMode: 0444
    sources:
      {{- range $values.channelSecrets }}
      - secret: {name: {{ . | quote }}}
      {{- end }}
{{- end }}
{{- if eq .service "ingest" }}
{{- with $values.service.smtp.tlsSecret }}
- name: smtp-tls
  secret: {secretName: {{ . | quote }}, defaultMode: 0444}
{{- end }}
{{- end }}
{{- if and (eq .service "console") $values.lookups.sources }}
- name: lookups
  configMap: {name: {{ include "relaydesk.lookupsName" .root }}}
- name: lookup-secrets
  projected:
    defaultMode: 0444
    sources:
      {{- range $values.lookups.secrets }}
      - secret: {name: {{ . | quote }}}
      {{- end }}
{{- end }}
- name: tmp
  emptyDir: {sizeLimit: {{ .tmpSize | quote }}}
{{- end }}
