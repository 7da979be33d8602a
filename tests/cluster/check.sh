# Small helpers for the scripts in this folder: named checks, counts, and the closing line.
# Sourced. The script sets `work` (its folder) and calls `finish` at the end.

passed=0 failed=0 skipped=0

# check NAME COMMAND…: the command's success is the check; its output is shown on failure
check() {
  local name=$1 begun=$SECONDS out
  shift
  if out=$("$@" 2>&1); then
    passed=$((passed + 1))
    printf 'ok    %s (%d s)\n' "$name" $((SECONDS - begun))
  else
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$name"
    printf '%s\n' "$out" | tail -n 40 | sed 's/^/      /'
    return 1
  fi
}

skip() {
  skipped=$((skipped + 1))
  printf 'SKIPPED  %s\n' "$*"
}

# eventually SECONDS COMMAND…: tries once a second until it works
eventually() {
  local limit=$1 begun=$SECONDS
  shift
  until "$@"; do
    [ $((SECONDS - begun)) -lt "$limit" ] || { echo "not within $limit s: $*"; return 1; }
    sleep 1
  done
}

# put_away STATE: ends the cluster of $spec and removes $work. A folder whose hosts live on is kept: it is the way to end
# them, also those that a bootstrap which outlives its suite still starts.
put_away() {
  if "$slipway" destroy "$spec" --yes >"$work/destroy.log" 2>&1 || [ -z "$(ls "$1/local/machines" 2>/dev/null)" ]; then
    rm -rf --one-file-system "$work"
  else
    echo "left: $work (slipway destroy $spec --yes)"
  fi
}

# cables_filtered NET: how many machines of 10.99.92 have frames of another MAC dropped, in a table of that network's own
cables_filtered() {
  nft list ruleset | awk -v net="$1." '/^table/ {text = ""; count = 0} {text = text $0} /ether saddr/ {count++} /^}/ {if (count > 0 && index(text, net)) print count}'
}

# equals EXPECTED COMMAND…: the command prints exactly that
equals() {
  local expected=$1 found
  shift
  found=$("$@") || return 1
  [ "$found" = "$expected" ] || { printf 'expected: %s\nfound:    %s\n' "$expected" "$found"; return 1; }
}

# exits CODE COMMAND…
exits() {
  local expected=$1 code=0
  shift
  "$@" || code=$?
  [ "$code" = "$expected" ] || { echo "exit code $code, expected $expected"; return 1; }
}

# json FILE EXPRESSION: evaluates a Python expression over the document `d`; false or an error fails
json() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); r=eval(sys.argv[2]); print(r); sys.exit(0 if r else 1)' "$1" "$2"; }

# What a destroyed cluster must leave as it was: interfaces, addresses, namespaces, mounts, cgroups, processes, rules.
# With SLIPWAY_TEST_SHARED, where other clusters come and go on this machine meanwhile: only what is named after $work or
# one of these clusters.
machine_snapshot() { # STATE-FOLDER…
  local mine="$work" folder
  for folder; do mine+="|$(cluster_id "$folder")"; done
  {
    ip -o link | awk -F': ' '{print "link " $2}' | sed 's/@.*//'
    ip -o -4 addr | awk '{print "address " $2 " " $4}'
    ip netns list | awk '{print "netns " $1}'
    awk '{print "mount " $5}' /proc/self/mountinfo
    find /sys/fs/cgroup -mindepth 1 -maxdepth 3 -type d -name '*slw*' 2>/dev/null
    ps -eo args= | grep -E "nspawn|slipway" | grep -F "$work/.slipway" | grep -vE "grep|$$"
    { iptables-save; nft list ruleset; } 2>/dev/null | grep -iE 'slipway|slw-' | sed 's/counter packets.*//'
  } | { if [ -n "${SLIPWAY_TEST_SHARED:-}" ]; then grep -E "$mine"; else cat; fi; } | sort -u
}

# cluster_id STATE-FOLDER: what everything of a cluster of provider `local` is named after
cluster_id() { printf '%s\n%s' "$(basename "$1")" "$1/local" | sha256sum | cut -c1-6; }

# kill_machine FOLDER: a power cut of one local host, whose folder this is. Its groups are found by its own keeper, so
# that a host of the same name in another cluster lives on.
kill_machine() {
  local keeper group pid
  keeper=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["pid"])' "$1/keeper.json") || return 1
  group=$(grep -om1 "slw-[0-9a-f]*-$(basename "$1")" "/proc/$keeper/cgroup") || return 1
  for pid in $(find /sys/fs/cgroup \( -path "*/$group/*" -o -path "*/$group" -o -path "*/$group.*" \) -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u); do
    kill -9 "$pid" 2>/dev/null
  done
  kill -9 "$keeper" 2>/dev/null
  sleep 1
}

finish() {
  printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
  [ "$failed" = 0 ]
}
