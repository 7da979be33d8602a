#include "kube/readiness.h"

#include <gtest/gtest.h>

#include "kube/explain.h"

#include "fake_api.h"

namespace slipway::testing {
namespace {

struct Row {
  std::string name, object;
  bool ready;
  std::string why{};  ///< A part of it.
  bool final = false;
};

class ReadinessOf : public ::testing::TestWithParam<Row> {};

TEST_P(ReadinessOf, SaysWhetherAndWhyNot) {
  const Readiness state = readiness_of(yaml(GetParam().object));
  EXPECT_EQ(state.ready, GetParam().ready) << state.why;
  EXPECT_EQ(state.final, GetParam().final);
  EXPECT_NE(state.why.find(GetParam().why), std::string::npos) << state.why;
  EXPECT_EQ(state.why.empty(), state.ready);
}

const auto row_name = [](const auto& info) { return info.param.name; };

INSTANTIATE_TEST_SUITE_P(
    Workloads, ReadinessOf,
    ::testing::Values(
        Row{"DeploymentRolledOut",
            "{kind: Deployment, metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, "
            "replicas: 2, "
            "updatedReplicas: 2, availableReplicas: 2}}",
            true},
        Row{"DeploymentJustMade", "{kind: Deployment, metadata: {generation: 1}, spec: {replicas: 2}, status: {}}",
            false, "controller has not seen"},
        Row{"DeploymentOfAnOlderVersion",
            "{kind: Deployment, metadata: {generation: 3}, spec: {replicas: 1}, status: {observedGeneration: 2, "
            "replicas: 1, "
            "updatedReplicas: 1, availableReplicas: 1}}",
            false, "controller has not seen"},
        Row{"DeploymentHalfAvailable",
            "{kind: Deployment, metadata: {generation: 1}, spec: {replicas: 2}, status: {observedGeneration: 1, "
            "replicas: 2, "
            "updatedReplicas: 2, availableReplicas: 1}}",
            false, "1 of 2 pods available"},
        Row{"DeploymentWithOldPods",
            "{kind: Deployment, metadata: {generation: 1}, spec: {replicas: 1}, status: {observedGeneration: 1, "
            "replicas: 2, "
            "updatedReplicas: 1, availableReplicas: 1}}",
            false, "1 pods of the old version"},
        Row{"DeploymentStuck",
            "{kind: Deployment, metadata: {generation: 1}, spec: {replicas: 1}, status: {observedGeneration: 1, "
            "replicas: 1, "
            "updatedReplicas: 1, conditions: [{type: Progressing, status: 'False', reason: ProgressDeadlineExceeded, "
            "message: timed out}]}}",
            false, "ProgressDeadlineExceeded: timed out"},
        Row{"DeploymentOfNone",
            "{kind: Deployment, metadata: {generation: 1}, spec: {replicas: 0}, status: {observedGeneration: 1}}",
            true},
        Row{"DaemonSetEverywhere",
            "{kind: DaemonSet, metadata: {generation: 1}, status: {observedGeneration: 1, desiredNumberScheduled: 3, "
            "updatedNumberScheduled: 3, numberAvailable: 3}}",
            true},
        Row{"DaemonSetRolling",
            "{kind: DaemonSet, metadata: {generation: 1}, status: {observedGeneration: 1, desiredNumberScheduled: 3, "
            "updatedNumberScheduled: 1, numberAvailable: 3}}",
            false, "1 of 3 pods in the new version"},
        Row{"DaemonSetUpdatedByHand",
            "{kind: DaemonSet, metadata: {generation: 1}, spec: {updateStrategy: {type: OnDelete}}, status: "
            "{observedGeneration: 1, desiredNumberScheduled: 3, updatedNumberScheduled: 0, numberAvailable: 3}}",
            true},
        Row{"StatefulSetUp",
            "{kind: StatefulSet, metadata: {generation: 1}, spec: {replicas: 2}, status: {observedGeneration: 1, "
            "availableReplicas: 2, currentRevision: a, updateRevision: a}}",
            true},
        Row{"StatefulSetRolling",
            "{kind: StatefulSet, metadata: {generation: 2}, spec: {replicas: 2}, status: {observedGeneration: 2, "
            "availableReplicas: 2, updatedReplicas: 1, currentRevision: a, updateRevision: b}}",
            false, "1 of 2 pods in the new version"},
        Row{"StatefulSetWithAPartition",
            "{kind: StatefulSet, metadata: {generation: 2}, spec: {replicas: 3, updateStrategy: {rollingUpdate: "
            "{partition: "
            "2}}}, status: {observedGeneration: 2, availableReplicas: 3, updatedReplicas: 1, currentRevision: a, "
            "updateRevision: b}}",
            true},
        Row{"BeingDeleted", "{kind: ConfigMap, metadata: {deletionTimestamp: '2026-01-01T00:00:00Z'}}", false,
            "being deleted"}),
    row_name);

INSTANTIATE_TEST_SUITE_P(
    Others, ReadinessOf,
    ::testing::Values(
        Row{"PodReady", "{kind: Pod, status: {phase: Running, conditions: [{type: Ready, status: 'True'}]}}", true},
        Row{"PodRunningIsNotReady",
            "{kind: Pod, status: {phase: Running, conditions: [{type: Ready, status: 'False'}]}}", false,
            "Running, not Ready"},
        Row{"PodUnschedulable",
            "{kind: Pod, status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: "
            "Unschedulable, "
            "message: 0/3 nodes are available}]}}",
            false, "not scheduled: Unschedulable: 0/3 nodes"},
        Row{"PodDone", "{kind: Pod, status: {phase: Succeeded}}", true},
        Row{"PodFailed", "{kind: Pod, status: {phase: Failed, reason: Evicted}}", false, "failed: Evicted", true},
        Row{"NodeReady", "{kind: Node, status: {conditions: [{type: Ready, status: 'True'}]}}", true},
        Row{"NodeNotReady",
            "{kind: Node, status: {conditions: [{type: Ready, status: 'False', reason: KubeletNotReady, message: cni "
            "plugin "
            "not initialized}]}}",
            false, "cni plugin not initialized"},
        Row{"DefinitionEstablished",
            "{kind: CustomResourceDefinition, status: {conditions: [{type: Established, status: 'True'}]}}", true},
        Row{"DefinitionWithoutConditions", "{kind: CustomResourceDefinition, status: {conditions: null}}", false,
            "not Established"},
        Row{"DefinitionWhoseNamesAreTaken",
            "{kind: CustomResourceDefinition, status: {conditions: [{type: NamesAccepted, status: 'False', reason: "
            "PluralConflict}]}}",
            false, "names are taken", true},
        Row{"ApiServiceAway",
            "{kind: APIService, status: {conditions: [{type: Available, status: 'False', reason: MissingEndpoints}]}}",
            false, "MissingEndpoints"},
        Row{"JobDone", "{kind: Job, status: {conditions: [{type: Complete, status: 'True'}]}}", true},
        Row{"JobFailed",
            "{kind: Job, status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded}]}}", false,
            "BackoffLimitExceeded", true},
        Row{"JobRunning", "{kind: Job, spec: {completions: 1}, status: {active: 1, failed: 2}}", false,
            "0 of 1 runs done, 2 failed"},
        Row{"ClaimBound", "{kind: PersistentVolumeClaim, status: {phase: Bound}}", true},
        Row{"ClaimPending", "{kind: PersistentVolumeClaim, spec: {storageClassName: local}, status: {phase: Pending}}",
            false, "storage class local"},
        Row{"NamespaceGoing", "{kind: Namespace, status: {phase: Terminating}}", false, "Terminating"},
        Row{"ServiceOfTheCluster", "{kind: Service, spec: {type: ClusterIP}}", true},
        Row{"LoadBalancerWithoutAddress", "{kind: Service, spec: {type: LoadBalancer}, status: {loadBalancer: {}}}",
            false, "no load balancer"},
        Row{"LoadBalancerWithAddress",
            "{kind: Service, spec: {type: LoadBalancer}, status: {loadBalancer: {ingress: [{ip: 10.0.0.200}]}}}", true},
        Row{"CustomResourceReady", "{kind: Certificate, status: {conditions: [{type: Ready, status: 'True'}]}}", true},
        Row{"CustomResourceNotReady",
            "{kind: Certificate, status: {conditions: [{type: Ready, status: 'False', message: issuing}]}}", false,
            "issuing"},
        Row{"GatewayProgrammed",
            "{kind: Gateway, status: {conditions: [{type: Accepted, status: 'True'}, {type: Programmed, status: 'True'}]}}",
            true},
        Row{"GatewayOnlyAccepted",
            "{kind: Gateway, status: {conditions: [{type: Accepted, status: 'True'}, {type: Programmed, status: "
            "Unknown, reason: Pending}]}}",
            false, "not Programmed: Pending"},
        Row{"GatewayClassOfNobody",
            "{kind: GatewayClass, status: {conditions: [{type: Accepted, status: Unknown, reason: Pending}]}}", false,
            "not Accepted"},
        Row{"WithoutStatus", "{kind: ConfigMap, metadata: {name: a}}", true}),
    row_name);

struct TroubleRow {
  std::string name, status, expected;
};
class PodTrouble : public ::testing::TestWithParam<TroubleRow> {};
TEST_P(PodTrouble, IsToldInOneLine) {
  EXPECT_EQ(pod_trouble({{"kind", "Pod"}, {"status", yaml(GetParam().status)}}), GetParam().expected);
}
INSTANTIATE_TEST_SUITE_P(
    , PodTrouble,
    ::testing::Values(
        TroubleRow{
            "Image",
            "{phase: Pending, containerStatuses: [{name: web, state: {waiting: {reason: ImagePullBackOff, message: "
            "Back-off pulling image x}}}]}",
            "container web ImagePullBackOff: Back-off pulling image x"},
        TroubleRow{
            "Crash",
            "{phase: Running, containerStatuses: [{name: web, state: {waiting: {reason: CrashLoopBackOff}}, lastState: "
            "{terminated: {exitCode: 2, reason: Error, message: no config}}}]}",
            "container web CrashLoopBackOff (last: Error, exit code 2: no config)"},
        TroubleRow{"InitFirst",
                   "{phase: Pending, initContainerStatuses: [{name: wait, state: {terminated: {exitCode: 1, reason: "
                   "Error}}}], "
                   "containerStatuses: [{name: web, state: {waiting: {reason: PodInitializing}}}]}",
                   "container wait Error, exit code 1"},
        TroubleRow{"Probe", "{phase: Running, containerStatuses: [{name: web, ready: false, state: {running: {}}}]}",
                   "container web runs but is not ready"},
        TroubleRow{
            "Unschedulable",
            "{phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: "
            "Insufficient memory}]}",
            "not scheduled: Unschedulable: Insufficient memory"},
        TroubleRow{"None", "{phase: Running, conditions: [{type: Ready, status: 'True'}]}", ""}),
    [](const auto& info) { return info.param.name; });

TEST(SelectorText, SpeaksAsKubectlDoes) {
  EXPECT_EQ(selector_text(yaml("{matchLabels: {a: b, c: d}, matchExpressions: [{key: e, operator: In, values: [f, g]}, "
                               "{key: h, operator: DoesNotExist}]}")),
            "a=b,c=d,e in (f,g),!h");
}

}  // namespace
}  // namespace slipway::testing
