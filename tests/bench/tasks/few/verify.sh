# Whether the four tasks of bench `hosts-many` hold here; the first that does not is named.
has() { [ "$2" = "$3" ] || { echo "$(hostname): $1 is '$2', not '$3'"; exit 1; }; }
has access "$(stat -c '%a %U %G' /opt/bench /opt/bench/notice /etc/bench.conf 2>&1 | tr '\n' ,)" \
  "755 root root,644 root root,640 root root,"
has texts "$(cat /opt/bench/notice /etc/bench.conf 2>&1)" "$(printf '%s\n' 'A notice of two lines' \
  'that nobody changes by hand.' '[bench]' 'level = 3')"
has line "$(grep -c '^BENCH_LEVEL=3$' /etc/environment)" 1
