{{/* The connection to Kafka. Each template takes (dict "root" $ "own" differences), `own` as in a component's `kafka`. */}}

{{- define "lead-qualifier.kafka" -}}
{{- include "lead-qualifier.ownLogin" (dict "inherited" .root.Values.kafka "own" .own) -}}
{{- $kafka := mergeOverwrite (deepCopy .root.Values.kafka) (deepCopy (.own | default dict)) -}}
{{- if not $kafka.bootstrapServers -}}
{{- fail "set kafka.bootstrapServers to the addresses of your brokers: host:port, separated by commas" -}}
{{- end -}}
{{- if hasPrefix "SASL_" $kafka.securityProtocol -}}
{{- if not $kafka.sasl.existingSecret -}}
{{- fail (printf "kafka.securityProtocol %s needs a login: name the Secret that holds it in kafka.sasl.existingSecret" $kafka.securityProtocol) -}}
{{- end -}}
{{- if and (eq $kafka.sasl.mechanism "OAUTHBEARER") (not $kafka.sasl.oauth.tokenEndpointUrl) -}}
{{- fail "kafka.sasl.mechanism OAUTHBEARER needs kafka.sasl.oauth.tokenEndpointUrl" -}}
{{- end -}}
{{- end -}}
{{- if and $kafka.tls.caSecret $kafka.tls.caConfigMap -}}
{{- fail "kafka.tls.caSecret and kafka.tls.caConfigMap exclude each other: set one" -}}
{{- end -}}
{{- toJson $kafka -}}
{{- end -}}

{{/* Refuses to use one login's user name with another's Secret: (dict "inherited" kafka "own" differences). */}}
{{- define "lead-qualifier.ownLogin" -}}
{{- $inherited := dig "sasl" dict (.inherited | default dict) -}}
{{- $own := dig "sasl" dict (.own | default dict) -}}
{{- if and $own.existingSecret $inherited.username (ne $own.existingSecret (default "" $inherited.existingSecret)) (not (hasKey $own "username")) -}}
{{- fail (printf "kafka.sasl.existingSecret %s is a login of its own, but would be used with the inherited kafka.sasl.username %s: set kafka.sasl.username beside it (\"\" takes it from the Secret)" $own.existingSecret $inherited.username) -}}
{{- end -}}
{{- end -}}

{{- define "lead-qualifier.secretEnv" -}}
- name: {{ .env }}
  valueFrom: {secretKeyRef: {name: {{ .name }}, key: {{ .key | quote }}}}
{{ end -}}

{{- define "lead-qualifier.kafkaEnv" -}}
{{- $kafka := include "lead-qualifier.kafka" . | fromJson -}}
{{- $encrypted := has $kafka.securityProtocol (list "SSL" "SASL_SSL") -}}
- name: KAFKA_BOOTSTRAP_SERVERS
  value: {{ $kafka.bootstrapServers | quote }}
- name: KAFKA_SECURITY_PROTOCOL
  value: {{ $kafka.securityProtocol }}
{{ if hasPrefix "SASL_" $kafka.securityProtocol -}}
{{- with $kafka.sasl -}}
- name: KAFKA_SASL_MECHANISM
  value: {{ .mechanism }}
{{ if eq .mechanism "OAUTHBEARER" -}}
- name: KAFKA_SASL_OAUTH_TOKEN_ENDPOINT_URL
  value: {{ .oauth.tokenEndpointUrl | quote }}
{{ with .oauth.scope -}}
- name: KAFKA_SASL_OAUTH_SCOPE
  value: {{ . | quote }}
{{ end -}}
{{- include "lead-qualifier.secretEnv" (dict "env" "KAFKA_SASL_OAUTH_CLIENT_ID" "name" .existingSecret "key" .oauth.clientIdKey) -}}
{{- include "lead-qualifier.secretEnv" (dict "env" "KAFKA_SASL_OAUTH_CLIENT_SECRET" "name" .existingSecret "key" .oauth.clientSecretKey) -}}
{{- else -}}
{{- if .username -}}
- name: KAFKA_SASL_USERNAME
  value: {{ .username | quote }}
{{ else -}}
{{- include "lead-qualifier.secretEnv" (dict "env" "KAFKA_SASL_USERNAME" "name" .existingSecret "key" .usernameKey) -}}
{{- end -}}
{{- include "lead-qualifier.secretEnv" (dict "env" "KAFKA_SASL_PASSWORD" "name" .existingSecret "key" .passwordKey) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $encrypted -}}
{{- with $kafka.tls -}}
{{- if or .caSecret .caConfigMap -}}
- name: KAFKA_SSL_CA_FILE
  value: {{ printf "/etc/kafka-ca/%s" .caKey }}
{{ end -}}
{{- if .clientSecret -}}
- name: KAFKA_SSL_CERTIFICATE_FILE
  value: {{ printf "/etc/kafka-client/%s" .certificateKey }}
- name: KAFKA_SSL_KEY_FILE
  value: {{ printf "/etc/kafka-client/%s" .privateKeyKey }}
{{ if .passwordKey -}}
{{- include "lead-qualifier.secretEnv" (dict "env" "KAFKA_SSL_KEY_PASSWORD" "name" .clientSecret "key" .passwordKey) -}}
{{- end -}}
{{- end -}}
- name: KAFKA_SSL_CHECK_HOSTNAME
  value: {{ .checkHostname | quote }}
{{ end -}}
{{- end -}}
{{- end -}}

{{/* Whole folders, without subPath: only so does a kubelet refresh the files of a renewed Secret. */}}
{{- define "lead-qualifier.kafkaMounts" -}}
{{- $kafka := include "lead-qualifier.kafka" . | fromJson -}}
{{- if has $kafka.securityProtocol (list "SSL" "SASL_SSL") -}}
{{- if or $kafka.tls.caSecret $kafka.tls.caConfigMap -}}
- {name: kafka-ca, mountPath: /etc/kafka-ca, readOnly: true}
{{ end -}}
{{- if $kafka.tls.clientSecret -}}
- {name: kafka-client, mountPath: /etc/kafka-client, readOnly: true}
{{ end -}}
{{- end -}}
{{- end -}}

{{- define "lead-qualifier.kafkaVolumes" -}}
{{- $kafka := include "lead-qualifier.kafka" . | fromJson -}}
{{- if has $kafka.securityProtocol (list "SSL" "SASL_SSL") -}}
{{- with $kafka.tls.caSecret -}}
- name: kafka-ca
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{ end -}}
{{- with $kafka.tls.caConfigMap -}}
- name: kafka-ca
  configMap: {name: {{ . }}}
{{ end -}}
{{- with $kafka.tls.clientSecret -}}
- name: kafka-client
  secret: {secretName: {{ . }}, defaultMode: 0440}
{{ end -}}
{{- end -}}
{{- end -}}
