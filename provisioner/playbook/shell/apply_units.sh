# The unit's own last words, for the error.
explain_unit() {
  systemctl --no-pager --lines=0 status -- "$1" 2>&1 | head -n 6 >&2
  journalctl --no-pager --quiet --output=cat --lines=12 --unit="$1" >&2 2>/dev/null
  return 1
}

# set_unit UNIT ENABLED STATE
set_unit() {
  reload_units
  case $2 in
    yes)
      [ "$(systemctl show -p LoadState --value -- "$1")" != masked ] || systemctl unmask -- "$1"
      systemctl --quiet enable -- "$1"
      ;;
    no) systemctl --quiet disable -- "$1" ;;
  esac
  case $3 in
    active)
      # A unit that failed too often in a row is given a fresh start.
      systemctl reset-failed -- "$1" 2>/dev/null || :
      systemctl start -- "$1" || explain_unit "$1"
      ;;
    inactive) systemctl stop -- "$1" ;;
  esac
}

# kick_unit UNIT restart|reload-or-restart: a unit that does not run has nothing to take up.
kick_unit() {
  reload_units
  systemctl reset-failed -- "$1" 2>/dev/null || :
  systemctl "try-$2" -- "$1" || explain_unit "$1"
}
