"""The twelve tasks of bench `hosts`, for pyinfra."""

from io import StringIO

from pyinfra import host
from pyinfra.operations import apt, files, server, systemd


def text(path, mode, content, **more):
    files.put(name=path, src=StringIO(content), dest=path, mode=mode, **more)


apt.packages(name="packages", packages=["ca-certificates", "procps"])
server.group(name="group", group="bench", gid=4242)
server.user(name="user", user="bench", uid=4242, group="bench", home="/opt/bench", shell="/bin/sh", create_home=False,
            ensure_home=False)
files.directory(name="folder", path="/opt/bench", mode="755", user="bench", group="bench")
text("/opt/bench/notice", "644", "A notice of two lines\nthat nobody changes by hand.\n")
text("/etc/bench.conf", "644", "[bench]\nhost = %s\nlevel = 3\n" % host.data.node)
text("/usr/local/bin/bench-idle", "755", "#!/bin/sh\nexec sleep infinity\n")
text("/opt/bench/token", "600", "nobody-knows-this\n", user="bench", group="bench")
files.line(name="line of a file", path="/etc/environment", line="^BENCH_LEVEL=.*$", replace="BENCH_LEVEL=3")
files.line(name="line of the name list", path="/etc/hosts", line="^.*[[:space:]]bench-database$",
           replace="192.0.2.10 bench-database")
text("/etc/systemd/system/bench-idle.service", "644",
     "[Service]\nExecStart=/usr/local/bin/bench-idle\n[Install]\nWantedBy=multi-user.target\n")
systemd.service(name="service", service="bench-idle", enabled=True, running=True)
