#!/bin/sh
# sbom.sh BINARY VERSION: what is in a binary, as CycloneDX 1.5 JSON: the Debian packages of each shared library that it
# loads, and of those libraries that are headers alone, which nothing in the binary names.
set -eu
binary=$1 version=$2
headers="nlohmann-json3-dev libcli11-dev libkainjow-mustache-dev libspdlog-dev"

packages=$(
  {
    ldd "$binary" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' | while read -r library; do
      # dpkg knows a file by the path that it had before /lib became a link.
      resolved=$(readlink -f "$library")
      { dpkg-query -S "$resolved" || dpkg-query -S "${resolved#/usr}" || dpkg-query -S "$library"; } 2>/dev/null |
        sed -n '1s/: .*//p'
    done
    for package in $headers; do printf '%s\n' "$package"; done
  } | sort -u
)
architecture=$(dpkg --print-architecture)
printf '{"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,\n'
printf ' "metadata": {"component": {"type": "application", "bom-ref": "slipway", "name": "slipway", "version": "%s",' "$version"
printf ' "licenses": [{"license": {"id": "Apache-2.0"}}]}},\n "components": ['
comma=
for package in $packages; do
  dpkg-query -W -f '${Package} ${Version} ${source:Package} ${source:Version}\n' "$package" | head -n 1 | {
    read -r name found source source_version
    printf '%s\n  {"type": "library", "bom-ref": "%s", "name": "%s", "version": "%s", "supplier": {"name": "Debian"},' \
      "$comma" "$name" "$name" "$found"
    printf ' "purl": "pkg:deb/debian/%s@%s?arch=%s",' "$name" "$(printf %s "$found" | sed 's/+/%2B/g')" "$architecture"
    printf ' "properties": [{"name": "debian:source", "value": "%s %s"}]}' "$source" "$source_version"
  }
  comma=,
done
printf '\n ]}\n'
