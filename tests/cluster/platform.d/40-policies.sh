# NetworkPolicy: what is denied is denied, what is allowed passes. Also across nodes.

talkers() {
  "$kubectl" create namespace suite-policy --dry-run=client -o yaml | "$kubectl" apply -f - &&
    "$kubectl" -n suite-policy apply -f - <<YAML
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: talker}
spec:
  selector: {matchLabels: {app: talker}}
  template:
    metadata: {labels: {app: talker}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: talker
        image: $tools
        command: [busybox, sh, -c, "echo heard > /tmp/index.html; busybox httpd -p 8081 -h /tmp; exec busybox httpd -f -p 8080 -h /tmp"]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
YAML
  "$kubectl" -n suite-policy rollout status daemonset/talker --timeout=120s
}
check "pods on two nodes talk" talkers
mapfile -t talking < <("$kubectl" -n suite-policy get pods -o 'jsonpath={range .items[*]}{.metadata.name} {.status.podIP}{"\n"}{end}')
a=${talking[0]% *} address=${talking[1]#* }
hear() { "$kubectl" -n suite-policy exec "$a" -- curl -sf -m 3 "http://$address:$1/"; }
check "before there is a policy, both ports are open" sh -c "true" && check "port 8080" hear 8080 && check "port 8081" hear 8081
policy() {
  "$kubectl" -n suite-policy apply -f - <<YAML
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only-8080}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: talker}}}], ports: [{port: 8080}]}]
YAML
}
check "a policy allows one port" policy
check "the other is denied now" eventually 30 fails hear 8081
check "the allowed one still passes" hear 8080
check "pods of another namespace are denied" fails deployer exec deployment/web -- curl -sf -m 3 "http://$address:8080/"
"$kubectl" -n suite-policy delete networkpolicy only-8080 >/dev/null
check "without it both are open again" eventually 30 hear 8081
check "the deployer's namespace lets nothing out but names and neighbours" fails deployer exec deployment/web -- curl -sf -m 3 "http://$address:8080/"
"$kubectl" delete namespace suite-policy --wait=false >/dev/null
