"""The command line as a person meets it: completion in bash, zsh and fish as they are installed here, against a cluster
of provider simulated; examples of every verb; slips of the hand."""

import os
import re
import shutil
import subprocess
import tempfile
import time

from checks import check, skip
from terminal import Tmux, wait_for

# What is typed, and what it completes to: the whole line where only one thing is possible, else words among the offers.
LINES = (
    ("slipway boot", "slipway bootstrap"),
    ("slipway node rem", "slipway node remove"),
    ("slipway plan sim.yaml --detai", "slipway plan sim.yaml --detailed-exitcode"),
    ("slipway repair sim.yaml contr", "slipway repair sim.yaml control-1"),
    ("slipway node remove sim.yaml workers-", ("workers-1", "workers-2")),
    ("slipway exec sim.yaml contr", "slipway exec sim.yaml control-1"),
    ("slipway node add sim.yaml --pool w", "slipway node add sim.yaml --pool workers"),
    ("slipway apply sim.yaml --target machine/", ("machine/control-1", "machine/workers-1", "machine/workers-2")),
    ("slipway state show sim.yaml kubernetes/in", "slipway state show sim.yaml kubernetes/init"),
    ("slipway graph sim.yaml --format m", "slipway graph sim.yaml --format mermaid"),
    ("slipway backup create --inc", "slipway backup create --incremental"),
    ("slipway backup create e", "slipway backup create etcd"),
    ("slipway plan si", "slipway plan sim.yaml"),
)

BASH = """
source <(slipway completion bash)
read -r -a COMP_WORDS <<<"$1"
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_slipway
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(shell, line, environment, folder):
    if shell == "bash":
        command = ["bash", "-c", BASH, "bash", line]
    else:
        command = ["fish", "--no-config", "-c", "source completion.fish; complete -C $argv[1]", line]
    said = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True, timeout=60).stdout
    return {row.split("\t")[0] for row in said.split("\n") if row}


def asked_shell(shell, environment, folder):
    """bash and fish say what they would offer."""
    for line, expected in LINES:
        seen = offered(shell, line, environment, folder)
        wanted = {expected.split(" ")[-1]} if isinstance(expected, str) else set(expected)
        # fish also offers words that merely hold what was typed.
        check("%s completes: %s" % (shell, line), wanted == seen or (shell == "fish" and wanted <= seen), seen)


def typed_zsh(folder):
    """zsh has to be typed at: what stands on the screen after the tab key."""
    tmux = Tmux(folder, 160, 50, "cd %s && PATH=$PWD/bin:$PATH exec zsh -f" % folder)
    try:
        tmux.call("send-keys", "PS1='> '; autoload -U compinit && compinit -u && source <(slipway completion zsh) && whence _slipway && clear && echo ready", "Enter")
        if not check("zsh: takes the completion", wait_for(lambda: tmux.screen().startswith("ready"), 60), tmux.screen()):
            return
        for line, expected in LINES:
            tmux.call("send-keys", "C-u", "C-l")
            wait_for(lambda: tmux.screen().strip() == ">")
            tmux.call("send-keys", "-l", line)
            tmux.call("send-keys", "Tab")
            if isinstance(expected, str):
                good = wait_for(lambda: tmux.screen().split("\n")[0].rstrip("/ ") == "> " + expected)
            else:
                time.sleep(1)
                tmux.call("send-keys", "Tab")
                good = wait_for(lambda: all(word in tmux.screen().split("\n", 1)[1].split() for word in expected))
            check("zsh completes: %s" % line, good, tmux.screen())
    finally:
        tmux.close()


def completion(slipway, spec):
    folder = tempfile.mkdtemp()
    os.mkdir(folder + "/bin")
    os.symlink(slipway, folder + "/bin/slipway")
    with open(folder + "/sim.yaml", "w") as file:
        file.write(spec)
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SLIPWAY_") or key == "SLIPWAY_DATA"}
    environment = {**kept, "HOME": folder, "NO_COLOR": "1", "LC_ALL": "C.UTF-8", "PATH": folder + "/bin:" + kept["PATH"]}
    try:
        made = subprocess.run(["slipway", "bootstrap", "sim.yaml"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if not check("completion: a cluster to ask", made.returncode == 0, made.stdout):
            return
        with open(folder + "/completion.fish", "w") as file:
            file.write(subprocess.run([slipway, "completion", "fish"], stdout=subprocess.PIPE, text=True, check=True).stdout)
        asked_shell("bash", environment, folder)
        for shell, attempt in (("fish", lambda: asked_shell("fish", environment, folder)),
                               ("zsh", lambda: typed_zsh(folder))):
            attempt() if shutil.which(shell) else skip("completion in " + shell, shell + " is not installed")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def said(slipway, words, folder):
    done = subprocess.run([slipway, *words], cwd=folder, env={**os.environ, "HOME": folder, "NO_COLOR": "1"},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
    return done.returncode, done.stdout


def examples(slipway):
    """Each verb's help has examples, of that verb, and the parser takes each of them."""
    markdown = subprocess.run([slipway, "man", "--markdown"], stdout=subprocess.PIPE, text=True, check=True).stdout
    verbs = re.findall(r"^## (.+)$", markdown, re.M)
    check("examples: there are verbs", len(verbs) > 40, verbs)
    for verb in verbs:
        with tempfile.TemporaryDirectory() as folder:
            _, text = said(slipway, [*verb.split(" "), "--help"], folder)
        shown = re.findall(r"^  (slipway .*)$", text.split("\nExamples:\n")[-1], re.M)
        check("%s --help: examples of it" % verb,
              bool(shown) and all(line.startswith("slipway " + verb) for line in shown), text)
        if verb in ("artifacts get", "completion", "man"):
            continue  # These would build something, or are lines for a shell.
        for line in shown:
            # The comment stands behind three spaces or more. In a folder without the spec nothing is done.
            words = re.findall(r'"[^"]*"|\'[^\']*\'|\S+', re.split(r" {3,}", line)[0])
            with tempfile.TemporaryDirectory() as folder:
                code, talk = said(slipway, [word.strip("\"'") for word in words[1:]], folder)
            check("example is understood: " + line, not re.search("cannot read the command line|no such (verb|option)", talk), talk)


def slips(slipway):
    folder = tempfile.mkdtemp()
    try:
        with open(folder + "/shop.yaml", "w") as file:
            file.write("name: shop\n")
        for words, expected in (("plna shop.yaml", "did you mean 'slipway plan'?"),
                                ("node ad shop.yaml", "did you mean 'slipway node add'?"),
                                ("plan shop.yaml --taget x", "did you mean '--target'?"),
                                ("plan shop.yml", "did you mean 'shop.yaml'?"),
                                ("node", "slipway node --help"),
                                ("", "Subcommands:")):
            code, talk = said(slipway, words.split(), folder)
            check("slipway %s: exit 3 and %s" % (words, expected), code == 3 and expected in talk, (code, talk))
        code, talk = said(slipway, ["--version"], folder)
        check("slipway --version", code == 0 and re.match(r"slipway \d", talk), talk)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run(slipway, spec):
    completion(slipway, spec)
    examples(slipway)
    slips(slipway)
