{{- define "synapse.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Of a pod of a component: list of the root and the component's name. */}}
{{- define "synapse.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ default $root.Chart.Name $root.Values.nameOverride }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "synapse.labels" -}}
{{- $root := index . 0 -}}
{{ include "synapse.selector" . }}
{{- if $root.Values.mesh.enabled }}
sidecar.istio.io/inject: "true"
{{- end }}
app.kubernetes.io/part-of: synapse
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{/* List of the root and the image's target in deploy/docker/Dockerfile. */}}
{{- define "synapse.image" -}}
{{- $root := index . 0 -}}
{{- $image := index $root.Values.images (index . 1) -}}
{{- $name := printf "%s%s" $root.Values.image.registry $image.repository -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $name $image.digest }}
{{- else -}}
{{ printf "%s:%s" $name (default $root.Chart.AppVersion $root.Values.image.tag) }}
{{- end -}}
{{- end -}}

{{/* An agent with what it inherits: list of the root and the agent's name. */}}
{{- define "synapse.agent" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $agent := mergeOverwrite (deepCopy $root.Values.agentDefaults) (deepCopy (default dict (index $root.Values.agents $name))) -}}
{{- $_ := set $agent "queue" (default (printf "synapse-%s" $name) $agent.queue) -}}
{{- if and $root.Values.keda.enabled (le (int $root.Values.keda.cooldownPeriod) (int $agent.terminationGracePeriodSeconds)) -}}
{{- fail (printf "keda.cooldownPeriod (%v s) must be longer than the grace period of agents.%s (%v s)" $root.Values.keda.cooldownPeriod $name $agent.terminationGracePeriodSeconds) -}}
{{- end -}}
{{- if gt (int $agent.keda.minReplicas) (int $agent.keda.maxReplicas) -}}
{{- fail (printf "agents.%s.keda.minReplicas is above its maxReplicas" $name) -}}
{{- end -}}
{{- /* Steps that last longer than a worker waits for them are handed back, for which there has to be time before it is killed. */ -}}
{{- $grace := int $agent.terminationGracePeriodSeconds -}}
{{- $told := mergeOverwrite (dict "stop_seconds" (sub $grace 30)) (deepCopy (default dict $root.Values.settings)) (deepCopy (default dict $agent.settings)) -}}
{{- if ge (int $told.stop_seconds) $grace -}}
{{- fail (printf "settings.stop_seconds (%v s) must be shorter than the grace period of agents.%s (%v s)" $told.stop_seconds $name $grace) -}}
{{- end -}}
{{- $_ := set $agent "stopSeconds" $told.stop_seconds -}}
{{ toYaml $agent }}
{{- end -}}

{{/* Variables of every container of Synapse: list of the root, and maps of settings, the last of which counts. */}}
{{- define "synapse.env" -}}
{{- $root := index . 0 -}}
{{- $name := include "synapse.fullname" $root -}}
{{- $settings := dict
  "mcp_primary_url" (printf "http://%s-mcp-primary:8801/mcp/" $name)
  "mcp_filesystem_url" (printf "http://%s-mcp-filesystem:8802/mcp/" $name) -}}
{{- range rest . -}}
{{- $settings = mergeOverwrite $settings (deepCopy (default dict .)) -}}
{{- end -}}
- {name: SYNAPSE_SECRETS_DIR, value: /run/secrets/synapse}
{{- range $key, $value := $settings }}
{{- if regexMatch "(_token|_key|password|database_url|broker_url)$" $key }}
{{- fail (printf "settings.%s is a secret: make it the key synapse_%s of the Secret instead" $key $key) }}
{{- end }}
- {name: {{ printf "SYNAPSE_%s" (upper $key) }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- if $root.Values.tracing.endpoint }}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ $root.Values.tracing.endpoint | quote }}}
- {name: OTEL_TRACES_SAMPLER, value: {{ $root.Values.tracing.sampler | quote }}}
{{- end }}
{{- end -}}

{{/* Secrets that operators make, and which of their keys is which of ours, in JSON. */}}
{{- define "synapse.made" -}}
{{- $name := include "synapse.fullname" . -}}
{{- $made := dict -}}
{{- if .Values.rabbitmq.cluster.enabled -}}
{{- $_ := set $made "synapse_broker_url" (dict "secret" (printf "%s-rabbitmq-default-user" $name) "key" "connection_string") -}}
{{- end -}}
{{- if .Values.postgresql.cluster.enabled -}}
{{- $_ := set $made "synapse_database_url" (dict "secret" (printf "%s-postgres-app" $name) "key" "uri") -}}
{{- end -}}
{{- $made | toJson -}}
{{- end -}}

{{/* Whether a job that needs the database (or the broker) comes beside everything else: what it waits for does, too. */}}
{{- define "synapse.beside" -}}
{{- $root := index . 0 -}}
{{- $server := index $root.Values (index . 1) -}}
{{- if and $server.bundled.enabled $server.cluster.enabled -}}
{{- fail (printf "%s.bundled and %s.cluster: one of both" (index . 1) (index . 1)) -}}
{{- end -}}
{{- if or $server.bundled.enabled $server.cluster.enabled $root.Values.secrets.external.enabled -}}true{{- end -}}
{{- end -}}

{{/* What makes a job a hook: list of the root, whether it is beside, and its weight. Argo CD runs it anew at each sync, too. */}}
{{- define "synapse.hook" -}}
{{- if index . 1 -}}
argocd.argoproj.io/hook: Sync
argocd.argoproj.io/hook-delete-policy: BeforeHookCreation
{{- else -}}
helm.sh/hook: pre-install,pre-upgrade
helm.sh/hook-weight: {{ index . 2 | quote }}
helm.sh/hook-delete-policy: before-hook-creation
{{- end -}}
{{- end -}}

{{/* The keys of the Secret that a container reads, as a volume: list of the root and the keys. */}}
{{- define "synapse.secrets" -}}
{{- $root := index . 0 -}}
{{- $made := include "synapse.made" $root | fromJson -}}
{{- $own := list -}}
{{- $others := list -}}
{{- range index . 1 -}}
{{- if hasKey $made . -}}{{- $others = append $others . -}}{{- else -}}{{- $own = append $own . -}}{{- end -}}
{{- end -}}
{{- if $others -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- range $others }}
      {{- $source := get $made . }}
      - secret: {name: {{ $source.secret }}, items: [{key: {{ $source.key }}, path: {{ . }}}]}
      {{- end }}
      {{- with $own }}
      - secret:
          name: {{ $root.Values.secrets.existingSecret }}
          items:
            {{- range . }}
            - {key: {{ . }}, path: {{ . }}}
            {{- end }}
      {{- end }}
{{- else -}}
- name: secrets
  secret:
    secretName: {{ $root.Values.secrets.existingSecret }}
    defaultMode: 0440
    items:
      {{- range index . 1 }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end -}}
{{- end -}}

{{/* Authorities of one's own, where a ConfigMap has them: the setting that names their file, in JSON. */}}
{{- define "synapse.authorities" -}}
{{- ternary (dict "ca_file" (printf "/run/authorities/%s" .Values.authorities.key)) dict (not (empty .Values.authorities.configMap)) | toJson -}}
{{- end -}}

{{- define "synapse.authoritiesMount" -}}
{{- if .Values.authorities.configMap }}
- {name: authorities, mountPath: /run/authorities, readOnly: true}
{{- end }}
{{- end -}}

{{- define "synapse.authoritiesVolume" -}}
{{- with .Values.authorities }}
{{- if .configMap }}
- {name: authorities, configMap: {name: {{ .configMap }}, items: [{key: {{ .key }}, path: {{ .key }}}]}}
{{- end }}
{{- end }}
{{- end -}}

{{/* What "restricted" asks of a pod; 10001 is the images' user. */}}
{{- define "synapse.podSecurity" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ . }}
  runAsGroup: {{ . }}
  fsGroup: {{ . }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "synapse.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities: {drop: [ALL]}
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "synapse.pull" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Not all of a component on one machine or in one zone, if it can be helped. */}}
{{- define "synapse.spread" -}}
{{- $selector := include "synapse.selector" . -}}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- $selector | nindent 8 }}
  {{- end }}
{{- end -}}

{{/* Probes of a server: list of the port's name and the path that says whether it is ready. */}}
{{- define "synapse.probes" -}}
startupProbe:
  httpGet: {path: {{ index . 2 }}, port: {{ index . 0 }}}
  periodSeconds: 2
  timeoutSeconds: 5
  failureThreshold: 60
readinessProbe:
  httpGet: {path: {{ index . 1 }}, port: {{ index . 0 }}}
  periodSeconds: 10
  timeoutSeconds: 8
  failureThreshold: 3
livenessProbe:
  httpGet: {path: {{ index . 2 }}, port: {{ index . 0 }}}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 3
{{- end -}}

{{/* Components that have pods, as a list in JSON. */}}
{{- define "synapse.components" -}}
{{- $found := list "api" "mcp-primary" "mcp-filesystem" -}}
{{- range $name, $_ := .Values.agents -}}
{{- $found = append $found (printf "worker-%s" $name) -}}
{{- end -}}
{{- if .Values.flower.enabled -}}{{- $found = append $found "flower" -}}{{- end -}}
{{- if .Values.exporter.enabled -}}{{- $found = append $found "exporter" -}}{{- end -}}
{{- if .Values.rabbitmq.bundled.enabled -}}{{- $found = append $found "rabbitmq" -}}{{- end -}}
{{- if .Values.postgresql.bundled.enabled -}}{{- $found = append $found "postgres" -}}{{- end -}}
{{- $found | toJson -}}
{{- end -}}
