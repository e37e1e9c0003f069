{{- define "mpc-party.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mpc-party.isDealer" -}}
{{- if eq .Values.party "dealer" }}yes{{ end }}
{{- end }}

{{- /* The pod: the same for a Job of a party and a Deployment of a dealer, but for its flags and probes. */ -}}
{{- define "mpc-party.pod" -}}
metadata:
  labels:
    {{- include "mpc-party.labels" . | nindent 4 }}
  annotations:
    # A changed roster starts the pod again.
    checksum/roster: {{ .Values.roster | sha256sum }}
spec:
  automountServiceAccountToken: false
  {{- if not (include "mpc-party.isDealer" .) }}
  restartPolicy: Never
  {{- end }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    seccompProfile:
      type: RuntimeDefault
  containers:
    - name: party
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      {{- if include "mpc-party.isDealer" . }}
      command: ["/usr/local/bin/mpc", "dealer"]
      {{- end }}
      args:
        {{- if not (include "mpc-party.isDealer" .) }}
        - --party={{ .Values.party }}
        {{- else }}
        - --metrics=[::]:{{ .Values.metricsPort }}
        {{- end }}
        - --roster=/etc/mpc/roster/roster.toml
        - --identity=/etc/mpc/identity
        - --bind=[::]:7700
        {{- range .Values.args }}
        - {{ . | quote }}
        {{- end }}
      ports:
        - name: mpc
          containerPort: 7700
        {{- if include "mpc-party.isDealer" . }}
        - name: metrics
          containerPort: {{ .Values.metricsPort }}
      readinessProbe:
        httpGet:
          path: /health
          port: metrics
      livenessProbe:
        httpGet:
          path: /health
          port: metrics
        periodSeconds: 20
        {{- end }}
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: [ALL]
      volumeMounts:
        - name: roster
          mountPath: /etc/mpc/roster
          readOnly: true
        - name: identity
          mountPath: /etc/mpc/identity
          readOnly: true
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  volumes:
    - name: roster
      configMap:
        name: {{ .Release.Name }}-roster
    - name: identity
      # 0400; with fsGroup, files are root's and readable by the group: 0440.
      secret:
        secretName: {{ .Values.identitySecret }}
        defaultMode: 256
{{- end }}
