# Starts an apply as a transient unit, or finds the one that an earlier connection started, and passes its events on
# until it ends. Standard input: the pieces whose sizes stand in $pieces, the first of them the apply script itself.
say() {
  printf '%s\n' "launch $*"
}

# follow ID OFFSET: what the apply says from that byte on, to its end.
follow() {
  if first_line "$runs/$1/pid"; then
    tail -c "+$(($2 + 1))" -f -s 0.05 --pid="$line" "$runs/$1/events" 2>/dev/null
  fi
}

launch() {
  if ! [ -O /proc/1 ]; then
    say refused root
    exit 3
  fi
  for name in systemd-run systemctl flock base64; do
    if ! command -v "$name" > /dev/null; then
      say refused missing "$name"
      exit 3
    fi
  done
  [ -d "$runs" ] || mkdir -p -m 711 "${runs%/*}" "$runs"
  case $(stat -f -c %T "$runs") in
    tmpfs | ramfs) ;;
    *)
      say refused tmpfs
      exit 3
      ;;
  esac
  # Two connections that bring the same apply must not both start it.
  exec 8>> "$runs/launching"
  if ! flock -w 30 8; then
    say held
    exit 1
  fi
  dir=$runs/$id
  if [ -e "$dir/pid" ]; then
    say attached
    exec 8>&-
    follow "$id" "$offset"
    exit 0
  fi
  while find_living; do
    say waiting "$living"
    follow "$living" 0 > /dev/null
  done
  # What earlier applies left behind; none of them is alive.
  set +f
  rm -rf -- "$runs"/*/
  set -f
  umask 077
  mkdir -p "$dir/in"
  : > "$dir/events"
  number=0 to=$dir/apply
  for size in $pieces; do
    if [ "$size" = 0 ]; then
      : > "$to"
    else
      head -c "$size" > "$to"
    fi
    number=$((number + 1))
    to=$dir/in/$number
  done
  # The last piece is a word by which a connection that broke while sending is told from a whole one.
  if ! first_line "$dir/in/$((number - 1))" || [ "$line" != whole ]; then
    rm -rf -- "$dir"
    say incomplete
    exit 1
  fi
  if ! systemd-run --quiet --collect --unit="slipway-apply-$id" --description="Slipway: $playbook" \
    --property=RuntimeMaxSec="$limit" --property=ExecStopPost="-/bin/rm -rf $dir/in" \
    --setenv=HOME=/root -- /bin/sh "$dir/apply" < /dev/null > "$dir/start" 2>&1 8>&-; then
    say unstarted "$(base64 -w0 < "$dir/start")"
    rm -rf -- "$dir"
    exit 1
  fi
  # The unit writes its own number first of all.
  tries=0
  until [ -s "$dir/pid" ] || [ $tries -ge 500 ]; do
    sleep 0.01
    tries=$((tries + 1))
  done
  say started
  exec 8>&-
  follow "$id" 0
}

launch
