"""Benches on one real cluster of provider `local`: `bootstrap` and `add` against the critical path of their own steps,
`kube` against kubectl. The cluster is made once, by the first of them, and put away when the last has ended."""

import base64
import json
import os
import shutil

from hosts import ROOT
from measure import Contestant, Failed, Run

SPEC = """name: bench
provider: local
local: {{subnet: {subnet}}}
network: {{endpoint: {net}.10, load_balancers: {net}.200-{net}.219}}
pools:
  control: {{role: control-plane, count: 1, size: {{cpus: 2, memory: 2GiB, disk: 8GiB}}}}
  workers: {{role: worker, count: 2, size: {{cpus: 1, memory: 1GiB, disk: 8GiB}}}}
"""
ADD_ON = "addons: {network_policy: {enabled: false}, bulk: {path: ./bulk}}\n"
KINDS = ("ConfigMap", "Secret", "Service", "ServiceAccount", "Role")
OBJECTS = 500
TARGET = "addon/bulk*"


class Cluster:
    """The spec's folder, and the commands against it. Both contestants of `kube` have a namespace of their own."""

    def __init__(self, options):
        self.folder, self.slipway = options.folder + "-cluster", options.slipway
        os.makedirs(self.folder)
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_")}
        self.environment.setdefault("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
        self.environment.update(HOME=self.folder, NO_COLOR="1", SLIPWAY_DATA=ROOT, KUBECONFIG=self.folder + "/kubeconfig")
        self.write_spec(SPEC.format(subnet=options.subnet, net=options.subnet.rsplit(".", 1)[0]))

    def write_spec(self, text):
        self.spec = text
        with open(self.folder + "/bench.yaml", "w") as out:
            out.write(text)

    def run(self, *command, expect=(0,)):
        return Run(list(command), self.folder, self.environment, expect)

    def verb(self, *words, expect=(0,)):
        return self.run(self.slipway, *words, expect=expect)

    def document(self, *words):
        """A changing verb's Run, and its answer as JSON; talk goes to the log beside the spec."""
        run = self.run("sh", "-c", 'exec "$@" --output json 2>>log', "sh", self.slipway, *words)
        return run, json.loads(run.output)

    def down(self):
        self.verb("destroy", "bench.yaml", "--yes")
        shutil.rmtree(self.folder)

    # The objects of `kube`.

    def write_objects(self):
        for who in ("slipway", "kubectl"):
            folder = self.folder + ("/bulk" if who == "slipway" else "/kubectl")
            os.makedirs(folder)
            with open(folder + "/objects.yaml", "w") as out:
                out.write("---\n".join(objects("bench-" + who)))
        with open(self.folder + "/bulk/addon.yaml", "w") as out:
            out.write("name: bulk\ndescription: Many objects.\n")
        self.write_spec(self.spec + ADD_ON)
        self.verb("kubeconfig", "bench.yaml", "--file", "kubeconfig")
        self.kubectl = self.verb("artifacts", "get", "binary/kubectl").output.split()[-1]

    def drift(self, name_space):
        self.run(self.kubectl, "-n", name_space, "patch", "configmap", "object-5", "--type=merge",
                 "-p", '{"data":{"text":"changed by hand"}}')

    def empty(self, name_space):
        self.run(self.kubectl, "delete", "namespace", name_space, "--ignore-not-found", "--wait")

    def count(self, name_space):
        found = self.run(self.kubectl, "-n", name_space, "get", ",".join(KINDS), "-l", "bench=bulk", "-o", "name").output
        if len(found.split()) != OBJECTS - 1:
            raise Failed("%d objects in %s, not %d" % (len(found.split()), name_space, OBJECTS - 1))


def objects(name_space):
    """A namespace and what is in it, five kinds in turn, as one YAML document each."""
    yield json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name_space}}) + "\n"
    for number in range(OBJECTS - 1):
        kind = KINDS[number % len(KINDS)]
        text = "object %d of a bench, as long as a line of configuration is" % number
        body = {"ConfigMap": {"data": {"text": text}},
                "Secret": {"data": {"text": base64.b64encode(text.encode()).decode()}},
                "Service": {"spec": {"selector": {"app": "none"}, "ports": [{"name": "http", "port": 80}]}},
                "ServiceAccount": {"automountServiceAccountToken": False},
                "Role": {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}}[kind]
        yield json.dumps({"apiVersion": "rbac.authorization.k8s.io/v1" if kind == "Role" else "v1", "kind": kind,
                          "metadata": {"name": "object-%d" % number, "namespace": name_space, "labels": {"bench": "bulk"}},
                          **body}) + "\n"


def cluster_of(bench, options):
    """The one cluster of this run of benches; bootstrapped, and its row written, where it is not there yet."""
    if os.geteuid() != 0:
        raise Failed("real hosts need root")
    if not getattr(options, "cluster", None):
        options.cluster = Cluster(options)
        options.cluster.made = options.cluster.document("bootstrap", "bench.yaml")
    if not hasattr(options.cluster, "made"):
        raise Failed("there is no cluster")
    return options.cluster


def against_its_path(bench, what, run, document):
    """A changing run: its own clock against the longest chain of its steps."""
    path = document["critical_path_seconds"]
    bench.row(what, "Slipway", run, ratio=document["seconds"] / path)
    bench.note("%s: %d steps in %.1f s, the longest chain of them %.1f s; the whole command %.1f s" % (
        what, document["applied"], document["seconds"], path, run.seconds),
        applied=document["applied"], seconds=document["seconds"], critical_path_seconds=path)


def bootstrap(bench, options):
    """One control plane and two workers, artifacts cached. Once, whatever the rounds."""
    against_its_path(bench, "bootstrap, three nodes", *cluster_of(bench, options).made)


def add(bench, options):
    """One worker more. Once, whatever the rounds."""
    cluster = cluster_of(bench, options)
    against_its_path(bench, "node add", *cluster.document("node", "add", "bench.yaml", "--pool", "workers"))


def kube(bench, options):
    """500 objects: made, looked at, one of them changed by hand."""
    cluster = cluster_of(bench, options)
    cluster.write_objects()
    plan = lambda code: cluster.verb("plan", "bench.yaml", "--target", TARGET, "--detailed-exitcode", expect=(code,))
    apply = lambda: cluster.verb("apply", "bench.yaml", "--target", TARGET)
    diff = lambda code: cluster.run(cluster.kubectl, "diff", "--server-side", "--force-conflicts", "-f", "kubectl", expect=(code,))
    server_side = lambda: cluster.run(cluster.kubectl, "apply", "--server-side", "--force-conflicts", "-f", "kubectl")
    what = "%d objects, " % OBJECTS
    bench.race(what + "fresh", [Contestant("Slipway, apply", apply, lambda: cluster.empty("bench-slipway")),
                                Contestant("kubectl apply --server-side", server_side, lambda: cluster.empty("bench-kubectl"))])
    for name_space in ("bench-slipway", "bench-kubectl"):
        cluster.count(name_space)
    bench.race("nothing to do, look", [Contestant("Slipway, plan", lambda: plan(0)),
                                       Contestant("kubectl diff --server-side", lambda: diff(0))])
    bench.race("nothing to do, apply", [Contestant("Slipway, apply", apply),
                                        Contestant("kubectl apply --server-side", server_side)])
    drifted = lambda name_space: lambda: cluster.drift(name_space)
    bench.race("one drifted, look", [Contestant("Slipway, plan", lambda: plan(2), drifted("bench-slipway")),
                                     Contestant("kubectl diff --server-side", lambda: diff(1), drifted("bench-kubectl"))])
    bench.race("one drifted, apply", [Contestant("Slipway, apply", apply, drifted("bench-slipway")),
                                      Contestant("kubectl apply --server-side", server_side, drifted("bench-kubectl"))])
    bench.note("Slipway looks at the whole cluster each time, its hosts too; kubectl at the folder alone")
