# The four tasks of bench `hosts-many`, as an administrator's script: safe to run again, says what it changed.
set -eu
put() { # PATH MODE, content on standard input
  cat >"$1.new"
  if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; echo "changed $1"; fi
  [ "$(stat -c '%a %U' "$1")" = "$2 root" ] || { chmod "$2" "$1"; chown root:root "$1"; }
}
[ -d /opt/bench ] || mkdir /opt/bench
[ "$(stat -c '%a %U' /opt/bench)" = "755 root" ] || { chmod 755 /opt/bench; chown root:root /opt/bench; }
put /opt/bench/notice 644 <<'END'
A notice of two lines
that nobody changes by hand.
END
put /etc/bench.conf 640 <<'END'
[bench]
level = 3
END
grep -qxF BENCH_LEVEL=3 /etc/environment || { sed -i '/^BENCH_LEVEL=/d' /etc/environment; echo BENCH_LEVEL=3 >>/etc/environment; echo changed line; }
