# set_sysctl INDEX PATH VALUE: only what differs is written, so that a read-only value that is right is no failure.
set_sysctl() {
  eval "line=\$s$1"
  [ "$line" = "$3" ] && return 0
  if ! [ -e "/proc/sys/$2" ]; then
    echo "the kernel has no setting $2: is the module loaded that brings it?" >&2
    return 1
  fi
  # The shell's own message would name a file descriptor, not the reason.
  if ! { printf '%s\n' "$3" > "/proc/sys/$2"; } 2>/dev/null; then
    echo "cannot set $2 to $3 (it is $line): $(in_container && echo "in this container it is read-only; set it on the machine below" || echo "the kernel refuses the value")" >&2
    return 1
  fi
}

set_module() {
  module_there "$1" && return 0
  if in_container; then
    echo "kernel module $1 is not loaded, and a container cannot load it: run 'modprobe $1' on the machine below" >&2
    return 1
  fi
  modprobe -- "$1"
}

set_no_swap() {
  in_container && return 0
  swapoff -a
  if grep -Eqs '^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab; then
    sed -E 's/^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]].*/# &  # off: Kubernetes nodes run without swap/' \
      /etc/fstab > /etc/.fstab.slipway.new
    place_file /etc/fstab 644 root root /etc/.fstab.slipway.new
  fi
}

set_hostname() {
  printf '%s\n' "$1" > /etc/.hostname.slipway.new
  place_file /etc/hostname 644 root root /etc/.hostname.slipway.new
  hostname -- "$1"
}

# set_mount PATH DEVICE TYPE OPTIONS: an entry of /etc/fstab, and mounted.
set_mount() {
  mkdir -p -- "$1/"
  drop_fstab_entry "$1"
  printf '%s %s %s %s 0 0\n' "$2" "$1" "$3" "$4" >> /etc/.fstab.slipway.new
  place_file /etc/fstab 644 root root /etc/.fstab.slipway.new
  mountpoint -q -- "$1" || mount -- "$1"
}

set_no_mount() {
  if mountpoint -q -- "$1"; then
    umount -- "$1"
  fi
  drop_fstab_entry "$1"
  place_file /etc/fstab 644 root root /etc/.fstab.slipway.new
}

drop_fstab_entry() {
  touch /etc/fstab
  path=$1 awk '!($1 !~ /^#/ && $2 == ENVIRON["path"])' /etc/fstab > /etc/.fstab.slipway.new
}
