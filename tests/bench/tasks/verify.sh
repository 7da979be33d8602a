# Whether the twelve tasks of bench `hosts` hold here; the first that does not is named.
has() { [ "$2" = "$3" ] || { echo "$(hostname): $1 is '$2', not '$3'"; exit 1; }; }
sum() { cat "$@" 2>/dev/null | sha256sum | cut -c1-16; }
has bench "$(id bench 2>&1)" "uid=4242(bench) gid=4242(bench) groups=4242(bench)"
has home "$(getent passwd bench | cut -d: -f6,7)" /opt/bench:/bin/sh
has access "$(stat -c '%a %U %G' /opt/bench /opt/bench/notice /etc/bench.conf /usr/local/bin/bench-idle /opt/bench/token \
  /etc/systemd/system/bench-idle.service 2>&1 | tr '\n' ,)" \
  "755 bench bench,644 root root,644 root root,755 root root,600 bench bench,644 root root,"
has texts "$(sum /opt/bench/notice /usr/local/bin/bench-idle /opt/bench/token /etc/systemd/system/bench-idle.service)" \
  "$(printf '%s\n' 'A notice of two lines' 'that nobody changes by hand.' '#!/bin/sh' 'exec sleep infinity' nobody-knows-this \
    '[Service]' ExecStart=/usr/local/bin/bench-idle '[Install]' WantedBy=multi-user.target | sum)"
has configuration "$(sum /etc/bench.conf)" "$(printf '[bench]\nhost = %s\nlevel = 3\n' "$(hostname)" | sum)"
has lines "$(grep -c '^BENCH_LEVEL=3$' /etc/environment) $(grep -c '^192.0.2.10 bench-database$' /etc/hosts)" "1 1"
has service "$(systemctl is-enabled bench-idle 2>&1) $(systemctl is-active bench-idle)" "enabled active"
