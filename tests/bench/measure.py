"""Running contestants side by side, and the table that comes of it. Time is a noisy thing: contestants take turns,
round by round, and a figure is a median with its spread."""

import json
import os
import statistics
import subprocess
import tempfile
import time


class Failed(Exception):
    """A contestant did not do its work; its time says nothing."""


class Run:
    """One command's end: wall seconds, CPU seconds of it and of all it waited for, its peak memory."""

    def __init__(self, command, folder=None, environment=None, expect=(0,)):
        with tempfile.TemporaryFile("w+", errors="replace") as out:
            begun = time.monotonic()
            process = subprocess.Popen(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=subprocess.STDOUT)
            try:
                _, status, used = os.wait4(process.pid, 0)
            except BaseException:  # Interrupted: what comes after shall find no contestant at work.
                process.terminate()
                process.wait()
                raise
            self.seconds = time.monotonic() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            self.output = out.read()
        self.cpu = used.ru_utime + used.ru_stime
        self.megabytes = used.ru_maxrss / 1024
        if process.returncode not in expect:
            raise Failed("%s ended with %d:\n%s" % (" ".join(command), process.returncode, self.output[-2000:]))


class Contestant:
    """`run` does the work once and answers a Run; `prepare` comes before each, unmeasured."""

    def __init__(self, name, run, prepare=None):
        self.name, self.run, self.prepare, self.runs = name, run, prepare, []


class Bench:
    """A table. The first contestant of a group is Slipway; the others' ratio is their time by its."""

    def __init__(self, title, rounds):
        self.title, self.rounds, self.rows, self.notes = title, rounds, [], []

    def race(self, what, contestants):
        for _ in range(self.rounds):
            for contestant in contestants:
                if contestant.prepare:
                    contestant.prepare()
                contestant.runs.append(contestant.run())
        first = statistics.median(run.seconds for run in contestants[0].runs)
        for contestant in contestants:
            self.row(what, contestant.name, *contestant.runs,
                     ratio=statistics.median(run.seconds for run in contestant.runs) / first)
        return contestants

    def row(self, what, who, *runs, ratio):
        seconds = sorted(run.seconds for run in runs)
        self.rows.append({"what": what, "who": who, "ratio": ratio, "seconds": statistics.median(seconds),
                          "least": seconds[0], "most": seconds[-1], "rounds": len(seconds),
                          "cpu_seconds": statistics.median(run.cpu for run in runs),
                          "megabytes": max(run.megabytes for run in runs), "load": os.getloadavg()[0]})
        print("  " + self.line(self.rows[-1]), flush=True)

    def note(self, text, **figures):
        self.notes.append({"text": text, **figures})
        print("  " + text, flush=True)

    @staticmethod
    def line(row):
        return "%-28s %-34s %7.1fx %9.3f s (%.3f to %.3f, %d rounds)  CPU %7.2f s  %6.0f MB" % (
            row["what"], row["who"], row["ratio"], row["seconds"], row["least"], row["most"], row["rounds"],
            row["cpu_seconds"], row["megabytes"])

    def markdown(self):
        lines = ["| what | who | ratio | median | spread | client CPU | memory |", "| --- | --- | --: | --: | --- | --: | --: |"]
        for row in self.rows:
            lines.append("| %s | %s | %.1f | %.3f s | %.3f to %.3f s | %.2f s | %.0f MB |" % (
                row["what"], row["who"], row["ratio"], row["seconds"], row["least"], row["most"], row["cpu_seconds"],
                row["megabytes"]))
        return "\n".join(lines + [""] + ["- " + note["text"] for note in self.notes])

    def document(self):
        return {"title": self.title, "rows": self.rows, "notes": self.notes}


def machine():
    """What the figures were measured on."""
    with open("/proc/cpuinfo") as text:
        model = next((line.split(":", 1)[1].strip() for line in text if line.startswith("model name")), "unknown")
    with open("/proc/meminfo") as text:
        memory = int(text.readline().split()[1]) // (1 << 20)
    return {"cpus": os.cpu_count(), "model": model, "memory_gib": memory, "load": os.getloadavg()[0]}


def write_json(path, document):
    with open(path, "w") as out:
        json.dump(document, out, indent=1)
        out.write("\n")
