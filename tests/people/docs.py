"""The documents, as a reader uses them: a block after `<!-- file: NAME -->` is written to that file, each block after
`<!-- run -->` is run by sh -e, in one empty folder for each document; a block after `<!-- screen: NAME -->` is part of that
golden screen. Every relative link leads somewhere."""

import glob
import os
import re
import shutil
import subprocess
import tempfile

from checks import check, skip

BLOCK = re.compile(r"^<!-- (run|file: (\S+)) -->\n```\w*\n(.*?)^```$", re.M | re.S)
SCREEN = re.compile(r"^<!-- screen: (\S+) -->\n```text\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def documents(top):
    return [top + "/README.md", *sorted(glob.glob(top + "/docs/**/*.md", recursive=True))]


def run_blocks(slipway, name, text):
    folder = tempfile.mkdtemp()
    os.mkdir(folder + "/bin")
    os.symlink(slipway, folder + "/bin/slipway")
    os.mkdir(folder + "/work")
    environment = {**os.environ, "HOME": folder, "NO_COLOR": "1", "PATH": folder + "/bin:" + os.environ["PATH"]}
    count = 0
    try:
        for number, block in enumerate(BLOCK.finditer(text), 1):
            count += 1
            kind, file, body = block.groups()
            if file:
                with open(folder + "/work/" + file, "w") as out:
                    out.write(body)
                continue
            done = subprocess.run(["sh", "-ec", body], cwd=folder + "/work", env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
            check("%s: block %d runs" % (name, number), done.returncode == 0, done.stdout)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return count


def reference(slipway, top):
    """The page of all verbs is what the program says of itself."""
    path = top + "/docs/verbs/reference.md"
    said = subprocess.run([slipway, "man", "--markdown"], stdout=subprocess.PIPE, check=True, text=True).stdout
    if os.environ.get("SLIPWAY_ACCEPT"):
        with open(path, "w") as file:
            file.write(said)
        return skip("docs/verbs/reference.md", "written")
    with open(path) as file:
        check("docs/verbs/reference.md is what `slipway man --markdown` says", file.read() == said)


def run(slipway, top):
    reference(slipway, top)
    ran = 0
    for path in documents(top):
        with open(path) as file:
            text = file.read()
        name = os.path.relpath(path, top)
        ran += run_blocks(slipway, name, text)
        for screen, body in SCREEN.findall(text):
            with open("%s/tests/people/golden/%s.txt" % (top, screen)) as file:
                check("%s: screen %s is what a terminal shows" % (name, screen), body in file.read(), body)
        shown = len(re.findall(r"^<!-- screen", text, re.M))
        check("%s: each screen has its block" % name, shown == len(SCREEN.findall(text)))
        marked = len(re.findall(r"^<!-- (run|file)", text, re.M))
        check("%s: each mark has its block" % name, marked == len(BLOCK.findall(text)))
        for link in LINK.findall(re.sub(r"```.*?```", "", text, flags=re.S)):
            if "://" not in link and not link.startswith("mailto:"):
                check("%s: link %s" % (name, link), os.path.exists(os.path.join(os.path.dirname(path), link)))
    check("docs: blocks were run", ran >= 10, ran)
