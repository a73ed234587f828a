{{/*
A job that readies a server for the release, and its service account: list of the root and
{name, image, values, server, weight, command, keys}. A command is safe to repeat, and for several at once.
*/}}
{{- define "synapse.job" -}}
{{- $root := index . 0 }}
{{- $job := index . 1 }}
{{- $name := printf "%s-%s" (include "synapse.fullname" $root) $job.name }}
{{- $beside := include "synapse.beside" (list $root $job.server) }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "synapse.labels" (list $root $job.name) | nindent 4 }}
  {{- if not $beside }}
  annotations: {{- include "synapse.hook" (list $root $beside "-10") | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
---
apiVersion: batch/v1
kind: Job
metadata:
  # A job cannot be changed: beside everything else there is one for each revision, tried until its server is there.
  name: {{ not (empty $beside) | ternary (printf "%s-%d" $name $root.Release.Revision) $name }}
  namespace: {{ $root.Release.Namespace }}
  labels: {{- include "synapse.labels" (list $root $job.name) | nindent 4 }}
  annotations: {{- include "synapse.hook" (list $root $beside $job.weight) | nindent 4 }}
spec:
  backoffLimit: {{ $job.values.backoffLimit }}
  ttlSecondsAfterFinished: 3600
  template:
    metadata:
      labels: {{- include "synapse.labels" (list $root $job.name) | nindent 8 }}
    spec:
      restartPolicy: OnFailure
      serviceAccountName: {{ $name }}
      {{- include "synapse.podSecurity" 10001 | nindent 6 }}
      {{- include "synapse.pull" $root | nindent 6 }}
      containers:
        - name: {{ $job.name }}
          image: {{ include "synapse.image" (list $root $job.image) }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: {{ toJson $job.command }}
          env: {{- include "synapse.env" (list $root $root.Values.settings) | nindent 12 }}
          resources: {{- toYaml $job.values.resources | nindent 12 }}
          {{- include "synapse.containerSecurity" $root | nindent 10 }}
          volumeMounts:
            - {name: secrets, mountPath: /run/secrets/synapse, readOnly: true}
            - {name: tmp, mountPath: /tmp}
            - {name: data, mountPath: /data}
      volumes:
        {{- include "synapse.secrets" (list $root $job.keys) | nindent 8 }}
        - {name: tmp, emptyDir: {sizeLimit: 64Mi}}
        - {name: data, emptyDir: {sizeLimit: 64Mi}}
{{- end -}}
