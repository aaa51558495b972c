{{- define "credentials-updater.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "credentials-updater.endpoint" -}}
{{ required "endpoint is needed: the address of the PoolC API, such as --set endpoint=https://api.example.org/kubernetes/" .Values.endpoint }}
{{- end }}

{{- /* Helm reads whole numbers as floating-point ones, and would write 1000000 as 1e+06. */ -}}
{{- define "credentials-updater.setting" -}}
{{- if kindIs "float64" . -}}
{{ printf "%.0f" . }}
{{- else -}}
{{ . }}
{{- end -}}
{{- end }}

{{- /* One for each members' namespace: it is cluster-wide. */ -}}
{{- define "credentials-updater.protection" -}}
credentials-updater-keep-{{ if eq .Values.membersNamespace "poolc-users" }}members{{ else }}{{ .Values.membersNamespace }}{{ end }}
{{- end }}

{{- /* One for each namespace of the updater: it is cluster-wide. */ -}}
{{- define "credentials-updater.creates" -}}
credentials-updater-creates{{ if ne .Release.Namespace "poolc-system" }}-{{ .Release.Namespace }}{{ end }}
{{- end }}
