"""Benches on provider `simulated`: no machine and no network, so that what is left is Slipway's own work."""

import json
import math
import os
import re
import shutil
import statistics

import peers
from measure import Contestant, Failed, Run

SPEC = """name: big
provider: simulated
simulated: {{machines: {machines}}}
network: {{pods: 10.0.0.0/8, services: 172.16.0.0/16, endpoint: 192.168.0.10}}
pools:
  control: {{role: control-plane, count: 3, size: {{cpus: 2, memory: 2GiB, disk: 20GiB}}}}
"""
POOL = "  workers-{number}: {{role: worker, count: {count}, size: {{cpus: 1, memory: 1GiB, disk: 20GiB}}, labels: {{tier: app}}}}\n"
LARGEST_POOL = 2500


class Place:
    """A spec of so many machines in a folder of its own, which is also the home of its state's key."""

    def __init__(self, options, machines):
        self.slipway, self.machines = options.slipway, machines
        self.folder = "%s/%d" % (options.folder, machines)
        os.makedirs(self.folder, exist_ok=True)
        with open(self.folder + "/big.yaml", "w") as spec:
            spec.write(SPEC.format(machines=machines))
            for number, begin in enumerate(range(3, machines, LARGEST_POOL)):
                spec.write(POOL.format(number=number, count=min(LARGEST_POOL, machines - begin)))

    def empty(self):
        shutil.rmtree(self.folder + "/.slipway", ignore_errors=True)

    def run(self, *words, under=()):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_") or key == "SLIPWAY_DATA"}
        kept.update(HOME=self.folder, NO_COLOR="1")
        return Run([*under, self.slipway, *words], self.folder, kept)


def steps_of(output):
    """The number in "Plan: 90024 to create"."""
    return int(output.split("Plan: ")[1].split(" ")[0])


TOFU = ("tofu", "github.com/opentofu/opentofu", "v1.12.6", "./cmd/tofu")
STEPS_OF_A_MACHINE = 9
TOFU_MACHINES = (100, 300)


class Tofu:
    """As many built-in resources as Slipway has steps, chained in the same way; a module for each machine. (References by
    count.index between resources of one module make its planning quadratic.)"""

    def __init__(self, options, program, machines):
        self.program, self.machines, self.folder = program, machines, "%s/tofu-%d" % (options.folder, machines)
        os.makedirs(self.folder + "/machine")
        with open(self.folder + "/main.tf", "w") as out:
            out.write('resource "terraform_data" "network" {\n  input = "big"\n}\nmodule "machine" {\n  source = "./machine"\n  count = %d\n'
                      '  name = "workers-${count.index}"\n  before = terraform_data.network.output\n}\n' % machines)
        with open(self.folder + "/machine/main.tf", "w") as out:
            out.write('variable "name" {}\nvariable "before" {}\n')
            before = "var.before"
            for number in range(STEPS_OF_A_MACHINE):
                out.write('resource "terraform_data" "step_%d" {\n  input = {machine = var.name, before = %s}\n}\n' % (number, before))
                before = "terraform_data.step_%d.id" % number
        self.run("init")

    def run(self, *words):
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("TF_", "TOFU_"))}
        return Run([self.program, *words, "-input=false", "-no-color"], self.folder,
                   {**kept, "HOME": self.folder, "CHECKPOINT_DISABLE": "1"})

    def plan(self):
        run = self.run("plan", "-lock=false")
        wanted = "Plan: %d to add" % (STEPS_OF_A_MACHINE * self.machines + 1)
        if wanted not in run.output:
            raise Failed("OpenTofu did not say '%s':\n%s" % (wanted, run.output[-1000:]))
        return run


def against_tofu(bench, options):
    """The same number of things, chained in the same way, planned by the core of OpenTofu; no provider has work to do."""
    try:
        program = peers.go_program(*TOFU)
    except Failed as problem:
        return bench.note("OpenTofu was not measured: %s" % problem)
    bench.note("peer: OpenTofu %s, built of its Go module" % TOFU[2])
    for machines in TOFU_MACHINES:
        place = Place(options, machines)
        bench.race("%d machines" % machines, [Contestant("Slipway, plan", lambda: place.run("plan", "big.yaml")),
                                              Contestant("OpenTofu, plan", Tofu(options, program, machines).plan)])


def plan(bench, options):
    """The plan of a cluster that is not there yet; how time and memory grow with it."""
    places = [Place(options, machines) for machines in options.machines or (1000, 10000, 30000)]
    runners = bench.race("plan", [Contestant("%d machines" % place.machines, lambda place=place: place.run("plan", "big.yaml"))
                                  for place in places])
    points = [(place.machines, steps_of(runner.runs[-1].output), statistics.median(run.cpu for run in runner.runs),
               max(run.megabytes for run in runner.runs)) for place, runner in zip(places, runners)]
    # A plan of what is not there yet is one thread's work: its CPU time is its time on a machine with nothing else to do.
    for (few, _, fast, small), (many, _, slow, large) in zip(points, points[1:]):
        time, memory = (math.log(much / little) / math.log(many / few) for little, much in ((fast, slow), (small, large)))
        bench.note("from %d to %d machines: CPU time grows with the power %.2f (1 is linear), memory with %.2f"
                   % (few, many, time, memory), time=time, memory=memory)
    for machines, steps, seconds, megabytes in points:
        bench.note("%d machines: %d steps, %.1f µs CPU and %.1f KB a step"
                   % (machines, steps, seconds / steps * 1e6, megabytes / steps * 1024), steps=steps)
    against_tofu(bench, options)


def journal_records(place):
    """How many records the journals of a state hold since its last fold but one."""
    count = 0
    for name in ("STATE.journal.1", "STATE.journal"):
        path = place.folder + "/.slipway/big/" + name
        if os.path.exists(path):
            with open(path) as journal:
                count += sum(1 for _ in journal)
    return count


def fsyncs_of(place, *words):
    """The calls of fsync and fdatasync in one run, as the kernel counts them; nothing without strace."""
    if not shutil.which("strace"):
        return None
    log = place.folder + "/calls"
    run = place.run(*words, under=["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", log])
    with open(log) as calls:
        return run, sum(1 for line in calls if "sync(" in line)


STEPS = 100000


def part_of_the_program(bench, options, what, target):
    """A measurement's program beside Slipway's own, or nothing where it was not built."""
    program = os.path.join(os.path.dirname(options.slipway), "tests/bench", target)
    if os.access(program, os.X_OK):
        return program
    bench.note("%s was not measured: no %s (cmake --preset release -DSLIPWAY_TESTS=ON, then build its target %s)"
               % (what, program, target))
    return None


def medians(figures):
    return {key: statistics.median(figure[key] for figure in figures) for key in figures[0]}


def engine(bench, options):
    """The engine without any world: steps that do nothing, planned, applied and recorded in a real state."""
    program = part_of_the_program(bench, options, "the engine alone", "bench_executor_steps")
    if not program:
        return
    figures = []
    for number in range(bench.rounds):
        folder = "%s/engine-%d" % (options.folder, number)
        figures.append(json.loads(Run([program, folder, str(STEPS)]).output))
        shutil.rmtree(folder)
    middle = medians(figures)
    bench.note("%d steps that do nothing: plan %.1f µs CPU a step; execute %.1f µs a step, of that %.1f µs in the journal's "
               "fsync (%d of them), %.1f µs beyond it; %.1f µs CPU a step" % (
                   STEPS, middle["plan_cpu"] / STEPS, middle["execute_wall"] / STEPS, middle["sync"] / STEPS, middle["syncs"],
                   (middle["execute_wall"] - middle["sync"]) / STEPS, middle["execute_cpu"] / STEPS), **middle)


def execute(bench, options):
    """From nothing to a whole cluster: each step observed, planned, applied and recorded."""
    places = [Place(options, machines) for machines in options.machines or (250, 500, 1000)]
    runners = bench.race("bootstrap", [
        Contestant("%d machines" % place.machines, lambda place=place: place.run("bootstrap", "big.yaml"), place.empty)
        for place in places])
    for place, runner in zip(places, runners):
        steps = len(place.run("state", "list", "big.yaml").output.splitlines())
        seconds = statistics.median(run.seconds for run in runner.runs)
        cpu = statistics.median(run.cpu for run in runner.runs)
        bench.note("%d machines: %d steps, %.0f µs a step, of that %.0f µs CPU, the simulated world included"
                   % (place.machines, steps, seconds / steps * 1e6, cpu / steps * 1e6), steps=steps)
    place = places[0]
    place.empty()
    counted = fsyncs_of(place, "bootstrap", "big.yaml")
    if counted:
        records = journal_records(place)
        bench.note("%d machines: %d records in the journal, %d fsyncs: %.2f a record"
                   % (place.machines, records, counted[1], counted[1] / records), fsyncs=counted[1], records=records)
    engine(bench, options)


GROWN = 10000
MODEL = "workers-0-5"


def grow(options, small):
    """A state of GROWN workers out of a small one's: the records of one worker, once for each. It can be read, not run."""
    place = Place(options, GROWN)
    # In a process of its own: what this one holds would count as the contestants' memory.
    child = os.fork()
    if child == 0:
        status = 1
        try:
            write_grown(place, small)
            status = 0
        finally:
            os._exit(status)
    if os.waitpid(child, 0)[1] != 0:
        raise Failed("the state of %d machines could not be made" % GROWN)
    return place


def write_grown(place, small):
    place.empty()
    shutil.copytree(small.folder + "/.slipway", place.folder + "/.slipway")
    shutil.copytree(small.folder + "/.config", place.folder + "/.config", dirs_exist_ok=True)
    path = place.folder + "/.slipway/big/STATE.json"
    with open(path) as text:
        document = json.load(text)
    steps = document["steps"]
    name = re.compile(MODEL + r"(?!\d)")
    model = [json.dumps([step, record]) for step, record in steps.items() if name.search(step)]
    for number in range(1, GROWN + 1):
        for text in model:
            step, record = json.loads(name.sub("workers-0-%d" % number, text))
            steps.setdefault(step, record)
    # As the program writes it: a line for each step, in the order of their bytes.
    lines = ["%s: %s" % (json.dumps(step), json.dumps(steps[step])) for step in sorted(steps, key=str.encode)]
    del document["steps"]
    with open(path, "w") as out:
        out.write(json.dumps(document)[:-1] + ',\n"steps": {\n' + ",\n".join(lines) + "\n}}\n")


def state(bench, options):
    """Reading one record out of the state, and drift where there is none, as the state grows."""
    places = [Place(options, machines) for machines in options.machines or (100, 1000)]
    for place in places:
        place.run("bootstrap", "big.yaml")
    grown = grow(options, places[0])
    for place in places + [grown]:
        size = os.path.getsize(place.folder + "/.slipway/big/STATE.json")
        bench.note("%d machines: STATE.json has %.1f MB" % (place.machines, size / 1e6), bytes=size)
    for what, words, of in (("start of the program", ("version",), places),
                            ("one record of the state", ("state", "show", "big.yaml", "node/control-1"), places + [grown]),
                            ("plan, nothing to do", ("plan", "big.yaml"), places)):
        bench.race(what, [Contestant("%d machines" % place.machines, lambda place=place, words=words: place.run(*words))
                          for place in of])
    load(bench, options, grown)
    bench.note("the state of %d machines is made of another's records, %d times those of one machine" % (GROWN, GROWN))


def load(bench, options, place):
    """The load alone: without the program's start, and without the memory given back at its end."""
    program = part_of_the_program(bench, options, "the load alone", "bench_state_load")
    if not program:
        return
    folder = place.folder + "/.slipway/big"
    middle = medians([json.loads(Run([program, folder, "big"]).output) for _ in range(bench.rounds)])
    bench.note("%d machines: the load alone takes %.0f ms, CPU %.0f ms"
               % (place.machines, middle["wall"] / 1000, middle["cpu"] / 1000), **middle)
