"""Bench `hosts`: ten real hosts of provider `local`, twelve tasks on each, against what people use for it today.

Every contestant logs in as root with its own key and checks the hosts' keys. After each run that should have changed
something the hosts are asked whether all twelve tasks hold; where nothing is to do, Slipway, Ansible and the script have
to say that they changed nothing (pyinfra's words are not read)."""

import os
import shutil
import subprocess

import peers
from measure import Contestant, Failed, Run

SPEC = """name: bench
provider: local
local: {{subnet: {subnet}}}
network: {{pods: 10.244.0.0/16, services: 10.96.0.0/16}}
pools:
  control: {{role: control-plane, count: 1, size: {{cpus: 2, memory: 2GiB, disk: 4GiB}}}}
  workers: {{role: worker, count: {workers}, size: {{cpus: 1, memory: 1GiB, disk: 4GiB}}}}
"""
TASKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tasks")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(TASKS)))
FORKS = 20
DRIFT = "echo 'changed by hand' > /opt/bench/notice; chmod 644 /opt/bench/notice"


class Hosts:
    """The hosts, each contestant's files in one folder, and the commands that run them."""

    def __init__(self, options, count, tasks=TASKS, forks=FORKS):
        self.folder, self.slipway, self.count, self.tasks, self.forks = options.folder, options.slipway, count, tasks, forks
        self.environment = {key: value for key, value in os.environ.items()
                            if not key.startswith(("SLIPWAY_", "ANSIBLE_", "PYINFRA_"))}
        # The artifact and image cache of the user, not of this folder.
        self.environment.setdefault("XDG_CACHE_HOME", os.path.expanduser("~/.cache"))
        self.environment.update(HOME=self.folder, NO_COLOR="1", LC_ALL="C.UTF-8", SLIPWAY_DATA=self.folder + "/data")
        self.names = ["control-1"] + ["workers-%d" % number for number in range(1, count)]
        self.subnet = options.subnet
        self.write_spec(count)
        # Slipway's own playbooks, but the bench's tasks in the place of the first.
        shutil.copytree(ROOT + "/playbooks", self.folder + "/data/playbooks")
        shutil.copytree(ROOT + "/manifests", self.folder + "/data/manifests")
        shutil.copyfile(tasks + "/slipway.yaml", self.folder + "/data/playbooks/base.yaml")

    def write_spec(self, count):
        with open(self.folder + "/bench.yaml", "w") as spec:
            spec.write(SPEC.format(subnet=self.subnet, workers=count - 1))

    def run(self, *command, expect=(0,)):
        return Run(list(command), self.folder, self.environment, expect)

    def up(self):
        self.run(self.slipway, "apply", "bench.yaml", "--target", "machine/*")
        os.makedirs(self.folder + "/.ssh", mode=0o700)
        self.key = self.folder + "/.ssh/id_ed25519"
        self.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.key)
        with open(self.key + ".pub") as text:
            ours = text.read().strip()
        self.addresses = {}
        with open(self.folder + "/.ssh/known_hosts", "w") as known:
            for name in self.names:
                said = self.run(self.slipway, "exec", "bench.yaml", name, "--", "sh", "-c", "echo '%s' >>/root/.ssh/authorized_keys; hostname -I; "
                                "cat /etc/ssh/ssh_host_ed25519_key.pub" % ours).output.splitlines()
                self.addresses[name] = said[0].split()[0]
                known.write("%s %s\n" % (self.addresses[name], " ".join(said[1].split()[:2])))
        with open(self.folder + "/addresses", "w") as out:
            out.write("".join(address + "\n" for address in self.addresses.values()))
        options = "BatchMode yes\nStrictHostKeyChecking yes\nUserKnownHostsFile %s/.ssh/known_hosts\nIdentityFile %s\nUser root\n" % (
            self.folder, self.key)
        with open(self.folder + "/ssh_config", "w") as out:
            out.write(options)
        with open(self.folder + "/ssh_config_shared", "w") as out:
            out.write(options + "ControlMaster auto\nControlPersist 600\nControlPath %s/.ssh/%%C\n" % self.folder)

    def down(self):
        for address in getattr(self, "addresses", {}).values():
            subprocess.run(["ssh", "-F", "ssh_config_shared", "-O", "exit", address], cwd=self.folder, capture_output=True)
        self.run(self.slipway, "destroy", "bench.yaml", "--yes")

    # OpenSSH, one process a host.

    def parallel(self, script, config="ssh_config", expect=(0,)):
        path = script if script.startswith("/") else self.tasks + "/" + script
        return self.run("sh", "-c", "xargs -P %d -I HOST sh -c 'ssh -F %s HOST sh -s < %s' < addresses" % (self.forks, config, path),
                        expect=expect)

    def write_script(self, name, text):
        with open(self.folder + "/" + name, "w") as out:
            out.write(text + "\n")
        return self.folder + "/" + name

    def reset(self):
        self.parallel("reset.sh")

    def one_drifts(self):
        self.run("ssh", "-F", "ssh_config", self.addresses[self.names[-1]], DRIFT)

    def verified(self, run):
        said = self.parallel("verify.sh", expect=(0, 123)).output.strip()
        if said:
            raise Failed("not every task holds: %s; the run had said:\n%s" % (said, run.output[-1500:]))
        return run

    # Ansible and pyinfra.

    def write_inventories(self):
        with open(self.folder + "/ansible.cfg", "w") as out:
            out.write("[defaults]\nforks = %d\ninventory = inventory.ini\nhost_key_checking = true\n" % self.forks
                      + "interpreter_python = /usr/bin/python3\nremote_user = root\n"
                      + "[ssh_connection]\npipelining = true\n"
                      # Ansible's own default, and where the hosts' keys lie.
                      + "ssh_args = -C -o ControlMaster=auto -o ControlPersist=60s -o UserKnownHostsFile=%s/.ssh/known_hosts\n"
                      % self.folder)
        with open(self.folder + "/inventory.ini", "w") as out:
            for name, address in self.addresses.items():
                out.write("%s ansible_host=%s ansible_ssh_private_key_file=%s\n" % (name, address, self.key))
        with open(self.folder + "/inventory.py", "w") as out:
            out.write("hosts = [\n%s]\n" % "".join("    (%r, {'node': %r, 'ssh_user': 'root', 'ssh_key': %r}),\n" % (
                address, name, self.key) for name, address in self.addresses.items()))

    def give_python(self):
        """What Ansible needs on the hosts; the others need nothing."""
        script = self.write_script("python.sh", "test -e /usr/lib/python3/dist-packages/apt_pkg.*.so || { apt-get -q update && "
                                   "DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install python3-apt; } >&2")
        self.parallel(script)


class Programs:
    """The peers' programs: the newest, and besides the Ansible that Debian has."""

    def __init__(self, bench):
        newest = peers.python_programs("hosts", ["ansible-core", "pyinfra"])
        self.pyinfra = newest + "pyinfra"
        self.ansible = {"Ansible": newest + "ansible-playbook"}
        said = [peers.version([newest + "ansible", "--version"]), peers.version([self.pyinfra, "--version"]),
                peers.version(["sh", "-c", "ssh -V 2>&1"])]
        debian = "/usr/bin/ansible-playbook"
        if os.access(debian, os.X_OK):
            self.ansible["Ansible of Debian"] = debian
            said.append("Debian's " + peers.version([debian, "--version"]))
        else:
            bench.note("Debian's Ansible was not measured: apt-get install ansible-core")
        bench.note("peers: " + "; ".join(said))


def contestants(hosts, programs, prepare, finish, nothing_to_do):
    """Each does all tasks; `finish` looks at its Run."""
    def slipway():
        run = hosts.run(hosts.slipway, "apply", "bench.yaml", "--target", "host/*/base")
        if nothing_to_do and "\n0 applied in " not in run.output:
            raise Failed("Slipway changed something where nothing was to do:\n%s" % run.output[-1500:])
        return finish(run)

    def ansible(program, facts):
        run = hosts.run(program, hosts.tasks + "/ansible.yaml", "-e", "facts=" + facts)
        if nothing_to_do and run.output.count("changed=0 ") != hosts.count:
            raise Failed("Ansible changed something where nothing was to do:\n%s" % run.output[-1500:])
        return finish(run)

    def pyinfra():
        return finish(hosts.run(programs.pyinfra, "-y", "inventory.py", hosts.tasks + "/pyinfra.py"))

    def script(config):
        run = hosts.parallel("script.sh", config)
        if nothing_to_do and "changed" in run.output:
            raise Failed("the script changed something where nothing was to do:\n%s" % run.output[-1500:])
        return finish(run)

    return [Contestant("Slipway, apply", slipway, prepare),
            *[Contestant(name + words, lambda program=program, facts=facts: ansible(program, facts), prepare)
              for name, program in programs.ansible.items() for words, facts in (("", "true"), (", no facts", "false"))],
            Contestant("pyinfra", pyinfra, prepare),
            Contestant("OpenSSH, one script", lambda: script("ssh_config"), prepare),
            Contestant("OpenSSH, script, ControlMaster", lambda: script("ssh_config_shared"), prepare)]


def cost_by_hundred(bench, runners, hosts):
    """What each contestant's last run took of the client, by 100 hosts; one line for all."""
    bench.note("client CPU and memory by 100 hosts: " + "; ".join("%s %.2f s, %.0f MB" % (
        runner.name, runner.runs[-1].cpu * 100 / hosts, runner.runs[-1].megabytes * 100 / hosts) for runner in runners))


def hosts(bench, options):
    """Fresh, nothing to do, one of all tasks drifted."""
    if os.geteuid() != 0:
        raise Failed("real hosts need root")
    for program, package in (("ssh", "openssh-client"), ("xargs", "findutils")):
        peers.need(program, package)
    programs = Programs(bench)
    count = (options.machines or [10])[0]
    place = Hosts(options, count)
    try:
        place.up()
        place.write_inventories()
        place.give_python()
        same = lambda run: run
        per_hundred = lambda runners: cost_by_hundred(bench, runners, count)
        true = place.write_script("true.sh", "true")
        per_hundred(bench.race("%d hosts x 12 tasks, fresh" % count,
                               contestants(place, programs, place.reset, place.verified, False)))
        per_hundred(bench.race("nothing to do", [
            Contestant("Slipway, plan", lambda: place.run(place.slipway, "plan", "bench.yaml", "--target", "host/*/base",
                                                          "--detailed-exitcode")),
            *contestants(place, programs, None, same, True),
            Contestant("OpenSSH, `true`", lambda: place.parallel(true)),
            Contestant("OpenSSH, `true`, ControlMaster", lambda: place.parallel(true, "ssh_config_shared"))]))
        per_hundred(bench.race("one of %d drifted" % (12 * count),
                               contestants(place, programs, place.one_drifts, place.verified, False)))
        bench.note("memory is that of a contestant's largest process; CPU is the client's, without the processes that it leaves "
                   "behind (OpenSSH's masters: Ansible's, and those of the rows that say so)")
    finally:
        place.down()
