# The metrics API, and replicas that rise under load.

enabled metrics_server || { skip "metrics_server is not enabled"; return; }
check "kubectl top knows every node" eventually 60 equals 3 sh -c "'$kubectl' top nodes --no-headers | wc -l"
busy() {
  deployer apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: busy}
spec:
  selector: {matchLabels: {app: busy}}
  template:
    metadata: {labels: {app: busy}}
    spec:
      terminationGracePeriodSeconds: 1
      securityContext: {runAsNonRoot: true, runAsUser: 65532, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: busy
        image: $tools
        command: [busybox, sh, -c, "while :; do :; done"]
        resources: {requests: {cpu: 20m, memory: 16Mi}, limits: {cpu: 60m}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: busy}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: busy}
  minReplicas: 1
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]
YAML
}
check "an autoscaler is made" busy
risen() {
  local replicas
  replicas=$(deployer get deployment busy -o 'jsonpath={.status.replicas}') && [ "${replicas:-0}" -gt 1 ] || { deployer get hpa,replicaset; return 1; }
}
check "replicas rise under load within 3 minutes" eventually 180 risen
deployer delete deployment/busy hpa/busy --wait=false >/dev/null 2>&1
