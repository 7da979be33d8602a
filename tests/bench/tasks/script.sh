# The twelve tasks of bench `hosts`, as an administrator's script: bash-free, safe to run again, says what it changed.
set -eu
node=$(hostname)
put() { # PATH MODE OWNER, content on standard input
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; echo "changed $1"; fi
  [ "$(stat -c '%a %U' "$1")" = "$2 $3" ] || { chmod "$2" "$1"; chown "$3:$3" "$1"; }
}
line() { # PATH PATTERN LINE
  grep -qxF "$3" "$1" && return
  sed -i "/$2/d" "$1"
  echo "$3" >>"$1"
  echo "changed $1"
}
dpkg -s ca-certificates procps >/dev/null 2>&1 || apt-get install -y ca-certificates procps
getent group bench >/dev/null || groupadd -g 4242 bench
id -u bench >/dev/null 2>&1 || useradd -u 4242 -g bench -d /opt/bench -M -s /bin/sh bench
[ -d /opt/bench ] || mkdir /opt/bench
[ "$(stat -c '%a %U' /opt/bench)" = "755 bench" ] || { chmod 755 /opt/bench; chown bench:bench /opt/bench; }
put /opt/bench/notice 644 root <<'END'
A notice of two lines
that nobody changes by hand.
END
put /etc/bench.conf 644 root <<END
[bench]
host = $node
level = 3
END
put /usr/local/bin/bench-idle 755 root <<'END'
#!/bin/sh
exec sleep infinity
END
put /opt/bench/token 600 bench <<'END'
nobody-knows-this
END
line /etc/environment '^BENCH_LEVEL=' BENCH_LEVEL=3
line /etc/hosts '[[:space:]]bench-database$' '192.0.2.10 bench-database'
put /etc/systemd/system/bench-idle.service 644 root <<'END'
[Service]
ExecStart=/usr/local/bin/bench-idle
[Install]
WantedBy=multi-user.target
END
systemctl is-enabled -q bench-idle 2>/dev/null || systemctl enable -q bench-idle
systemctl is-active -q bench-idle || systemctl start bench-idle
