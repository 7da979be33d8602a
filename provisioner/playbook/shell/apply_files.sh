# The hidden name beside $1 under which its next content is made: no reader of the folder takes it for a file of its own.
hidden_name() {
  hidden=${1%/*}/.${1##*/}.slipway
}

# place_file PATH MODE OWNER GROUP NEW: NEW, on any file system, becomes PATH as a whole.
place_file() {
  mkdir -p -- "${1%/*}/"
  hidden_name "$1"
  rm -rf -- "$hidden"
  mv -fT -- "$5" "$hidden"
  chown -h -- "$3:$4" "$hidden"
  chmod -- "$2" "$hidden"
  if [ -d "$1" ] && ! [ -h "$1" ]; then
    echo "$1 is a directory, and a file shall be there: move it away first" >&2
    return 1
  fi
  mv -fT -- "$hidden" "$1"
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
  mkdir -p -- "${2%/*}/"
  hidden_name "$2"
  rm -rf -- "$hidden"
  (umask 077 && cat -- "$dir/in/$7" > "$hidden.new")
  place_file "$2" "$4" "$5" "$6" "$hidden.new"
}

# put_directory PATH MODE OWNER GROUP
put_directory() {
  if { [ -e "$1" ] || [ -h "$1" ]; } && ! { [ -d "$1" ] && ! [ -h "$1" ]; }; then
    echo "$1 is not a directory: move it away first" >&2
    return 1
  fi
  mkdir -p -- "$1/"
  chown -- "$3:$4" "$1"
  # Of a folder, fewer digits would leave set-user-ID and set-group-ID as they are.
  chmod -- "00$2" "$1"
}

# What is mounted below stays out of it.
remove_path() {
  rm -rf --one-file-system -- "$1"
}
