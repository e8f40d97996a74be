{{/* Names, labels and small parts that several objects share. */}}

{{- define "lead-qualifier.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* 40 characters at most, so that a component's name fits behind it. */}}
{{- define "lead-qualifier.fullname" -}}
{{- $name := include "lead-qualifier.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects pods: it may never change. (dict "root" $ "component" "worker"); no component selects all. */}}
{{- define "lead-qualifier.selector" -}}
app.kubernetes.io/name: {{ include "lead-qualifier.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end -}}

{{- define "lead-qualifier.labels" -}}
{{ include "lead-qualifier.selector" . }}
app.kubernetes.io/part-of: lead-qualifier
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "lead-qualifier.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{- printf "%s@%s" .repository .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository (default $.Chart.AppVersion .tag) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "lead-qualifier.serviceAccount" -}}
{{- with .Values.serviceAccount -}}
{{- default (ternary (include "lead-qualifier.fullname" $) "default" .create) .name -}}
{{- end -}}
{{- end -}}

{{/* What a process sets of its pods' scheduling: where they may run, and their priority. */}}
{{- define "lead-qualifier.scheduling" -}}
{{- $set := dict }}
{{- range $name := list "priorityClassName" "nodeSelector" "tolerations" "affinity" }}
{{- with get $ $name }}
{{- $_ := set $set $name . }}
{{- end }}
{{- end }}
{{- with $set }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* The "restricted" Pod Security Standard, and no writing to the image. */}}
{{- define "lead-qualifier.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "lead-qualifier.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}
