{{/* What runs, and with what. */}}

{{/* Every Deployment by its component's name, as JSON: its options (defaults, then its own), `args`, and its consumer
     `groups` with the topics they read. Refuses what cannot work. */}}
{{- define "lead-qualifier.workloads" -}}
{{- $table := .Files.Get "files/services.yaml" | fromYaml -}}
{{- $application := default "lead-qualifier" .Values.settings.applicationId -}}
{{- $all := dict -}}
{{- range $name, $own := .Values.services -}}
{{- if $own.enabled -}}
{{- $row := get $table $name -}}
{{- $groups := list -}}
{{- range $row.groups -}}
{{- $groups = append $groups (dict "id" (print $application .suffix) "topics" .topics) -}}
{{- end -}}
{{- if and (ne $name "worker") (ne $name "downstream") $.Values.services.downstream.enabled -}}
{{- fail (printf "services.downstream already runs %s: disable services.downstream, or services.%s" $name $name) -}}
{{- end -}}
{{- include "lead-qualifier.ownLogin" (dict "inherited" $.Values.defaults.kafka "own" $own.kafka) -}}
{{- $_ := set $all $name (mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $own) (dict "args" $row.args "groups" $groups)) -}}
{{- end -}}
{{- end -}}
{{- range $name, $own := .Values.sinks -}}
{{- include "lead-qualifier.ownLogin" (dict "inherited" $.Values.defaults.kafka "own" $own.kafka) -}}
{{- $groups := list (dict "id" (printf "%s-%s-%s" $application $own.kind $own.config.id) "topics" (default (list "lead-qualified") $own.config.topics)) -}}
{{- $args := list "downstream" $own.kind "--config" "/etc/lead-qualifier/sink.yaml" -}}
{{- $_ := set $all (print "sink-" $name) (mergeOverwrite (deepCopy $.Values.defaults) (deepCopy $own) (dict "args" $args "groups" $groups "sink" $name)) -}}
{{- end -}}
{{- $partitions := int .Values.settings.partitions -}}
{{- range $name, $one := $all -}}
{{- $path := ternary (print "sinks." $one.sink) (print "services." $name) (hasKey $one "sink") -}}
{{- if $one.autoscaling.enabled -}}
{{- if gt (int $one.autoscaling.maxReplicas) $partitions -}}
{{- fail (printf "%s.autoscaling.maxReplicas is %d, but there are %d partitions (settings.partitions): more would stay idle" $path (int $one.autoscaling.maxReplicas) $partitions) -}}
{{- end -}}
{{- if gt (int $one.autoscaling.minReplicas) (int $one.autoscaling.maxReplicas) -}}
{{- fail (printf "%s.autoscaling.minReplicas is above maxReplicas" $path) -}}
{{- end -}}
{{- else if gt (int $one.replicas) $partitions -}}
{{- fail (printf "%s.replicas is %d, but there are %d partitions (settings.partitions): more would stay idle" $path (int $one.replicas) $partitions) -}}
{{- end -}}
{{- end -}}
{{- with .Values.console -}}
{{- if .enabled -}}
{{- include "lead-qualifier.checkConsole" $ -}}
{{- include "lead-qualifier.ownLogin" (dict "inherited" $.Values.defaults.kafka "own" .kafka) -}}
{{- $none := dict "enabled" false -}}
{{- $_ := set $all "console" (mergeOverwrite (deepCopy $.Values.defaults) (dict "autoscaling" $none "replicas" 1) (deepCopy .) (dict "args" (list "console") "groups" list)) -}}
{{- end -}}
{{- end -}}
{{- toJson $all -}}
{{- end -}}

{{/* Variables of a process: (dict "root" $ "own" kafka differences "createTopics" bool). */}}
{{- define "lead-qualifier.env" -}}
{{ include "lead-qualifier.kafkaEnv" . -}}
{{- range $name, $value := .root.Values.settings -}}
- name: LEAD_QUALIFIER_{{ $name | snakecase | upper }}
  value: {{ $value | toString | quote }}
{{ end -}}
- name: LEAD_QUALIFIER_CREATE_TOPICS
  value: {{ .createTopics | quote }}
- name: LEAD_QUALIFIER_WEB_HOST
  value: {{ .root.Values.web.host | quote }}
- name: LEAD_QUALIFIER_WEB_PORT
  value: {{ .root.Values.web.port | quote }}
{{- end -}}
