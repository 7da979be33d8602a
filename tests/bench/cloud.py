"""Bench `cloud`: many machines of a cloud whose API is slow and limited, against what the limit allows. The cloud is the
OpenNebula of the contract tests, over HTTP, behind a proxy that refuses what comes too fast; no host is logged in to."""

import json
import os
import shutil
import statistics

from measure import Failed, Run

MACHINES, LATENCY_MS, CALLS_PER_SECOND, BOOT_SECONDS = 500, 50, 20, 20


class Part:
    """What the program says of one of its runs, as the table wants it."""

    def __init__(self, figures):
        self.seconds, self.cpu, self.megabytes = figures["seconds"], figures["cpu_seconds"], figures["megabytes"]
        self.figures = figures


def cloud(bench, options):
    """All of them made, then nothing to do."""
    program = os.path.join(os.path.dirname(options.slipway), "tests/bench/bench_cloud_machines")
    if not os.access(program, os.X_OK):
        raise Failed("no %s (cmake --preset release -DSLIPWAY_TESTS=ON, then build its target bench_cloud_machines)" % program)
    machines = (options.machines or [MACHINES])[0]
    made, again = [], []
    for number in range(bench.rounds):
        folder = "%s/cloud-%d" % (options.folder, number)
        told = json.loads(Run([program, folder, str(machines), str(LATENCY_MS), str(CALLS_PER_SECOND), str(BOOT_SECONDS)]).output)
        shutil.rmtree(folder)
        made.append(Part(told["made"]))
        again.append(Part(told["again"]))
    # Each machine takes one call at least, and the last one boots after that.
    bound = machines / CALLS_PER_SECOND + BOOT_SECONDS
    middle = statistics.median(part.seconds for part in made)
    bench.row("%d machines" % machines, "Slipway, by the bound", *made, ratio=middle / bound)
    bench.row("nothing to do", "Slipway", *again, ratio=1)
    for what, part in (("made", made[-1]), ("nothing to do", again[-1])):
        figures = part.figures
        bench.note("%s: %d calls, %d refused as too fast, %.1f calls a second; %s" % (
            what, figures["calls"], figures["throttled"], figures["calls"] / figures["seconds"],
            ", ".join("%s %d" % (method, count) for method, count in figures["methods"].items())),
            **{key: figures[key] for key in ("calls", "throttled", "methods")})
    bench.note("the bound: a call for each machine at %d a second and %d s of boot: %.1f s; latency of each call %d ms"
               % (CALLS_PER_SECOND, BOOT_SECONDS, bound, LATENCY_MS), bound=bound)
    bench.note("by 100 machines: client CPU %.2f s, memory %.1f MB" % (
        statistics.median(part.cpu for part in made) * 100 / machines, made[-1].megabytes * 100 / machines))
