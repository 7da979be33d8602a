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
  for key in os os_version os_codename arch virtualization cgroup init; do
    eval "printf '%s\n' \"fact $key \$fact_$key\""
  done
  if [ "$fact_init" != systemd ]; then
    echo "refused init"
    exit 0
  fi
  first_line /proc/sys/kernel/random/boot_id && printf '%s\n' "fact boot_id $line"
  first_line /proc/sys/kernel/osrelease && printf '%s\n' "fact kernel $line"
  first_line /proc/sys/kernel/hostname && printf '%s\n' "fact hostname $line"
  if first_line /proc/meminfo; then
    normal $line
    line=${line#* }
    printf '%s\n' "fact memory_kib ${line%% *}"
  fi
  first_line "$home/cluster" && printf '%s\n' "stamp $line"
  first_line "$home/applied/$playbook" && printf '%s\n' "applied $line"
}

# The interface that carries address $1, or else the one of the default route, and its first address.
find_interface() {
  command -v ip >/dev/null || return 0
  interface= address=
  while read -r number name family net rest; do
    [ "${net%/*}" = "$1" ] && interface=$name address=$1
  done <<END
$(ip -4 -o addr show)
END
  if [ -z "$interface" ]; then
    while read -r word via gateway dev name rest; do
      [ "$word" = default ] && [ -z "$interface" ] && interface=$name
    done <<END
$(ip -4 route show default)
END
    while read -r number name family net rest; do
      [ "$name" = "$interface" ] && [ -z "$address" ] && address=${net%/*}
    done <<END
$(ip -4 -o addr show)
END
  fi
  printf '%s\n' "fact interface $interface" "fact address $address"
}

# Handlers that an earlier run owes since it was cut off between a change and its handler.
list_pending() {
  for name; do
    [ -e "$home/handlers/$playbook.$name" ] && echo "pending $name"
  done
  return 0
}
