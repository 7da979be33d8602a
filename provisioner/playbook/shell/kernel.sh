# Looks at the settings "$@", paths below /proc/sys, in one process. The shell's own `read` will not do: it asks for single
# bytes, and most of these files answer only the first one.
look_at_sysctls() {
  for path; do
    sysctl_index "$path"
    eval "s$i="
  done
  while IFS=: read -r path line; do
    [ -n "$path" ] || continue
    sysctl_index "$path"
    normal $line
    eval "s$i=\$line"
  done <<END
$(cd /proc/sys && grep -H '' -- "$@" 2>/dev/null)
END
}

# want_sysctl FIELD INDEX VALUE
want_sysctl() {
  eval "line=\$s$2"
  [ "$line" = "$3" ] || drift "$1" "${line:-absent}"
}

# want_module FIELD NAME: loaded, or a part of the kernel. A container sees its machine's modules.
want_module() {
  module_there "$2" || drift "$1" absent
}

module_there() {
  [ -d "/sys/module/$1" ] && return 0
  case $1 in
    br_netfilter) [ -d /proc/sys/net/bridge ] && return 0 ;;
    nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] && return 0 ;;
  esac
  while read -r word name; do
    [ "${name:-$word}" = "$1" ] && return 0
  done < /proc/filesystems
  grep -q "^$1 " /proc/modules 2>/dev/null && return 0
  first_line /proc/sys/kernel/osrelease
  grep -q "/$1\.ko" "/lib/modules/$line/modules.builtin" 2>/dev/null
}

# want_no_swap FIELD: a container's swap is its machine's affair.
want_no_swap() {
  in_container && return 0
  while read -r name type rest; do
    case $name in
      Filename) ;;
      *)
        drift "$1" "$name"
        return 0
        ;;
    esac
  done < /proc/swaps
  if grep -Eqs '^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab; then
    drift "$1" "in /etc/fstab"
  fi
}

# want_mount FIELD PATH DEVICE TYPE: mounted there, whatever else may be. DEVICE "-": any.
want_mount() {
  while read -r device path type rest; do
    [ "$path" = "$2" ] || continue
    [ "$3" = - ] || [ "$3" = "$device" ] || [ "$(readlink -f -- "$3")" = "$device" ] || continue
    [ "$4" = - ] || [ "$4" = "$type" ] || continue
    return 0
  done < /proc/self/mounts
  drift "$1" absent
}

want_no_mount() {
  while read -r device path rest; do
    if [ "$path" = "$2" ]; then
      drift "$1" "$device"
      return 0
    fi
  done < /proc/self/mounts
}

want_hostname() {
  first_line /proc/sys/kernel/hostname
  [ "$line" = "$2" ] || drift "$1" "$line"
  first_line /etc/hostname
  [ "$line" = "$2" ] || drift $(($1 + 1)) "${line:-absent}"
}
