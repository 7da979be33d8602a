# Monitoring, added to the running platform: every target is up, rules say what they must, and what goes wrong is told and
# taken back.

prometheus() { "$kubectl" get --raw "/api/v1/namespaces/monitoring/services/http:prometheus:9090/proxy/api/v1/$1"; }
encoded() { python3 -c 'import sys,urllib.parse; print(urllib.parse.quote(sys.argv[1], safe=""))' "$1"; }
# metric QUERY: the first value
metric() { prometheus "query?query=$(encoded "$1")" | json_of "d['data']['result'][0]['value'][1] if d['data']['result'] else ''"; }

# --- whom to tell: a receiver of ours on this machine -----------------------------------------------------------------
machine=$(sed -n 's/^local: .*subnet: *\([0-9.]*\)\.0\/.*/\1.1/p' "$spec")
told=$work/told.jsonl
: >"$told"
python3 - "$machine" "$told" "$work/port" <<'P' &
import http.server, sys
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[2], "ab") as f: f.write(body.replace(b"\n", b" ") + b"\n")
        self.send_response(200); self.end_headers()
    def log_message(self, *a): pass
server = http.server.ThreadingHTTPServer((sys.argv[1], 0), Hook)
open(sys.argv[3], "w").write(str(server.server_port))
server.serve_forever()
P
hook=$!
stop_hook() { kill "$hook" 2>/dev/null; }
trap 'stop_hook; leave' EXIT
eventually 10 test -s "$work/port" >/dev/null
export SLIPWAY_SUITE_HOOK="http://$machine:$(cat "$work/port")/hook-secret-$RANDOM$RANDOM"

with_receiver() {
  python3 - "$spec" "shop.$domain" <<'P'
import re, sys
path, host = sys.argv[1:]
lines = open(path).read().split("\n")
pad = "  "
at = next((i for i, line in enumerate(lines) if re.match(r"  monitoring:", line)), None)
end = at + 1 if at is not None else 0
if at is None: at = end = next(i for i, line in enumerate(lines) if re.match(r"addons:", line)) + 1
while end > at and end < len(lines) and lines[end].startswith("   "): end += 1
lines[at:end] = [pad + "monitoring:"] + [pad + "  " + line for line in f"""interval: 15s
escalate_after: 1m
heartbeat: 1m
receivers: [{{name: suite, webhook: {{}}, secret: {{environment: SLIPWAY_SUITE_HOOK}}}}]
notify: {{page: [suite], ticket: [suite], escalation: [suite], watchdog: [suite]}}
slos:
- {{name: suite-shop, objective: 99, host: {host}}}
- {{name: shop, objective: 99, good: 'http_requests_total{{job="shop",code!~"5.."}}', total: 'http_requests_total{{job="shop"}}'}}""".split("\n")]
open(path, "w").write("\n".join(lines))
P
  run_json receiver bootstrap "$spec"
}
cp "$spec" "$work/spec.before"
check "monitoring with a receiver and an objective is added by a change of the spec" with_receiver || {
  cp "$work/spec.before" "$spec"
  "$slipway" bootstrap "$spec" --approve >/dev/null 2>&1
  stop_hook
  trap leave EXIT
  return
}
# local/ holds the hosts' own disks, and so the data of etcd.
check "the receiver's secret stands in no plan, log or open state" fails grep -rqF --exclude-dir=local "$SLIPWAY_SUITE_HOOK" "$work/receiver.json" "$work/receiver.log" "$(dirname "$spec")/.slipway"
without_secret() { (unset SLIPWAY_SUITE_HOOK && exits 0 "$slipway" plan "$spec" --detailed-exitcode); }
check "later runs need the secret no more" eventually 60 without_secret

# heard ALERT STATUS [LABEL=VALUE]: the fingerprints that were told so
heard() {
  python3 - "$told" "$@" <<'P'
import json, sys
path, alert, status = sys.argv[1:4]
want = dict(pair.split("=", 1) for pair in sys.argv[4:])
found = {a["fingerprint"] for line in open(path) for a in json.loads(line)["alerts"]
         if a["labels"]["alertname"] == alert and a["status"] == status and all(a["labels"].get(k) == v for k, v in want.items())}
print("\n".join(sorted(found)))
sys.exit(0 if found else 1)
P
}

# --- targets -----------------------------------------------------------------------------------------------------------
targets_up() {
  prometheus targets?state=active | python3 -c '
import collections, json, sys
jobs = collections.defaultdict(list)
for t in json.load(sys.stdin)["data"]["activeTargets"]: jobs[t["labels"]["job"]].append((t["health"], t["scrapeUrl"], t["lastError"]))
wanted = sys.argv[1].split()
bad = [x for job in jobs.values() for x in job if x[0] != "up"]
missing = [job for job in wanted if job not in jobs]
print({job: len(ts) for job, ts in sorted(jobs.items())}, "bad:", bad, "missing:", missing)
sys.exit(1 if bad or missing else 0)' "kubelet api etcd dns node-exporter kube-state-metrics prometheus alertmanager prometheus-operator $also"
}
also=
for pair in ingress:traefik metallb:metallb registry:registry postgres:postgres; do ! enabled "${pair%:*}" || also+=" ${pair#*:}"; done
check "every target is up, and no kind is missing" eventually 240 targets_up
targets_up | sed 's/^/      /'

# --- rules, as they lie in the cluster ---------------------------------------------------------------------------------
promtool=$("$slipway" artifacts get binary/promtool)
rules_of() { # FILE: the groups of all PrometheusRules
  "$kubectl" get prometheusrules -A -o json | python3 -c '
import json, sys
text = sys.stdin.read()
json.dump({"groups": [g for i in json.loads(text)["items"] for g in i["spec"]["groups"]]}, open(sys.argv[1], "w"))' "$1"
}
check "the cluster's rules are read" rules_of "$work/rules.yaml"
check "promtool check rules" "$promtool" check rules "$work/rules.yaml"
tested() { cp tests/cluster/monitoring/alerts.test.yaml "$work/" && "$promtool" test rules "$work/alerts.test.yaml"; }
check "promtool test rules: what they say for given samples" tested

# --- the watchdog ------------------------------------------------------------------------------------------------------
check "the watchdog is heard outside" eventually 180 heard Watchdog firing
beats() { [ "$(grep -c Watchdog "$told")" -ge 2 ]; }
check "it is heard again, as a heartbeat" eventually 150 beats

# --- an application that answers 500s through the ingress --------------------------------------------------------------
shop() {
  "$kubectl" create namespace suite-shop --dry-run=client -o yaml | "$kubectl" apply -f - &&
    "$kubectl" -n suite-shop apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: shop
        image: $tools
        command: [busybox, sh, -c, "mkdir -p /tmp/www/cgi-bin; printf '#!/bin/busybox sh\\nif [ -e /tmp/bad ]; then printf \"HTTP/1.0 500 Bad\\\\r\\\\n\\\\r\\\\nbad\"; else printf \"HTTP/1.0 200 OK\\\\r\\\\n\\\\r\\\\ngood\"; fi\\n' > /tmp/www/cgi-bin/buy; chmod 755 /tmp/www/cgi-bin/buy; exec busybox httpd -f -p 8080 -h /tmp/www"]
        readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  rules:
  - host: shop.$domain
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}]}
YAML
  "$kubectl" -n suite-shop rollout status deployment/shop --timeout=120s
}
buy() { [ "$(status_of "shop.$domain" /cgi-bin/buy)" = "$1" ]; }
# keep_buying PAUSE: until it is killed
keep_buying() { while :; do status_of "shop.$domain" /cgi-bin/buy >/dev/null 2>&1; sleep "$1"; done; }
if [ -n "$ingress" ] && enabled registry; then
  check "a shop runs behind the ingress" shop
  check "it sells" eventually 60 buy 200
  "$kubectl" -n suite-shop exec deploy/shop -- busybox touch /tmp/bad
  check "then it answers 500" buy 500
  keep_buying 0.5 & buyer=$!
  begun=$SECONDS
  check "ServiceErrors is told" eventually 360 heard ServiceErrors firing
  echo "      after $((SECONDS - begun)) s"
  "$kubectl" -n suite-shop exec deploy/shop -- busybox rm /tmp/bad
  kill "$buyer"
  keep_buying 0.02 & buyer=$!
  begun=$SECONDS
  check "ServiceErrors is taken back" eventually 420 heard ServiceErrors resolved
  echo "      after $((SECONDS - begun)) s"
  kill "$buyer"
  check "firing and resolved carry one fingerprint" equals "$(heard ServiceErrors firing)" heard ServiceErrors resolved
  figures() { run_json status status "$spec" --no-drift && json "$work/status.json" "any(r['name'] == 'suite-shop' and r['figures']['budget left %'] is not None for t in d['figures'] if t['of'] == 'objective' for r in t['rows'])"; }
  check "status shows what is left of the objective's budget" eventually 90 figures
  "$slipway" status "$spec" --no-drift | sed 's/^/      /'
  "$kubectl" delete namespace suite-shop --wait=false >/dev/null
else
  skip "an application that answers 500s (it needs ingress and registry)"
fi

# --- a machine that stops ----------------------------------------------------------------------------------------------
place_of() { "$kubectl" -n monitoring get pod "$1" -o 'jsonpath={.spec.nodeName}'; }
stopped=$([ "$(place_of prometheus-slipway-0)" = workers-1 ] && echo workers-2 || echo workers-1)
# Alertmanager has no disk of its own: it may have to go where Prometheus is.
move_alertmanager() {
  [ "$(place_of alertmanager-slipway-0)" = "$stopped" ] || return 0
  "$kubectl" cordon "$stopped" && "$kubectl" -n monitoring delete pod alertmanager-slipway-0 &&
    eventually 120 sh -c "'$kubectl' -n monitoring wait --for=condition=Ready pod/alertmanager-slipway-0 --timeout=5s" && "$kubectl" uncordon "$stopped"
}
check "Alertmanager is not on $stopped" move_alertmanager
begun=$SECONDS
# The host's processes, by the cgroup of its keeper, and the keeper.
power_cut() {
  local keeper pid group
  keeper=$(dirname "$spec")/.slipway/$(sed -n 's/^name: *//p' "$spec")/local/machines/$1/keeper.json
  pid=$(json_of "d['pid']" <"$keeper") || return 1
  group=$(sed -n "s|^.*:/\(slw-[0-9a-z]*-$1\).*|\1|p" "/proc/$pid/cgroup" | head -n 1)
  [ -n "$group" ] || return 1
  for process in $(find /sys/fs/cgroup -path "*/$group*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do kill -9 "$process" 2>/dev/null; done
  kill -9 "$pid" 2>/dev/null
  sleep 1
}
check "$stopped loses its power" power_cut "$stopped"
check "MachineDown is told" eventually 300 heard MachineDown firing node="$stopped"
echo "      after $((SECONDS - begun)) s"
check "a page that goes on is escalated" eventually 180 heard Escalation firing escalates=MachineDown node="$stopped"
check "repair starts it again" run_json repair repair "$spec"
begun=$SECONDS
check "MachineDown is taken back" eventually 240 heard MachineDown resolved node="$stopped"
echo "      after $((SECONDS - begun)) s"
check "with the same fingerprint" equals "$(heard MachineDown firing node="$stopped")" heard MachineDown resolved node="$stopped"
check "and so is the escalation" eventually 120 heard Escalation resolved escalates=MachineDown node="$stopped"

# --- what it costs -----------------------------------------------------------------------------------------------------
memory() { metric 'sum(container_memory_working_set_bytes{namespace="monitoring",container!="",container!="POD"}) / 1048576'; }
in_bounds() { python3 -c 'import sys; x=float(sys.argv[1]); print(x); sys.exit(0 if 50 < x < 1100 else 1)' "$(memory)"; }
check "all of monitoring fits into 1100 MiB" eventually 90 in_bounds
echo "      memory: $(memory) MiB, series: $(metric 'prometheus_tsdb_head_series')"
check "every target is up again" eventually 240 targets_up
stop_hook
trap leave EXIT
