"""A cluster of provider `simulated` in a folder of its own, and readers of what lies there that share no code with
Slipway: its state (docs/state-format.md) and the simulated world (providers/simulated/world.h)."""

import json
import os
import shutil
import subprocess

SPEC = """name: sim
provider: simulated
simulated: {{machines: 100, list_lag_ms: {lag}}}
network: {{pods: 10.244.0.0/16, services: 10.96.0.0/16}}
pools:
  control: {{role: control-plane, count: 1, size: {{cpus: 2, memory: 2GiB, disk: 20GiB}}}}
  workers: {{role: worker, count: 2, size: {{cpus: 1, memory: 1GiB, disk: 20GiB}}, labels: {{tier: app}}}}
"""

KINDS = ("network", "address", "volume", "machine")


class Place:
    """One copy of everything: spec, state, world, and the home folder that holds the state's key."""

    def __init__(self, folder, slipway):
        self.folder, self.slipway = folder, slipway
        self.cache = folder + "/.cache"
        self.spec = folder + "/sim.yaml"
        self.state = folder + "/.slipway/sim"

    @classmethod
    def fresh(cls, folder, slipway, lag=0, more=""):
        os.makedirs(folder)
        place = cls(folder, slipway)
        with open(place.spec, "w") as spec:
            spec.write(SPEC.format(lag=lag) + more)
        return place

    def copy(self, folder):
        shutil.copytree(self.folder, folder, symlinks=True)
        return Place(folder, self.slipway)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def command(self, words):
        """`words` with "SPEC" in the place of the spec's path."""
        return [self.slipway] + [self.spec if word == "SPEC" else word for word in words]

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_") or key == "SLIPWAY_DATA"}
        kept.update(HOME=self.folder, XDG_CACHE_HOME=self.cache, NO_COLOR="1", **more)
        return kept

    def start(self, words, **more):
        return subprocess.Popen(self.command(words), env=self.environment(**more), stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")

    def run(self, words, **more):
        """(exit code, output); -9 where it was killed."""
        process = self.start(words, **more)
        try:
            output, _ = process.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            process.kill()
            output, _ = process.communicate()
            return 999, output + "\n(no end within 120 s)"
        return process.returncode, output

    # The simulated world.

    def world(self):
        entries = {}
        path = self.state + "/simulated/world.log"
        if os.path.exists(path):
            with open(path) as log:
                for line in log:
                    if not line.endswith("\n"):
                        break
                    for key, value in json.loads(line)["set"].items():
                        if value is None:
                            entries.pop(key, None)
                        else:
                            entries[key] = value
        return entries

    def change_world(self, changes):
        with open(self.state + "/simulated/world.log") as log:
            time = json.loads(log.readlines()[-1])["at"]
        with open(self.state + "/simulated/world.log", "a") as log:
            log.write(json.dumps({"at": time, "set": changes}) + "\n")

    def set_faults(self, rules):
        os.makedirs(self.state + "/simulated", exist_ok=True)
        with open(self.state + "/simulated/faults.json", "w") as plan:
            json.dump(rules, plan)

    # Slipway's state.

    def snapshot(self):
        for name in ("STATE.json", "STATE.json.1"):
            if os.path.exists(self.state + "/" + name):
                with open(self.state + "/" + name) as text:
                    return json.load(text)
        return {"serial": 0, "steps": {}}

    def journal(self, after):
        """(serial, change) of every whole record behind that serial, of both journals."""
        records = {}
        for name in ("STATE.journal.1", "STATE.journal"):
            path = self.state + "/" + name
            if not os.path.exists(path):
                continue
            with open(path) as journal:
                for line in journal:
                    words = line.split(" ", 4)
                    if not line.endswith("\n") or len(words) < 5 or len(words[4]) - 1 != int(words[1]):
                        break
                    if int(words[2]) > after:
                        records[int(words[2])] = json.loads(words[4])
        return sorted(records.items())

    def order_is_done(self, serial):
        """Whether node add or remove had recorded its own end: the same command again would be another order."""
        order = None
        if self.snapshot()["serial"] > serial:
            order = self.snapshot().get("facts", {}).get("node-order", "done")
        for _, change in self.journal(max(serial, 0)):
            if change.get("fact", {}).get("name") == "node-order":
                order = change["fact"]["value"] or "done"
        return order == "done"

    def results(self, after):
        """The steps whose last record behind that serial is a result."""
        last = {}
        for _, change in self.journal(after):
            for kind in ("intent", "result"):
                if kind in change:
                    last[change[kind]["id"]] = kind
            if "removed" in change:
                last[change["removed"]] = "removed"
        return {step for step, kind in last.items() if kind == "result"}

    # Both against each other.

    def compare(self):
        """(orphans, duplicates, lost): what the world holds without a record, holds twice, and lacks."""
        world, steps = self.world(), self.snapshot()["steps"]
        living, marks = {}, {}
        for key, value in world.items():
            if key.startswith("object/"):
                _, kind, ident = key.split("/", 2)
                living[(kind, ident)] = value["name"]
                marks.setdefault(value["mark"], []).append(ident)
        recorded = {(step.split("/")[0], record.get("outputs", {}).get("id"))
                    for step, record in steps.items() if step.split("/")[0] in KINDS}
        orphans = ["%s %s (%s)" % (*thing, living[thing]) for thing in living if thing not in recorded]
        duplicates = ["%s: %s" % (mark, ids) for mark, ids in marks.items() if len(ids) > 1]
        if world.get("count/inits", 0) > 1:
            duplicates.append("the cluster was made %d times" % world["count/inits"])
        lost = ["%s %s" % thing for thing in recorded if thing not in living]
        return orphans, duplicates, lost

    def made(self):
        """How often each mark was created, since the world began."""
        return {key[5:]: value for key, value in self.world().items() if key.startswith("made/")}


def events(path):
    if not os.path.exists(path):
        return []
    with open(path) as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def damage(place):
    """What a repair finds: a worker deleted, another stopped and changed by hand, objects of the cluster gone."""
    world = place.world()
    ids = {value["name"]: key.split("/")[2] for key, value in world.items() if key.startswith("object/machine/")}
    gone, stopped = ids["workers-1"], ids["workers-2"]
    changes = {"object/machine/" + gone: None, "count/machines": world["count/machines"] - 1}
    for key, value in world.items():
        if key.startswith("host/" + gone + "/") or (key.startswith("address/") and value == gone):
            changes[key] = None
    machine = json.loads(json.dumps(world["object/machine/" + stopped]))
    machine["fields"]["state"] = "stopped"
    changes["object/machine/" + stopped] = machine
    for task in [key for key in world if key.startswith("host/" + stopped + "/task/base/")][:3]:
        changes[task] = "changed by hand"
    for key in world:
        if "/configmaps/" in key and key.startswith("api/"):
            changes[key] = None
    place.change_world(changes)
