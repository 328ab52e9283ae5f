{{- define "voicebot.labels" -}}
app.kubernetes.io/name: voicebot
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "voicebot.node" -}}
app.kubernetes.io/name: voicebot
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: node
{{- end }}

{{- define "voicebot.edge" -}}
app.kubernetes.io/name: voicebot
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: edge
{{- end }}

{{- define "voicebot.image" -}}
{{- with .Values.image -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* No container may do more than it needs. */}}
{{- define "voicebot.confined" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* The settings of all nodes: those of the values, and what follows from the chart. Addresses are in the environment. */}}
{{- define "voicebot.settings" -}}
{{- $edge := .Values.edge -}}
{{- $addresses := $edge.addresses -}}
{{- $uri := $edge.uri -}}
{{- if $edge.enabled -}}
{{- $addresses = list (printf "%s/32" (required "edge.address: the address of the machine with Kamailio" $edge.address)) -}}
{{- $uri = printf "sip:%s:5060" $edge.address -}}
{{- end -}}
{{- $trunk := dict "name" "edge" "addresses" (required "edge.addresses: from where your proxy calls" $addresses) "number" $edge.number -}}
{{- if $uri }}{{ $_ := set $trunk "outbound" $uri }}{{ end -}}
{{- $ours := dict
  "sip" (dict "port" .Values.nodes.sipPort)
  "rtp" (dict "port_low" .Values.nodes.rtp.low "port_high" .Values.nodes.rtp.high)
  "bot" (dict "dialogs" .Values.dialogs.path)
  "calls" (dict "drain_s" .Values.nodes.drainSeconds "records" "/var/lib/voicebot/records")
  "speech" (dict "prompt_cache_dir" "/var/lib/voicebot/prompts")
  "console" (dict "port" .Values.nodes.consolePort)
  "log" (dict "json_lines" true)
-}}
{{- if .Values.redis.url -}}
{{- $ours = merge $ours (dict "bot" (dict "state_url" .Values.redis.url) "fleet" (dict "url" .Values.redis.url)) -}}
{{- end -}}
{{- $all := mergeOverwrite (deepCopy .Values.settings) $ours -}}
{{- $_ := set $all "trunks" (append (.Values.settings.trunks | default list) $trunk) -}}
{{- $all | toToml -}}
{{- end }}

{{/* Kamailio's list without the nodes: set, address, flags, priority. */}}
{{- define "voicebot.stays" -}}
{{- range .Values.edge.trunks }}
2 {{ .uri }} 0 {{ .priority | default 0 }}
{{- end }}
{{- range .Values.edge.callers }}
3 {{ . }} 0 0
{{- end }}
{{- end }}
