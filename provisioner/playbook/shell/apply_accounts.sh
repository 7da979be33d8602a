# set_group NAME GID SYSTEM. GID "-": any.
set_group() {
  name=$1 gid=$2 system=$3
  set --
  [ "$gid" = - ] || set -- -g "$gid"
  if getent group "$name" > /dev/null; then
    groupmod "$@" -- "$name"
  else
    groupadd ${system:+--system} "$@" -- "$name"
  fi
}

# set_user NAME UID GROUP HOME SHELL GROUPS SYSTEM: GROUPS with commas, added to those the user has.
set_user() {
  name=$1 uid=$2 group=$3 folder=$4 shell=$5 groups=$6 system=$7
  set --
  [ "$uid" = - ] || set -- "$@" -u "$uid"
  [ "$group" = - ] || set -- "$@" -g "$group"
  [ "$folder" = - ] || set -- "$@" -d "$folder"
  [ "$shell" = - ] || set -- "$@" -s "$shell"
  if getent passwd "$name" > /dev/null; then
    [ -z "$groups" ] || set -- "$@" -a -G "$groups"
    usermod "$@" -- "$name"
  else
    [ -z "$groups" ] || set -- "$@" -G "$groups"
    if [ -n "$system" ]; then
      useradd --system "$@" -- "$name"
    else
      useradd --create-home "$@" -- "$name"
    fi
  fi
}

remove_user() {
  userdel -- "$1"
}

remove_group() {
  groupdel -- "$1"
}
