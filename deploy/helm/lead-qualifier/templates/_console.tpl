{{/* What only the console has: its settings, its database, and the Secrets of both. */}}

{{- define "lead-qualifier.checkConsole" -}}
{{- with .Values.console -}}
{{- if not (and .settings.consoleUrl .settings.oidcIssuer .settings.oidcClientId) -}}
{{- fail "console.enabled needs console.settings.consoleUrl, oidcIssuer and oidcClientId: it knows people by OpenID Connect, and otherwise listens inside its pod only" -}}
{{- end -}}
{{- if and .ingress.enabled (not .settings.consoleProxies) -}}
{{- fail "console.ingress.enabled needs console.settings.consoleProxies: the addresses or networks of the ingress controller's pods, such as 10.0.0.0/8. Otherwise everybody has the controller's address, and the failures of one to sign in lock out all" -}}
{{- end -}}
{{- if and (gt (int .replicas) 1) (not .database.existingSecret) -}}
{{- fail (printf "console.replicas is %d, but each would have an SQLite file of its own: name the Secret with the address of a PostgreSQL database in console.database.existingSecret" (int .replicas)) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "lead-qualifier.consoleEnv" -}}
{{- with .Values.console -}}
- name: LEAD_QUALIFIER_CONSOLE_HOST
  value: {{ $.Values.web.host | quote }}
- name: LEAD_QUALIFIER_CONSOLE_PORT
  value: {{ .port | quote }}
{{ range $name, $value := .settings -}}
{{- if not (kindIs "invalid" $value) -}}
- name: LEAD_QUALIFIER_{{ $name | snakecase | upper }}
  value: {{ $value | toString | quote }}
{{ end -}}
{{- end -}}
{{- with .clientSecret.existingSecret -}}
- name: LEAD_QUALIFIER_OIDC_CLIENT_SECRET_FILE
  value: {{ printf "/etc/oidc/%s" $.Values.console.clientSecret.key }}
{{ end -}}
{{- if .database.existingSecret -}}
{{- include "lead-qualifier.secretEnv" (dict "env" "LEAD_QUALIFIER_DATABASE_URL" "name" .database.existingSecret "key" .database.key) -}}
{{- else -}}
- name: LEAD_QUALIFIER_DATA_DIR
  value: /data
{{ end -}}
{{- end -}}
{{- end -}}

{{/* A whole folder, so that a kubelet refreshes the file of a renewed Secret. */}}
{{- define "lead-qualifier.consoleMounts" -}}
{{- with .Values.console -}}
{{- if .clientSecret.existingSecret -}}
- {name: oidc, mountPath: /etc/oidc, readOnly: true}
{{ end -}}
{{- if not .database.existingSecret -}}
- {name: data, mountPath: /data}
{{ end -}}
{{- end -}}
{{- end -}}

{{- define "lead-qualifier.consoleVolumes" -}}
{{- with .Values.console -}}
{{- with .clientSecret.existingSecret -}}
- name: oidc
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{ end -}}
{{- if not .database.existingSecret -}}
- name: data
  emptyDir: {sizeLimit: {{ .database.sizeLimit }}}
{{ end -}}
{{- end -}}
{{- end -}}
