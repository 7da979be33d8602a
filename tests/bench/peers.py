"""The peers, from where their makers publish them: Python packages in a virtual environment, programs built of their Go
modules; both in the bench's own cache."""

import json
import os
import shutil
import subprocess
import sys

from measure import Failed

CACHE = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "slipway-bench")


def need(program, package):
    """The path of a program; Failed names the Debian package where it is missing."""
    path = shutil.which(program)
    if not path:
        raise Failed("no %s here; apt-get install %s" % (program, package))
    return path


def python_programs(name, packages):
    """The folder of programs of the newest `packages`, installed once; remove CACHE to have newer ones."""
    folder = os.path.join(CACHE, name)
    if not os.path.exists(folder + "/done"):
        shutil.rmtree(folder, ignore_errors=True)
        for command in ([sys.executable, "-m", "venv", folder], [folder + "/bin/pip", "install", "-q", *packages]):
            made = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
            if made.returncode != 0:
                raise Failed("%s cannot be had: %s ended with %d (python3-venv installed? PyPI in reach?):\n%s" % (
                    " and ".join(packages), " ".join(command), made.returncode, made.stdout[-1000:]))
        open(folder + "/done", "w").close()
    return folder + "/bin/"


def go_program(name, module, number, package):
    """The path of a program, built once of the module's own tree: as the main module its replacements hold."""
    path = os.path.join(CACHE, "bin", "%s-%s" % (name, number))
    if os.path.exists(path):
        return path
    go = need("go", "golang, as new as %s's go.mod says" % module)
    environment = {**os.environ, "GOFLAGS": "", "GOWORK": "off", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
                   "GOMODCACHE": CACHE + "/go/mod", "GOCACHE": CACHE + "/go/build"}
    tree = CACHE + "/go/tree"  # Beside the two others, gigabytes of which nothing is needed afterwards.

    def run(*command, folder=None):
        made = subprocess.run(command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if made.returncode != 0:
            raise Failed("%s %s cannot be had: %s ended with %d:\n%s" % (module, number, " ".join(command), made.returncode,
                                                                        made.stderr[-1000:]))
        return made.stdout

    source = json.loads(run(go, "mod", "download", "-json", "%s@%s" % (module, number)))["Dir"]
    shutil.rmtree(tree, ignore_errors=True)
    shutil.copytree(source, tree)
    run("chmod", "-R", "u+w", tree)
    run(go, "build", "-mod=mod", "-p", "2", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, package, folder=tree)
    run("chmod", "-R", "u+w", CACHE + "/go")
    shutil.rmtree(CACHE + "/go")
    return path


def version(command):
    """What a peer says of itself, first line."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
