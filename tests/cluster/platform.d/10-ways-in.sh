# Roles, and the way in: an address of the pool answers by name through MetalLB and ingress.

check "status says that every add-on is ready" eventually 60 sh -c \
  "'$slipway' status '$spec' --no-drift --output json | python3 -c 'import json,sys; d=json.load(sys.stdin); bad=[a for a in d[\"addons\"] if a[\"ready\"] is not True]; print(bad); sys.exit(len(bad))'"

"$slipway" kubeconfig "$spec" --role viewer --file "$work/viewer" 2>/dev/null
"$slipway" kubeconfig "$spec" --role deployer --file "$work/deployer" 2>/dev/null
viewer() { KUBECONFIG=$work/viewer "$kubectl" "$@"; }
deployer() { KUBECONFIG=$work/deployer "$kubectl" "$@"; }
check "the viewer sees pods of every namespace" viewer get pods -A
check "the viewer reads no secrets" fails viewer -n registry get secrets
check "the viewer changes nothing" fails viewer -n apps create configmap x
check "the deployer works in its namespace" deployer create configmap x
check "the deployer works nowhere else" fails deployer -n registry create configmap x
check "a pod that wants to be root is refused" contains "violates PodSecurity" sh -c \
  "KUBECONFIG='$work/deployer' '$kubectl' run root --image=$tools --command sleep 1 2>&1 || true"

web() {
  deployer apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: $tools
        command: [busybox, sh, -c, "echo hello from slipway > /tmp/index.html; exec busybox httpd -f -p 8080 -h /tmp"]
        readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
        resources: {requests: {cpu: 20m, memory: 16Mi}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules:
  - host: hello.$domain
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
YAML
  deployer rollout status deployment/web --timeout=120s
}
check "the deployer brings an application with an Ingress" web
check "it answers HTTPS by name, with a certificate of the platform's authority" eventually 60 contains "hello from slipway" browse "hello.$domain" /
routed() { # HOST
  deployer apply -f - <<YAML
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: $1}
spec:
  parentRefs: [{name: slipway, namespace: ingress}]
  hostnames: [$1.$domain]
  rules: [{backendRefs: [{name: web, port: 80}]}]
YAML
}
check "the deployer hangs it on the Gateway as well" routed by-route
check "the Gateway leads there, with the same certificate" eventually 60 contains "hello from slipway" browse "by-route.$domain" /
check "the Gateway tells its address" equals "$ingress" "$kubectl" -n ingress get gateway slipway -o 'jsonpath={.status.addresses[0].value}'
check "the viewer sees the route, and makes none" sh -c "KUBECONFIG='$work/viewer' '$kubectl' -n apps get httproute by-route -o name &&
  ! KUBECONFIG='$work/viewer' '$kubectl' -n apps delete httproute by-route 2>/dev/null"
check "the deployer makes no Gateway" fails deployer -n ingress get gateways
check "the address answers ARP on this machine" sh -c "ip neigh show to $ingress | grep -q lladdr"
check "a name that nobody has is answered with 404" equals 404 status_of "nobody.$domain" /
check "plain HTTP is sent to HTTPS" equals 301 curl -s -m 5 -o /dev/null -w '%{http_code}' --resolve "hello.$domain:80:$ingress" "http://hello.$domain/"
check "without the authority it is not believed" fails curl -s -m 5 --resolve "hello.$domain:443:$ingress" "https://hello.$domain/"
check "logs of an add-on" contains "traefik" "$slipway" logs "$spec" ingress --lines 5
check "logs of a machine" contains "kubelet" "$slipway" logs "$spec" workers-1 --lines 50
