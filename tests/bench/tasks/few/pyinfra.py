"""The four tasks of bench `hosts-many`, for pyinfra."""

from io import StringIO

from pyinfra.operations import files

files.directory(name="folder", path="/opt/bench", mode="755", user="root", group="root")
files.put(name="text", src=StringIO("A notice of two lines\nthat nobody changes by hand.\n"), dest="/opt/bench/notice", mode="644")
files.put(name="configuration", src=StringIO("[bench]\nlevel = 3\n"), dest="/etc/bench.conf", mode="640")
files.line(name="line of a file", path="/etc/environment", line="^BENCH_LEVEL=.*$", replace="BENCH_LEVEL=3")
