apt() {
  DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 \
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

# install_packages NAME[=VERSION]...: first from the lists at hand, then from fresh ones.
install_packages() {
  mend_packages
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
