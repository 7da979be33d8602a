apt() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=2 \
    -o Acquire::http::Timeout=30 -o Acquire::https::Timeout=30 \
    -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@" < /dev/null
}

# A package manager that was killed half-way refuses all else until this ran.
mend_packages() {
  DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold --configure -a < /dev/null
}

have_package_lists() {
  set +f
  for list in /var/lib/apt/lists/*Packages*; do
    set -f
    [ -e "$list" ] && return 0
  done
  set -f
  return 1
}

# all_installed NAME[=VERSION]...: nothing is asked for that is not there; a version asked for by name may differ.
all_installed() {
  for name; do
    case $name in *=*) return 1 ;; esac
    case $(dpkg-query -W -f '${db:Status-Abbrev}' -- "$name" 2>/dev/null) in ?i*) ;; *) return 1 ;; esac
  done
}

# install_packages INDEX:NAME[=VERSION]...: those that are missing or of another version.
install_packages() {
  mend_packages
  for wish; do
    shift
    i=${wish%%:*} name=${wish#*:}
    eval "state=\$p${i}_state version=\$p${i}_version"
    case $state:$name in
      ?i*:*=*) [ "${name#*=}" = "$version" ] || set -- "$@" "$name" ;;
      ?i*) ;;
      *) set -- "$@" "$name" ;;
    esac
  done
  [ $# -eq 0 ] || get_packages "$@"
}

# get_packages NAME[=VERSION]...: first from the lists at hand, then from fresh ones.
get_packages() {
  all_installed "$@" && return 0
  if have_package_lists; then
    apt --no-install-recommends --allow-change-held-packages --allow-downgrades install "$@" && return 0
    echo "trying again with fresh package lists"
  fi
  apt update
  apt --no-install-recommends --allow-change-held-packages --allow-downgrades install "$@"
}

remove_packages() {
  mend_packages
  apt --allow-change-held-packages purge "$@"
}
