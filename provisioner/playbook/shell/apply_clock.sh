# set_clock INDICES RESTART
set_clock() {
  in_container && return 0
  for i in $1; do
    eval "active=\$u${i}_active"
    [ "$active" = active ] && return 0
  done
  if [ "$(systemctl show -p LoadState --value systemd-timesyncd.service)" != loaded ]; then
    mend_packages
    get_packages systemd-timesyncd
  fi
  systemctl --quiet enable --now systemd-timesyncd.service
  if [ -n "$2" ]; then
    systemctl restart systemd-timesyncd.service
  fi
}
