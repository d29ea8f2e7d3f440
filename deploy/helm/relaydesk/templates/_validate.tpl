{{- /* What the schema cannot see, all of it at once. */}}
{{- define "relaydesk.validate" -}}
{{- $wrong := list -}}
{{- range $key := list "externalRabbitmq" "externalMongodb" "instanceKey" "internalToken" -}}
{{- if not (index $.Values $key).existingSecret -}}
{{- $wrong = append $wrong (printf "%s.existingSecret: name the Secret that holds it (README.md, Secrets)" $key) -}}
{{- end -}}
{{- end -}}
{{- $listening := 0 -}}
{{- range $name, $channel := .Values.channels -}}
{{- if and (kindIs "map" $channel) (ne $channel.enabled false) -}}
{{- $listening = add $listening 1 -}}
{{- $named := kindIs "slice" $channel.channels -}}
{{- if and $channel.lane (or $channel.kind $named) -}}
{{- $wrong = append $wrong (printf "channels.%s: a lane is chosen alone, without kind and channels" $name) -}}
{{- end -}}
{{- if and $named (not $channel.channels) -}}
{{- $wrong = append $wrong (printf "channels.%s.channels: name at least one channel, or all" $name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if not $listening -}}
{{- $wrong = append $wrong "channels: without a deployment nobody takes what came in from its queues" -}}
{{- end -}}
{{- if and .Values.lookups.sources (not .Values.lookups.secrets) -}}
{{- $wrong = append $wrong "lookups.secrets: name the Secrets that hold what the sources name as their secret" -}}
{{- end -}}
{{- range $name := list "console" "ingest" -}}
{{- $ingress := index $.Values.ingress $name -}}
{{- if and $ingress.enabled (not $ingress.host) -}}
{{- $wrong = append $wrong (printf "ingress.%s.host: name the host" $name) -}}
{{- end -}}
{{- end -}}
{{- if $wrong -}}
{{- fail (printf "\n\n  %s\n" (join "\n  " $wrong)) -}}
{{- end -}}
{{- end }}
