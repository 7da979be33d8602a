# A check answers lines: what it saw of the host, then every field that is not as wanted, then "done".
checking=1

drift() {
  printf '%s\n' "drift $t $1 $2"
}

# The content of file $2 differs: its text too, for people, where it is short and not secret.
drift_content() {
  drift "$1" "sha256:$3"
  [ "$4" -le 8192 ] && [ -z "$secret" ] && printf '%s\n' "text $t $1 $(base64 -w0 < "$2" 2>/dev/null)"
}

begin_check() {
  echo "slipway 1"
  if ! [ -O /proc/1 ]; then
    echo "refused root"
    exit 0
  fi
  if [ -n "$mind_living" ] && find_living; then
    echo "busy $living"
    exit 0
  fi
  read_facts
  tell_facts
  if [ "$fact_init" != systemd ]; then
    echo "refused init"
    exit 0
  fi
  first_line "$home/cluster" && printf '%s\n' "stamp $line"
  first_line "$home/applied/$playbook" && printf '%s\n' "applied $line"
}

# Handlers that an earlier run owes since it was cut off between a change and its handler.
list_pending() {
  for name; do
    [ -e "$home/handlers/$playbook.$name" ] && echo "pending $name"
  done
  return 0
}
