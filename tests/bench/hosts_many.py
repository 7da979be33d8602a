"""Bench `hosts-many`: as many real hosts of provider `local` as memory allows, four tasks on each; then five hundred
sessions against them, each to an address of its own, as hosts of provider `existing`."""

import ipaddress
import os

import peers
from hosts import TASKS, Hosts, Programs, contestants, cost_by_hundred
from measure import Contestant, Failed

LEAST, MOST, SESSIONS, FORKS = 50, 100, 500, 50
HOST_MEGABYTES, KEPT_MEGABYTES = 128, 4096
AT_ONCE = 8  # A plan wants a gigabyte free for each new host, which takes far less.
# The others take minutes a round, or leave fifty masters behind.
MEASURED = ("Slipway, apply", "Ansible, no facts", "pyinfra", "OpenSSH, one script")
FEW = TASKS + "/few"
DEVICE = "device=$(ip -o -4 address show scope global | awk '{print $2; exit}')"
WIDE = 22  # So many bits of prefix hold the hosts and the sessions' addresses.

SESSIONS_SPEC = """name: sessions
provider: existing
ssh: {{user: root, key: .ssh/id_ed25519, known_hosts: .ssh/known_hosts}}
network: {{pods: 10.128.0.0/12, services: 10.96.0.0/16, endpoint: {endpoint}}}
pools:
  control: {{role: control-plane, hosts: [{{name: session-0, address: {first}}}]}}
  workers:
    role: worker
    hosts:
{hosts}"""


def room():
    """How many hosts the memory that is free now can hold."""
    with open("/proc/meminfo") as text:
        free = next(int(line.split()[1]) for line in text if line.startswith("MemAvailable")) // 1024
    return min(MOST, max(LEAST, (free - KEPT_MEGABYTES) // HOST_MEGABYTES))


class ManyHosts(Hosts):
    """The hosts, and five hundred addresses that they share among them."""

    def __init__(self, options, count):
        self.network = ipaddress.ip_network(options.subnet).supernet(new_prefix=WIDE)
        options.subnet = str(self.network)
        super().__init__(options, count, FEW, FORKS)

    def up(self):
        for count in range(AT_ONCE, self.count, AT_ONCE):
            self.write_spec(count)
            self.run(self.slipway, "apply", "bench.yaml", "--target", "machine/*")
        self.write_spec(self.count)
        super().up()

    def give_python(self):
        """Installed once, by the first host; its files are unpacked on all others."""
        first = list(self.addresses.values())[0]
        fetch = self.write_script("fetch.sh", "names() { dpkg-query -W -f '${Package}\\n' | sort; }\nnames >/tmp/before\n"
                                  "{ apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -qy --no-install-recommends install python3; } >&2\n"
                                  "{ dpkg-query -L $(names | comm -13 /tmp/before -); find /usr/lib/python3* -name '*.pyc'; } | sort -u | "
                                  "tar -C / --no-recursion -c -T - 2>/dev/null")
        self.run("sh", "-c", "ssh -F ssh_config %s sh -s < %s > python.tar 2>fetch.log" % (first, fetch))
        self.run("sh", "-c", "tail -n +2 addresses | xargs -P 4 -I HOST sh -c 'ssh -F ssh_config HOST \"tar -C / -x && ldconfig && "
                 "python3 -c \\\"import json, zipfile, ssl\\\"\" < python.tar'")

    def give_addresses(self):
        """Session n goes to host n modulo their number; from the end of the network, where no host lives."""
        hosts = list(self.addresses.values())
        self.sessions = [str(self.network[-2 - number]) for number in range(SESSIONS)]
        for number, host in enumerate(hosts):
            lines = ["ip address add %s/%d dev $device" % (address, WIDE) for address in self.sessions[number::len(hosts)]]
            self.run("ssh", "-F", "ssh_config", host, "\n".join([DEVICE, *lines]))
        with open(self.folder + "/.ssh/known_hosts") as text:
            keys = dict(line.split(" ", 1) for line in text)
        with open(self.folder + "/.ssh/known_hosts", "a") as out:
            for number, address in enumerate(self.sessions):
                out.write("%s %s" % (address, keys[hosts[number % len(hosts)]]))
        with open(self.folder + "/addresses", "w") as out:
            out.write("".join(address + "\n" for address in self.sessions))
        with open(self.folder + "/sessions.yaml", "w") as out:
            rest = ["      - {name: session-%d, address: %s}\n" % pair for pair in enumerate(self.sessions)][1:]
            out.write(SESSIONS_SPEC.format(endpoint=self.network[-2 - SESSIONS], first=self.sessions[0], hosts="".join(rest)))
        self.count, self.addresses = SESSIONS, {"session-%d" % number: address for number, address in enumerate(self.sessions)}
        self.write_inventories()


def sessions(bench, place, programs):
    """Nothing to do anywhere: what a look at so many costs."""
    true = place.write_script("true.sh", "true")
    ours = lambda: place.run(place.slipway, "plan", "sessions.yaml", "--target", "host/*/base", "--detailed-exitcode")
    others = [who for who in contestants(place, programs, None, lambda run: run, True) if who.name in ("pyinfra", "OpenSSH, one script")]
    cost_by_hundred(bench, bench.race("%d sessions, nothing to do" % SESSIONS, [
        Contestant("Slipway, plan", ours), *others,
        Contestant("OpenSSH, `true`", lambda: place.parallel(true))]), SESSIONS)


def hosts_many(bench, options):
    """Fresh and nothing to do on all hosts, then the sessions."""
    if os.geteuid() != 0:
        raise Failed("real hosts need root")
    for program, package in (("ssh", "openssh-client"), ("xargs", "findutils")):
        peers.need(program, package)
    programs = Programs(bench)
    count = (options.machines or [room()])[0]
    subnet = options.subnet
    place = ManyHosts(options, count)
    try:
        place.up()
        place.write_inventories()
        place.give_python()
        ours = lambda: place.run(place.slipway, "plan", "bench.yaml", "--target", "host/*/base", "--detailed-exitcode")
        some = lambda *words: [who for who in contestants(place, programs, *words) if who.name in MEASURED]
        cost_by_hundred(bench, bench.race("%d hosts x 4 tasks, fresh" % count, some(place.reset, place.verified, False)), count)
        cost_by_hundred(bench, bench.race("nothing to do", [
            Contestant("Slipway, plan", ours), *some(None, lambda run: run, True)]), count)
        place.give_addresses()
        sessions(bench, place, programs)
        bench.note("memory is that of a contestant's largest process; all but Slipway run one or more for each of the %d hosts at once" % FORKS)
    finally:
        options.subnet = subnet
        place.down()
