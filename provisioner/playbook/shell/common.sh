# Common to check and apply scripts. POSIX sh (dash), nothing but what Debian's essential packages have.
# Words of this language: a task has a number, its fields have numbers; `drift FIELD OLD` says that a field of task $t is
# not as wanted. Values are data: no globbing, no word splitting outside of `normal`.
set -f
umask 022
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
runs=/run/slipway/apply
home=/var/lib/slipway

# Puts the first line of file $1 into $line; false where there is none. Costs no process.
first_line() {
  line=
  [ -r "$1" ] || return 1
  { read -r line || [ -n "$line" ]; } 2>/dev/null < "$1"
}

# Puts its words, joined by single spaces, into $line.
normal() {
  line=$*
}

# Milliseconds since boot, in steps of ten, into $now.
read_clock() {
  read -r up rest < /proc/uptime
  now=$((${up%.*} * 1000 + (1${up#*.} - 100) * 10))
}

read_facts() {
  fact_os= fact_os_version=
  if [ -r /etc/os-release ]; then
    while IFS='=' read -r key value || [ -n "$key" ]; do
      value=${value#[\"\']} value=${value%[\"\']}
      case $key in
        ID) fact_os=$value ;;
        VERSION_ID) fact_os_version=$value ;;
        VERSION_CODENAME) fact_os_codename=$value ;;
      esac
    done < /etc/os-release
  fi
  fact_arch=$(uname -m)
  case $fact_arch in x86_64) fact_arch=amd64 ;; aarch64) fact_arch=arm64 ;; esac
  fact_virtualization=none fact_container=no
  if first_line /run/systemd/container; then
    fact_virtualization=$line fact_container=yes
  elif [ -n "$wants_virtualization" ]; then
    fact_virtualization=$(systemd-detect-virt 2>/dev/null)
    [ -n "$fact_virtualization" ] || fact_virtualization=none
  fi
  fact_cgroup=1
  [ -e /sys/fs/cgroup/cgroup.controllers ] && fact_cgroup=2
  fact_init=other
  [ -d /run/systemd/system ] && fact_init=systemd
  return 0
}

tell_facts() {
  for key in os os_version os_codename arch virtualization container cgroup init; do
    eval "printf '%s\n' \"fact $key \$fact_$key\""
  done
  first_line /proc/sys/kernel/random/boot_id && printf '%s\n' "fact boot_id $line"
  first_line /proc/sys/kernel/osrelease && printf '%s\n' "fact kernel $line"
  first_line /proc/sys/kernel/hostname && printf '%s\n' "fact hostname $line"
  if first_line /proc/meminfo; then
    normal $line
    line=${line#* }
    printf '%s\n' "fact memory_kib ${line%% *}"
  fi
  [ -z "$node_address" ] || find_interface "$node_address"
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

in_container() {
  [ -r /run/systemd/container ]
}

# Sets $living to the id of an apply that is still at work on this host; false where there is none.
find_living() {
  set +f
  for living in "$runs"/*/pid; do
    set -f
    first_line "$living" || continue
    living=${living%/pid} living=${living##*/}
    alive "$living" "$line" && return 0
  done
  set -f
  living=
  return 1
}

# True while the process $2 works for the apply $1: a number that somebody else got since does not count.
alive() {
  [ -n "$2" ] && kill -0 "$2" 2>/dev/null && first_line "/proc/$2/cmdline" || return 1
  case $line in *"$runs/$1/"*) return 0 ;; esac
  return 1
}
