// Steps against a real API server (see real_api.h): what server-side apply leaves of a whole add-on, kind by kind.

#include "real_api.h"

#include "base/ids.h"
#include "kube/gates.h"
#include "kube/kubeconfig.h"
#include "kube/objects_step.h"
#include "kube/remove_objects.h"

#include "kube_ports.h"

namespace slipway::testing {
namespace {

/// One object of every kind that add-ons use, with the notations that servers rewrite. SPACE is the test's namespace.
const char* add_on = R"(
apiVersion: v1
kind: Namespace
metadata:
  name: SPACE
  labels: {pod-security.kubernetes.io/enforce: privileged}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: agent, namespace: SPACE}
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: SPACE-agent}
rules:
- {apiGroups: [""], resources: [nodes, pods], verbs: [get, list, watch]}
- {apiGroups: [""], resources: [nodes/status], verbs: [patch]}
- {nonResourceURLs: [/metrics], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: SPACE-agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: SPACE-agent}
subjects:
- {kind: ServiceAccount, name: agent, namespace: SPACE}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: config, namespace: SPACE, creationTimestamp: null}
data: {net.json: '{"Network": "10.244.0.0/16"}', amount: 1000m, empty: ""}
binaryData: {blob: AAEC}
immutable: false
---
apiVersion: v1
kind: Secret
metadata: {name: login, namespace: SPACE}
type: Opaque
stringData: {user: app, password: "hunter22 with spaces"}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: SPACE}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: http}
  - {name: dns, port: 53, protocol: UDP}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: SPACE}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 5432}], publishNotReadyAddresses: true}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: SPACE}
spec:
  selector: {matchLabels: {app: agent}}
  updateStrategy: {rollingUpdate: {maxUnavailable: 1}}
  template:
    metadata:
      creationTimestamp: null
      labels: {app: agent}
      annotations: {slipway.dev/config: "10.244.0.0/16 vxlan"}
    spec:
      hostNetwork: true
      priorityClassName: system-node-critical
      serviceAccountName: agent
      terminationGracePeriodSeconds: 5
      nodeSelector: {kubernetes.io/os: linux}
      tolerations: [{operator: Exists}]
      securityContext: {seccompProfile: {type: RuntimeDefault}}
      initContainers:
      - {name: init, image: "registry.invalid/agent:1", command: [sh, -c, "true"]}
      containers:
      - name: agent
        image: registry.invalid/agent:1
        args: [--healthz=127.0.0.1:8081]
        env:
        - {name: NODE_NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
        - {name: LIMIT, valueFrom: {resourceFieldRef: {resource: limits.memory}}}
        - {name: PORT, value: "6443"}
        envFrom: [{configMapRef: {name: config, optional: true}}]
        ports: [{containerPort: 8081, name: health}, {containerPort: 8081, protocol: UDP, name: health-udp}]
        resources: {requests: {cpu: 20m, memory: 40Mi}, limits: {memory: 0.5Gi}}
        securityContext: {capabilities: {drop: [ALL], add: [NET_ADMIN, NET_RAW]}, privileged: false}
        readinessProbe: {httpGet: {host: 127.0.0.1, port: 8081, path: /readyz}, periodSeconds: 5}
        livenessProbe: {tcpSocket: {port: health}}
        volumeMounts:
        - {name: run, mountPath: /run/agent}
        - {name: config, mountPath: /etc/agent, readOnly: true}
        - {name: scratch, mountPath: /tmp}
      volumes:
      - {name: run, hostPath: {path: /run/agent, type: DirectoryOrCreate}}
      - {name: config, configMap: {name: config, items: [{key: net.json, path: net.json}]}}
      - {name: scratch, emptyDir: {medium: Memory, sizeLimit: 65536Ki}}
      - {name: token, projected: {sources: [{serviceAccountToken: {path: token, expirationSeconds: 3600}}]}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: SPACE}
spec:
  replicas: 0
  strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 50%}}
  selector: {matchLabels: {app: web}, matchExpressions: [{key: app, operator: Exists}]}
  template:
    metadata: {labels: {app: web}}
    spec:
      imagePullSecrets: [{name: login}]
      topologySpreadConstraints:
      - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: ScheduleAnyway, labelSelector: {matchLabels: {app: web}}}
      affinity:
        podAntiAffinity:
          preferredDuringSchedulingIgnoredDuringExecution:
          - {weight: 100, podAffinityTerm: {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: web}}}}
      containers:
      - name: web
        image: registry.invalid/web:1
        ports: [{name: http, containerPort: 8080}]
        resources: {requests: {cpu: 0.1, memory: 131072Ki}, limits: {cpu: 2, memory: 1024Mi}}
        securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: SPACE}
spec:
  serviceName: db
  replicas: 0
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers: [{name: db, image: "registry.invalid/db:1", volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 2048Mi}}}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: SPACE}
spec:
  schedule: "0 3 * * *"
  suspend: true
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      backoffLimit: 1
      template:
        spec: {restartPolicy: Never, containers: [{name: backup, image: "registry.invalid/backup:1"}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: db, namespace: SPACE}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: db}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: SPACE}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 4
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: SPACE}
spec:
  podSelector: {}
  policyTypes: [Ingress]
  ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 5432}]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: SPACE}
spec:
  ingressClassName: none
  tls: [{hosts: [web.example], secretName: login}]
  rules:
  - host: web.example
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {name: http}}}}]}
---
apiVersion: v1
kind: ResourceQuota
metadata: {name: quota, namespace: SPACE}
spec: {hard: {requests.cpu: 4000m, pods: 50, requests.storage: 10240Mi}}
---
apiVersion: v1
kind: LimitRange
metadata: {name: limits, namespace: SPACE}
spec: {limits: [{type: Container, default: {memory: 512Mi}, defaultRequest: {cpu: 100m, memory: 0.25Gi}}]}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: claim, namespace: SPACE}
spec: {accessModes: [ReadWriteOnce], storageClassName: none, resources: {requests: {storage: 1024Mi}}}
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: SPACE-volume}
spec:
  capacity: {storage: 20480Mi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: SPACE
  local: {path: /var/lib/none}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [none]}]}]}}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: SPACE}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: SPACE}
value: 1000
description: test
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: {name: SPACE}
webhooks:
- name: check.SPACE.example
  admissionReviewVersions: [v1]
  sideEffects: None
  failurePolicy: Ignore
  clientConfig: {service: {name: web, namespace: SPACE, path: /check}}
  rules: [{apiGroups: [SPACE.example], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [labs]}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: labs.SPACE.example}
spec:
  group: SPACE.example
  scope: Namespaced
  names: {plural: labs, singular: lab, kind: Lab, listKind: LabList, shortNames: [lb]}
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    additionalPrinterColumns: [{name: Size, type: integer, jsonPath: .spec.size}]
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec: {type: object, properties: {size: {type: integer, default: 3}, mode: {type: string}}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
---
apiVersion: SPACE.example/v1
kind: Lab
metadata: {name: one, namespace: SPACE}
spec: {mode: fast}
)";

class RealApi : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!real_kubeconfig()) GTEST_SKIP() << "no real API server: SLIPWAY_TEST_KUBECONFIG is not set";
    client = std::make_unique<KubeClient>(access_from(real_kubeconfig()));
    space = "slipway-test-" + random_hex(4);
    objects = yamls(replace_in(add_on));
  }
  void TearDown() override {
    if (!client) return;
    KubePorts ports(*client);
    RecordingRecorder recorder;
    const auto all = *RemoveObjectsStep::make(step()->removal().data, true);
    const Result<Observation> seen = all->observe(ports.reader, Inputs());
    ASSERT_TRUE(seen.ok()) << describe(seen.error());
    const Diff diff = all->diff(*seen, Inputs());
    EXPECT_EQ(diff.note, "");
    const Result<Outputs> removed = all->apply(ports.writer, diff, Inputs(), recorder);
    EXPECT_TRUE(removed.ok()) << describe(removed.error());
    KubePorts later(*client);
    const Result<Observation> left = all->observe(later.reader, Inputs());
    ASSERT_TRUE(left.ok()) << describe(left.error());
    EXPECT_FALSE(left->exists) << "nothing of ours is left";
  }
  std::string replace_in(std::string text) const {
    for (size_t at = 0; (at = text.find("SPACE", at)) != std::string::npos;) text.replace(at, 5, space);
    return text;
  }
  std::unique_ptr<ObjectsStep> step() {
    Result<std::unique_ptr<ObjectsStep>> made = ObjectsStep::make(
        {.owner = {"test", StepId("addon/" + space)}, .objects = objects, .recorded = recorded, .limit = Seconds(60)});
    EXPECT_TRUE(made.ok()) << describe(made.error());
    return std::move(*made);
  }
  Diff plan() {
    KubePorts ports(*client);
    const auto objects_step = step();
    Result<Observation> seen = objects_step->observe(ports.reader, Inputs());
    EXPECT_TRUE(seen.ok()) << describe(seen.error());
    return seen ? objects_step->diff(*seen, Inputs()) : Diff{};
  }
  void settle() {
    KubePorts ports(*client);
    SystemClock clock;
    Writer writer{{ports.others, ports.others, *client, ports.others, clock},
                  ports.others,
                  ports.others,
                  ports.observed,
                  ports.others,
                  clock};
    RecordingRecorder recorder;
    const Diff diff = plan();
    const Result<Outputs> outputs = step()->apply(writer, diff, Inputs(), recorder);
    ASSERT_TRUE(outputs.ok()) << describe(outputs.error());
    recorded = recorded_inventory(Value(*outputs));
  }
  static std::vector<std::string> names(const Diff& diff) {
    std::vector<std::string> fields;
    for (const FieldChange& change : diff.fields) fields.push_back(change.field);
    return fields;
  }
  Value& object(const std::string& kind, const std::string& name) {
    for (Value& candidate : objects)
      if (candidate["kind"] == kind && candidate["metadata"]["name"] == name) return candidate;
    ADD_FAILURE() << "no " << kind << " " << name;
    return objects.front();
  }

  std::unique_ptr<KubeClient> client;
  std::string space;
  std::vector<Value> objects;
  std::vector<ObjectKey> recorded;
};

TEST_F(RealApi, AWholeAddOnIsMadeAndThenNothingIsToDo) {
  EXPECT_EQ(plan().action, Action::create);
  settle();
  EXPECT_EQ(recorded.size(), objects.size());
  EXPECT_EQ(names(plan()), std::vector<std::string>{});
  EXPECT_EQ(plan().note, "");
}

TEST_F(RealApi, EachKindIsKnownToBeTheSameWithoutADryRun) {
  settle();
  const auto all = step();
  for (const Value& wanted : all->objects()) {
    const Value live = client->get(key_of(wanted), Deadline::in(Seconds(10))).value();
    const size_t before = client->calls();
    const Result<ObjectView> view = view_object(*client, wanted, live, {.cluster = "test"}, Deadline::in(Seconds(10)));
    ASSERT_TRUE(view.ok()) << describe(view.error());
    EXPECT_EQ(view->standing, Standing::same) << short_name(view->key);
    EXPECT_EQ(client->calls() - before, 0u) << short_name(view->key) << " needed a dry run:\n"
                                            << wanted.dump(1) << live.dump(1);
  }
}

TEST_F(RealApi, AChangedAndAnImmutableFieldAreToldApartAndBothAreMended) {
  settle();
  object("ConfigMap", "config")["data"]["mode"] = "slow";
  object("DaemonSet", "agent")["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1Gi";
  Diff diff = plan();
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.reason, Reason::spec_changed);
  EXPECT_EQ(names(diff),
            (std::vector<std::string>{
                "ConfigMap/" + space + "/config data.mode",
                "DaemonSet/" + space + "/agent spec.template.spec.containers[agent].resources.limits.memory"}));
  object("StatefulSet", "db")["spec"]["serviceName"] = "web";
  diff = plan();
  EXPECT_EQ(diff.action, Action::replace);
  EXPECT_NE(diff.note.find("StatefulSet/" + space + "/db must be deleted and made again"), std::string::npos)
      << diff.note;
  settle();
  EXPECT_EQ(names(plan()), std::vector<std::string>{});
}

TEST_F(RealApi, WhatLeftTheManifestsIsPruned) {
  settle();
  objects.erase(
      std::remove_if(objects.begin(), objects.end(),
                     [](const Value& object) { return object["kind"] == "Ingress" || object["kind"] == "CronJob"; }),
      objects.end());
  const Diff diff = plan();
  EXPECT_EQ(diff.action, Action::update);
  EXPECT_EQ(diff.fields.size(), 2u);
  settle();
  EXPECT_EQ(client->get({"batch/v1", "CronJob", space, "backup"}, Deadline::in(Seconds(5))).error().kind,
            ErrorKind::not_found);
}

TEST_F(RealApi, KubectlUsesOurKubeconfig) {
  const std::string path = ::testing::TempDir() + "/kubeconfig-" + space;
  ASSERT_TRUE(write_file_atomically(path, kubeconfig_text(access_from(real_kubeconfig()), "demo"), 0600).ok());
  EXPECT_EQ(std::system(("kubectl --kubeconfig " + path + " get --raw /readyz >/dev/null").c_str()), 0);
  EXPECT_EQ(
      std::system(("test \"$(kubectl --kubeconfig " + path + " config current-context)\" = slipway@demo").c_str()), 0);
  std::remove(path.c_str());
}

TEST_F(RealApi, AGateOfADefinitionIsPassedSoonAfterItIsMade) {
  settle();
  SystemClock clock;
  const Result<Gate> gate = gate_from({{"crd", "labs." + space + ".example"}});
  const Result<void> waited = wait_ready(*client, clock, {*gate}, {.until = clock.now() + Seconds(10)});
  EXPECT_TRUE(waited.ok()) << describe(waited.error());
}

}  // namespace
}  // namespace slipway::testing
