# Starting a program is what an apply costs, so that the shell's own tests come before each.

# The hidden name beside $1 under which its next content is made: no reader of the folder takes it for a file of its own.
hidden_name() {
  hidden=${1%/*}/.${1##*/}.slipway
}

# make_room PATH: its folder is there, and nothing under its hidden name.
make_room() {
  [ -d "${1%/*}/" ] || mkdir -p -- "${1%/*}/"
  hidden_name "$1"
  if [ -e "$hidden" ] || [ -h "$hidden" ]; then
    rm -rf -- "$hidden"
  fi
}

# reveal PATH: what was made under the hidden name takes the place of PATH as a whole.
reveal() {
  if [ -d "$1" ] && ! [ -h "$1" ]; then
    echo "$1 is a directory, and a file shall be there: move it away first" >&2
    return 1
  fi
  mv -fT -- "$hidden" "$1"
}

# place_file PATH MODE OWNER GROUP NEW: NEW, on any file system, becomes PATH as a whole.
place_file() {
  make_room "$1"
  mv -fT -- "$5" "$hidden"
  chown -h -- "$3:$4" "$hidden"
  chmod -- "$2" "$hidden"
  reveal "$1"
}

# put_file INDEX PATH SHA MODE OWNER GROUP PIECE: what is right already is not written again.
put_file() {
  eval "sha=\$f${1}_sha type=\$f${1}_type"
  case $type in
    'regular file' | 'regular empty file')
      if [ "$sha" = "$3" ]; then
        chown -- "$5:$6" "$2"
        chmod -- "$4" "$2"
        return 0
      fi
      ;;
  esac
  make_room "$2"
  # One program copies and gives owner and mode; until it has, the file is readable by root alone.
  install -T -m "$4" -o "$5" -g "$6" -- "$dir/in/$7" "$hidden"
  reveal "$2"
}

# put_directory PATH MODE OWNER GROUP
put_directory() {
  if { [ -e "$1" ] || [ -h "$1" ]; } && ! { [ -d "$1" ] && ! [ -h "$1" ]; }; then
    echo "$1 is not a directory: move it away first" >&2
    return 1
  fi
  # Of a folder, fewer digits would leave set-user-ID and set-group-ID as they are.
  [ -d "${1%/*}/" ] || mkdir -p -- "${1%/*}/"
  if [ -d "$1" ]; then
    chown -- "$3:$4" "$1"
    chmod -- "00$2" "$1"
  else
    install -d -m "00$2" -o "$3" -g "$4" -- "$1"
  fi
}

# What is mounted below stays out of it.
remove_path() {
  rm -rf --one-file-system -- "$1"
}
