# The unit's own last words, for the error.
explain_unit() {
  systemctl --no-pager --lines=0 status -- "$1" 2>&1 | head -n 6 >&2
  journalctl --no-pager --quiet --output=cat --lines=12 --unit="$1" >&2 2>/dev/null
  return 1
}

# set_unit INDEX UNIT ENABLED STATE
set_unit() {
  eval "load=\$u${1}_load active=\$u${1}_active file=\$u${1}_file"
  case $3:$file in
    yes:enabled | yes:static | yes:generated | yes:alias | yes:indirect) ;;
    yes:*)
      [ "$load" != masked ] || systemctl unmask -- "$2"
      # It makes systemd read its files again itself, which costs more than all else here.
      systemctl --quiet enable -- "$2"
      settle daemon-reload
      ;;
    no:*) systemctl --quiet disable -- "$2" ;;
  esac
  reload_units
  case $4 in
    active)
      # A unit that failed too often in a row is given a fresh start.
      [ "$active" != failed ] || systemctl reset-failed -- "$2" 2>/dev/null || :
      systemctl start -- "$2" || start_afresh "$2" || explain_unit "$2"
      ;;
    inactive) systemctl stop -- "$2" ;;
  esac
}

# start_afresh UNIT: once more, where only the number of its starts kept it from starting.
start_afresh() {
  [ "$(systemctl show -p Result --value -- "$1")" = start-limit-hit ] || return 1
  systemctl reset-failed -- "$1" 2>/dev/null
  systemctl start -- "$1"
}

# kick_unit UNIT restart|reload-or-restart: a unit that does not run has nothing to take up.
kick_unit() {
  reload_units
  systemctl reset-failed -- "$1" 2>/dev/null || :
  systemctl "try-$2" -- "$1" || explain_unit "$1"
}
