"""The peers, from where their makers publish them: Python packages in a virtual environment of the bench's own cache."""

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


def version(command):
    """What a peer says of itself, first line."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
