"""The live view on real terminals: tmux at 80x24 and 200x50, screens compared with tests/people/golden.
SLIPWAY_ACCEPT=1 rewrites those instead, and counts them as skipped."""

import difflib
import os
import re
import shutil
import subprocess
import tempfile
import time

from checks import check, skip

HERE = os.path.dirname(os.path.abspath(__file__))


class Tmux:
    """One tmux server of our own with one window."""

    def __init__(self, folder, width, height, command, **environment):
        self.socket = folder + "/tmux"
        kept = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TMUX")}
        kept.update(LC_ALL="C.UTF-8", HOME=folder, **environment)
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y",
                        str(height), "sleep 1000"], env=kept, check=True)
        self.call("set", "-g", "status", "off")
        self.call("resize-window", "-x", str(width), "-y", str(height))
        self.call("respawn-pane", "-k", command)

    def call(self, *words):
        return subprocess.run(["tmux", "-S", self.socket, *words], check=True, stdout=subprocess.PIPE, text=True).stdout

    def screen(self, *more):
        text = self.call("capture-pane", "-p", *more)
        return "\n".join(line.rstrip() for line in text.split("\n")).rstrip() + "\n"

    def close(self):
        subprocess.run(["tmux", "-S", self.socket, "kill-server"], stderr=subprocess.DEVNULL)


def wait_for(condition, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def golden(name, seen):
    path = HERE + "/golden/" + name + ".txt"
    if os.environ.get("SLIPWAY_ACCEPT"):
        with open(path, "w") as file:
            file.write(seen)
        return skip(name, "wrote " + path)
    with open(path) as file:
        expected = file.read()
    check("screen " + name, seen == expected,
          "\n".join(difflib.unified_diff(expected.split("\n"), seen.split("\n"), "expected", "seen", lineterm="")))


def settled(tmux):
    """The screen once it stays as it is: the player goes on redrawing."""
    last = None
    for _ in range(200):
        seen = tmux.screen()
        if seen == last:
            return seen
        last = seen
        time.sleep(0.1)
    return last


class Play:
    """A player on a terminal of its own, from scene to scene."""

    def __init__(self, name, width, height, command):
        self.name, self.folder = name, tempfile.mkdtemp()
        self.tmux = Tmux(self.folder, width, height, command % self.folder)

    def shown(self, scene):
        return check("%s: scene %s is drawn" % (self.name, scene),
                     wait_for(lambda: os.path.exists("%s/shown-%s" % (self.folder, scene))), self.tmux.screen())

    def go_on(self, scene):
        open("%s/next-%s" % (self.folder, scene), "w").close()

    def golden(self, name):
        golden(self.name + "-" + name, settled(self.tmux))

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.tmux.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def play(player, width, height):
    name = "%dx%d" % (width, height)
    with Play(name, width, height, player + " %s") as run:
        tmux = run.tmux
        if not run.shown(1):
            return
        run.golden("begin")
        run.go_on(1)
        run.shown(2)
        run.golden("slow-host")
        check(name + ": colours on a terminal", "\033[3" in tmux.screen("-e"))
        # Narrower and lower, then as it was: nothing of the old frames may be left.
        tmux.call("resize-window", "-x", "60", "-y", "16")
        run.golden("made-60x16")
        tmux.call("resize-window", "-x", str(width), "-y", str(height))
        settled(tmux)
        run.go_on(2)
        run.shown(3)
        run.golden("failure")
        tmux.call("send-keys", "C-c")
        check(name + ": Ctrl-C is explained on screen", wait_for(lambda: "Stopping: " in tmux.screen()), tmux.screen())
        run.go_on(3)
        run.shown(4)
        run.golden("stopping")
        run.go_on(4)
        run.shown("end")
        # The tree is gone, what was told stays.
        run.golden("end")
        run.go_on("end")


def look(player, width, height):
    """Before a plan: what it waits for, what takes long, what Ctrl-C does; and nothing stays."""
    name = "look-%dx%d" % (width, height)
    with Play(name, width, height, player + " %s look") as run:
        if not run.shown(1):
            return
        run.golden("waits")
        run.go_on(1)
        run.shown(2)
        run.golden("slow")
        run.tmux.call("send-keys", "C-c")
        check(name + ": Ctrl-C is explained on screen", wait_for(lambda: "Stopping; " in run.tmux.screen()), run.tmux.screen())
        run.go_on(2)
        run.shown(3)
        run.golden("stopping")
        run.go_on(3)
        run.shown("end")
        check(name + ": nothing of it stays", settled(run.tmux).replace("^C", "").strip() == "", run.tmux.screen())
        run.go_on("end")


def no_colour(player):
    folder = tempfile.mkdtemp()
    tmux = Tmux(folder, 80, 24, "%s %s" % (player, folder), NO_COLOR="1")
    try:
        wait_for(lambda: os.path.exists(folder + "/shown-1"))
        check("NO_COLOR: no colours", "\033[" not in tmux.screen("-e"), tmux.screen("-e"))
    finally:
        tmux.close()
        shutil.rmtree(folder, ignore_errors=True)


def plain(player):
    """Not a terminal: lines alone, no control characters but in what a host said."""
    folder = tempfile.mkdtemp()
    for scene in ("1", "2", "3", "4", "end"):
        open("%s/next-%s" % (folder, scene), "w").close()
    said = subprocess.run([player, folder], stdout=subprocess.PIPE, timeout=60).stdout.decode()
    shutil.rmtree(folder, ignore_errors=True)
    golden("plain", said)
    check("no terminal: no control characters", not re.search(r"[\x00-\x09\x0b-\x1f]", said), repr(said))


def real_run(slipway, spec, width, height):
    """A whole cluster of provider simulated, one step at a time, so that the order is always the same."""
    folder = tempfile.mkdtemp()
    with open(folder + "/sim.yaml", "w") as file:
        file.write(spec)
    # The last screen stays after it has ended.
    os.symlink(slipway, folder + "/slipway")
    command = "cd %s; PATH=$PWD:$PATH; slipway bootstrap sim.yaml --parallelism 1; touch ended; exec sleep 1000" % folder
    tmux = Tmux(folder, width, height, command)
    try:
        check("simulated at %dx%d ends" % (width, height), wait_for(lambda: os.path.exists(folder + "/ended"), 120), tmux.screen())
        seen = settled(tmux)
        # Times differ from run to run; their columns do not.
        seen = re.sub(r" *\d+\.\ds ✓", "   0.0s ✓", seen)
        seen = re.sub(r"\d+(\.\d)? s\b", "N s", seen)
        golden("simulated-%dx%d" % (width, height), seen)
        check("simulated at %dx%d: no rest of the tree" % (width, height), "░" not in seen and "Ctrl-C" not in seen, seen)
    finally:
        tmux.close()
        shutil.rmtree(folder, ignore_errors=True)


def run(slipway, player, spec):
    for width, height in ((80, 24), (200, 50)):
        play(player, width, height)
        look(player, width, height)
        real_run(slipway, spec, width, height)
    no_colour(player)
    plain(player)
