# verify FILE SHA
verify() {
  sum=$(sha256sum -- "$1")
  sum=${sum%% *}
  sum=${sum#\\}
  if [ "$sum" != "$2" ]; then
    rm -f -- "$1"
    echo "SHA-256 of ${1##*/} is $sum, not $2: it was damaged on its way; run again" >&2
    return 1
  fi
}

# arrived SHA: puts the name of the file that was sent for it into $arrived.
arrived() {
  arrived=$home/incoming/$1
  if [ ! -e "$arrived" ]; then
    echo "$arrived is not there: the file was not sent; run again" >&2
    return 1
  fi
}

# put_artifact INDEX PATH SHA MODE OWNER GROUP STAMP URL: sent to this host, or fetched where there is a URL.
put_artifact() {
  eval "sha=\$f${1}_sha"
  if [ "$sha" = "$3" ]; then
    chown -- "$5:$6" "$2"
    chmod -- "$4" "$2"
  else
    [ -z "$8" ] || fetch "$8" "$home/incoming/$3"
    arrived "$3"
    verify "$arrived" "$3"
    place_file "$2" "$4" "$5" "$6" "$arrived"
  fi
  # From here on its size and times tell that it is unchanged; reading 100 MB at every check would not be cheap.
  mkdir -p -- "${7%/*}"
  printf '%s\n' "$3 $(stat -c '%s %.9Y/%.9Z' -- "$2")" > "$7.new"
  mv -f -- "$7.new" "$7"
}

# import_images NAME SHA
import_images() {
  arrived "$2"
  verify "$arrived" "$2"
  before=" $(ctr -n k8s.io images ls -q | tr '\n' ' ')"
  # Twice as fast as by way of containerd's transfer service.
  ctr -n k8s.io images import --local "$arrived"
  # Pinned: the kubelet never clears away what no registry could give it again.
  for image in $(ctr -n k8s.io images ls -q); do
    case $before in *" $image "*) continue ;; esac
    ctr -n k8s.io images label "$image" io.cri-containerd.pinned=pinned > /dev/null
  done
  mkdir -p /var/lib/containerd/io.slipway.images
  printf '%s\n' "$2" > "/var/lib/containerd/io.slipway.images/$1"
  rm -f -- "$arrived"
}

# fetch URL FILE
fetch() {
  mkdir -p -- "${2%/*}/"
  if command -v curl > /dev/null; then
    curl -fsSL --retry 3 --connect-timeout 20 --max-time 1800 -o "$2" -- "$1"
  elif command -v wget > /dev/null; then
    wget -q --tries=3 --timeout=60 -O "$2" -- "$1"
  else
    echo "neither curl nor wget is there to fetch $1: add one to the playbook's packages" >&2
    return 1
  fi
}

# unpack NAME SHA FOLDER STRIP FILE
unpack() {
  verify "$5" "$2"
  mkdir -p -- "$3" "$home/unpacked"
  tar -x -C "$3" --no-same-owner --strip-components="$4" -f "$5"
  printf '%s\n' "$2" > "$home/unpacked/$1"
  rm -f -- "$5"
}
