# want_import FIELD NAME SHA: the image bundle was imported into containerd, whose own folder holds the note of it.
want_import() {
  first_line "/var/lib/containerd/io.slipway.images/$2"
  [ "$line" = "$3" ] || drift "$1" "${line:+sha256:}$line"
}

# want_unpacked FIELD NAME SHA FOLDER
want_unpacked() {
  first_line "$home/unpacked/$2"
  [ -d "$4" ] || line=
  [ "$line" = "$3" ] || drift "$1" "${line:+sha256:}$line"
}
