# An apply runs as a unit of its own, apart from any connection. It looks at each approved task again, changes what still
# differs, looks once more, and says what happened in lines of $dir/events; "end STATUS" is the last.
# STATUS: 0 done, 1 a task or a handler failed, 4 the world asks for more than was approved, 5 another apply is at work.
checking=

event() {
  printf '%s\n' "$*" >&3
}

finish() {
  rm -rf -- "$dir/in"
  event "end $1"
  exit "$1"
}

drift() {
  drifted=1
  if [ "$phase" = before ]; then
    case $approved in
      all | *" $t.$1 "*) ;;
      *)
        event "world $t $1 $2"
        excess=1
        ;;
    esac
  else
    event "left $t $1 $2"
  fi
}

drift_content() {
  drift "$1" "sha256:$3"
}

begin_apply() {
  printf '%s\n' $$ > "$dir/pid"
  exec 3>> "$dir/events" < /dev/null >> "$dir/talk" 2>&1
  trap 'rm -rf -- "$dir/in"; exit 143' TERM INT HUP
  exec 9>> "$runs/lock"
  if ! flock -w 60 9; then
    event "locked"
    finish 5
  fi
  [ -d "$home/artifacts" ] || mkdir -p -m 755 -- "$home" "$home/handlers" "$home/applied" "$home/artifacts"
  # The stamp says whose host this is; a removal takes it away at its end.
  [ -n "$removal" ] || [ -e "$home/cluster" ] || printf '%s\n' "$cluster" > "$home/cluster"
  read_facts
}

# owe HANDLER...: noted before the change, so that a run cut off after it still knows.
owe() {
  for name; do
    note=$home/handlers/$playbook.$name
    [ -e "$note" ] || { : > "$note" && sync -- "$note"; }
  done
}

settle() {
  for name; do
    note=$home/handlers/$playbook.$name
    [ ! -e "$note" ] || rm -f -- "$note"
  done
}

reload_units() {
  [ -e "$home/handlers/$playbook.daemon-reload" ] || return 0
  systemctl daemon-reload
  settle daemon-reload
}

# The last lines of a failed command, as one word.
last_words() {
  words=$(tail -n 25 "$dir/talk" | tail -c 4000 | base64 -w0)
}

# run_task NUMBER HANDLER...: the handlers that a change will owe.
run_task() {
  t=$1
  shift
  read_clock
  begun=$now
  phase=before drifted= excess=
  look_$t
  check_$t
  [ -z "$excess" ] || finish 4
  if [ -z "$drifted" ]; then
    event "unchanged $t"
    return 0
  fi
  event "started $t"
  owe "$@"
  : > "$dir/talk"
  (
    set -e
    apply_$t
  ) 9>&- 3>&-
  status=$?
  read_clock
  if [ $status -ne 0 ]; then
    last_words
    event "failed $t $((now - begun)) $status $words"
    finish 1
  fi
  phase=after drifted=
  look_$t
  check_$t
  if [ -n "$drifted" ]; then
    last_words
    event "unverified $t $((now - begun)) $words"
    finish 1
  fi
  event "changed $t $((now - begun))"
}

# run_handler NAME NUMBER: once, if it is owed.
run_handler() {
  [ -e "$home/handlers/$playbook.$1" ] || return 0
  read_clock
  begun=$now
  event "handling $2"
  : > "$dir/talk"
  (
    set -e
    handle_$2
  ) 9>&- 3>&-
  status=$?
  read_clock
  if [ $status -ne 0 ]; then
    last_words
    event "unhandled $2 $((now - begun)) $status $words"
    finish 1
  fi
  settle "$1"
  event "handled $2 $((now - begun))"
}

# Asks for a new boot once this apply has ended; the rest of the list follows in the next one.
finish_for_reboot() {
  reload_units
  sync
  first_line /proc/sys/kernel/random/boot_id
  event "rebooting $line"
  systemd-run --quiet --collect --on-active=1 --timer-property=AccuracySec=100ms -- systemctl reboot || finish 1
  finish 6
}

# run_reboot NUMBER HANDLER...: a task; what is owed is done before.
run_reboot() {
  t=$1
  phase=before drifted= excess=
  check_$t
  [ -z "$excess" ] || finish 4
  if [ -z "$drifted" ]; then
    event "unchanged $t"
    return 0
  fi
  event "started $t"
  run_handlers
  finish_for_reboot
}

run_reboot_handler() {
  [ -e "$home/handlers/$playbook.$1" ] || return 0
  event "handling $2"
  settle "$1"
  finish_for_reboot
}

finish_apply() {
  reload_units
  tell_facts >&3
  if [ -n "$removal" ]; then
    rm -rf -- "$home"
    # The one who follows still reads what lies here.
    systemd-run --quiet --collect --on-active=20 --timer-property=AccuracySec=1s -- rm -rf -- "${runs%/*}"
  else
    printf '%s\n' "$digest" > "$home/applied/$playbook"
    # What was sent is in its place by now; what is left is of tries that broke off.
    [ ! -e "$home/incoming" ] || rm -rf -- "$home/incoming"
  fi
  finish 0
}
