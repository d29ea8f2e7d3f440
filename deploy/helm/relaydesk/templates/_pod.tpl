{{- /* What every container of ours gets alike: where things are, and its secrets as files. */}}

{{- define "relaydesk.env" -}}
- {name: BROKER_URL_FILE, value: /etc/relaydesk/secrets/broker-url}
- {name: BROKER_MANAGEMENT_URL_FILE, value: /etc/relaydesk/secrets/broker-management-url}
- {name: MONGO_URL_FILE, value: /etc/relaydesk/secrets/mongo-url}
- {name: INSTANCE_KEY_FILE, value: /etc/relaydesk/secrets/instance-key}
- {name: INTERNAL_TOKEN_FILE, value: /etc/relaydesk/secrets/internal-token}
- {name: DATABASE_PREFIX, value: {{ .Values.externalMongodb.databasePrefix | quote }}}
- {name: LOG_LEVEL, value: {{ .Values.telemetry.logLevel | quote }}}
- {name: OTLP_ENDPOINT, value: {{ .Values.telemetry.otlpEndpoint | quote }}}
- {name: TRACE_SAMPLE_RATIO, value: {{ .Values.telemetry.traceSampleRatio | quote }}}
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

{{- define "relaydesk.mounts" -}}
- {name: secrets, mountPath: /etc/relaydesk/secrets, readOnly: true}
{{- range .Values.channelSecrets }}
- {name: {{ printf "channel-%s" . | trunc 63 | quote }}, mountPath: {{ printf "/etc/relaydesk/channels/%s" . | quote }}, readOnly: true}
{{- end }}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{- define "relaydesk.volumes" -}}
{{- $root := .root -}}
{{- $values := .root.Values -}}
- name: secrets
  projected:
    # Readable for whatever uid the platform gives; nothing else is in the container to read it.
    defaultMode: 0444
    sources:
      - secret:
          name: {{ $values.externalRabbitmq.existingSecret }}
          items:
            - {key: {{ $values.externalRabbitmq.urlKey | quote }}, path: broker-url}
            - {key: {{ $values.externalRabbitmq.managementUrlKey | quote }}, path: broker-management-url}
      - secret:
          name: {{ $values.externalMongodb.existingSecret }}
          items:
            - {key: {{ $values.externalMongodb.urlKey | quote }}, path: mongo-url}
      - secret:
          name: {{ $values.instanceKey.existingSecret }}
          items:
            - {key: {{ $values.instanceKey.key | quote }}, path: instance-key}
      - secret:
          name: {{ $values.internalToken.existingSecret }}
          items:
            - {key: {{ $values.internalToken.key | quote }}, path: internal-token}
{{- range $values.channelSecrets }}
- name: {{ printf "channel-%s" . | trunc 63 | quote }}
  secret: {secretName: {{ . | quote }}, defaultMode: 0444}
{{- end }}
- name: tmp
  emptyDir: {sizeLimit: {{ .tmpSize | quote }}}
{{- end }}
