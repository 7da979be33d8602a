# want_group FIELD NAME GID: fields FIELD state, +1 gid. GID "-": any.
want_group() {
  if ! line=$(getent group "$2"); then
    drift "$1" absent
    return 0
  fi
  line=${line#*:*:}
  [ "$3" = - ] || [ "${line%%:*}" = "$3" ] || drift $(($1 + 1)) "${line%%:*}"
}

# want_user FIELD NAME UID GROUP HOME SHELL GROUPS: fields FIELD state, +1 uid, +2 group, +3 home, +4 shell, +5 groups.
want_user() {
  if ! line=$(getent passwd "$2"); then
    drift "$1" absent
    return 0
  fi
  # Names of its own: every script keeps what is Slipway's on the host in $home. From both ends: in the middle stands
  # what people write.
  user_shell=${line##*:} user_home=${line%:*}
  user_home=${user_home##*:} user_uid=${line#*:*:}
  user_uid=${user_uid%%:*}
  [ "$3" = - ] || [ "$user_uid" = "$3" ] || drift $(($1 + 1)) "$user_uid"
  if [ "$4" != - ]; then
    line=$(id -gn "$2")
    [ "$line" = "$4" ] || drift $(($1 + 2)) "$line"
  fi
  [ "$5" = - ] || [ "$user_home" = "$5" ] || drift $(($1 + 3)) "$user_home"
  [ "$6" = - ] || [ "$user_shell" = "$6" ] || drift $(($1 + 4)) "$user_shell"
  [ -n "$7" ] || return 0
  groups=$(id -Gn "$2")
  for name in $7; do
    case " $groups " in
      *" $name "*) ;;
      *)
        drift $(($1 + 5)) "$groups"
        return 0
        ;;
    esac
  done
}

# want_no_user FIELD NAME
want_no_user() {
  ! getent passwd "$2" > /dev/null || drift "$1" present
}

# want_no_group FIELD NAME
want_no_group() {
  ! getent group "$2" > /dev/null || drift "$1" present
}
