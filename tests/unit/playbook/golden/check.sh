set -f
umask 022
LC_ALL=C
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export LC_ALL PATH
runs=/run/slipway/apply
home=/var/lib/slipway
first_line() {
line=
[ -r "$1" ] || return 1
{ read -r line || [ -n "$line" ]; } 2>/dev/null < "$1"
}
normal() {
line=$*
}
read_clock() {
read -r up rest < /proc/uptime
now=$((${up%.*} * 1000 + (1${up#*.} - 100) * 10))
}
read_facts() {
fact_os= fact_os_version=
if [ -r /etc/os-release ]; then
while IFS='=' read -r key value || [ -n "$key" ]; do
value=${value#[\"\']} value=${value%[\"\']}
case $key in
ID) fact_os=$value ;;
VERSION_ID) fact_os_version=$value ;;
VERSION_CODENAME) fact_os_codename=$value ;;
esac
done < /etc/os-release
fi
fact_arch=$(uname -m)
case $fact_arch in x86_64) fact_arch=amd64 ;; aarch64) fact_arch=arm64 ;; esac
fact_virtualization=none fact_container=no
if first_line /run/systemd/container; then
fact_virtualization=$line fact_container=yes
elif [ -n "$wants_virtualization" ]; then
fact_virtualization=$(systemd-detect-virt 2>/dev/null)
[ -n "$fact_virtualization" ] || fact_virtualization=none
fi
fact_cgroup=1
[ -e /sys/fs/cgroup/cgroup.controllers ] && fact_cgroup=2
fact_init=other
[ -d /run/systemd/system ] && fact_init=systemd
return 0
}
tell_facts() {
for key in os os_version os_codename arch virtualization container cgroup init; do
eval "printf '%s\n' \"fact $key \$fact_$key\""
done
first_line /proc/sys/kernel/random/boot_id && printf '%s\n' "fact boot_id $line"
first_line /proc/sys/kernel/osrelease && printf '%s\n' "fact kernel $line"
first_line /proc/sys/kernel/hostname && printf '%s\n' "fact hostname $line"
if first_line /proc/meminfo; then
normal $line
line=${line#* }
printf '%s\n' "fact memory_kib ${line%% *}"
fi
[ -z "$node_address" ] || find_interface "$node_address"
}
find_interface() {
command -v ip >/dev/null || return 0
interface= address=
while read -r number name family net rest; do
[ "${net%/*}" = "$1" ] && interface=$name address=$1
done <<END
$(ip -4 -o addr show)
END
if [ -z "$interface" ]; then
while read -r word via gateway dev name rest; do
[ "$word" = default ] && [ -z "$interface" ] && interface=$name
done <<END
$(ip -4 route show default)
END
while read -r number name family net rest; do
[ "$name" = "$interface" ] && [ -z "$address" ] && address=${net%/*}
done <<END
$(ip -4 -o addr show)
END
fi
printf '%s\n' "fact interface $interface" "fact address $address"
}
in_container() {
[ -r /run/systemd/container ]
}
find_living() {
set +f
for living in "$runs"/*/pid; do
set -f
first_line "$living" || continue
living=${living%/pid} living=${living##*/}
alive "$living" "$line" && return 0
done
set -f
living=
return 1
}
alive() {
[ -n "$2" ] && kill -0 "$2" 2>/dev/null && first_line "/proc/$2/cmdline" || return 1
case $line in *"$runs/$1/"*) return 0 ;; esac
return 1
}
playbook=sample
cluster=lab
removal=''
node_address=''
wants_virtualization=1
secret=
mind_living=1
checking=1
drift() {
printf '%s\n' "drift $t $1 $2"
}
drift_content() {
drift "$1" "sha256:$3"
[ "$4" -le 8192 ] && [ -z "$secret" ] && printf '%s\n' "text $t $1 $(base64 -w0 < "$2" 2>/dev/null)"
}
begin_check() {
echo "slipway 1"
if ! [ -O /proc/1 ]; then
echo "refused root"
exit 0
fi
if [ -n "$mind_living" ] && find_living; then
echo "busy $living"
exit 0
fi
read_facts
tell_facts
if [ "$fact_init" != systemd ]; then
echo "refused init"
exit 0
fi
first_line "$home/cluster" && printf '%s\n' "stamp $line"
first_line "$home/applied/$playbook" && printf '%s\n' "applied $line"
}
list_pending() {
for name; do
[ -e "$home/handlers/$playbook.$name" ] && echo "pending $name"
done
return 0
}
look_at_files() {
first=1
for path; do
[ -n "$first" ] && set -- && first=
file_index "$path"
eval "f${i}_type= f${i}_sha="
if [ -e "$path" ] || [ -h "$path" ]; then
set -- "$@" "$path"
fi
done
[ $# -gt 0 ] || return 0
while IFS='|' read -r path type mode owner group size mtime ctime uid gid; do
[ -n "$path" ] || continue
file_index "$path"
eval "f${i}_type=\$type f${i}_mode=\$mode f${i}_owner=\$owner f${i}_group=\$group f${i}_size=\$size f${i}_times=\$mtime/\$ctime f${i}_uid=\$uid f${i}_gid=\$gid"
done <<END
$(stat -c '%n|%F|%a|%U|%G|%s|%.9Y|%.9Z|%u|%g' -- "$@" 2>/dev/null)
END
first=1
for path; do
[ -n "$first" ] && set -- && first=
file_index "$path"
eval "type=\$f${i}_type size=\$f${i}_size times=\$f${i}_times"
case $type in
'regular file' | 'regular empty file') ;;
*) continue ;;
esac
if [ -n "$stamp" ] && first_line "$stamp" && [ "${line#* }" = "$size $times" ]; then
eval "f${i}_sha=\${line%% *}"
continue
fi
set -- "$@" "$path"
done
[ $# -gt 0 ] || return 0
while read -r sum path; do
[ -n "$path" ] || continue
file_index "$path"
eval "f${i}_sha=\$sum"
done <<END
$(sha256sum -- "$@" 2>/dev/null)
END
}
want_file() {
eval "type=\$f${2}_type sha=\$f${2}_sha size=\$f${2}_size"
case $type in
'regular file' | 'regular empty file') ;;
*)
drift "$1" "${type:-absent}"
return 0
;;
esac
if [ "$sha" != "$3" ]; then
file_path "$2"
drift_content $(($1 + 1)) "$path" "$sha" "$size"
fi
want_access $(($1 + 2)) "$2" "$4" "$5" "$6"
}
want_access() {
eval "mode=\$f${2}_mode owner=\$f${2}_owner group=\$f${2}_group"
case $4 in *[!0-9]*) ;; *) eval "owner=\$f${2}_uid" ;; esac
case $5 in *[!0-9]*) ;; *) eval "group=\$f${2}_gid" ;; esac
[ "$mode" = "$3" ] || drift "$1" "$mode"
[ "$owner" = "$4" ] || drift $(($1 + 1)) "$owner"
[ "$group" = "$5" ] || drift $(($1 + 2)) "$group"
return 0
}
want_directory() {
eval "type=\$f${2}_type"
if [ "$type" != directory ]; then
drift "$1" "${type:-absent}"
return 0
fi
want_access $(($1 + 1)) "$2" "$3" "$4" "$5"
}
want_absent() {
eval "type=\$f${2}_type"
[ -z "$type" ] || drift "$1" "$type"
}
look_at_sysctls() {
for path; do
sysctl_index "$path"
eval "s$i="
done
while IFS=: read -r path line; do
[ -n "$path" ] || continue
sysctl_index "$path"
normal $line
eval "s$i=\$line"
done <<END
$(cd /proc/sys && grep -H '' -- "$@" 2>/dev/null)
END
}
want_sysctl() {
eval "line=\$s$2"
[ "$line" = "$3" ] || drift "$1" "${line:-absent}"
}
want_module() {
module_there "$2" || drift "$1" absent
}
module_there() {
[ -d "/sys/module/$1" ] && return 0
case $1 in
br_netfilter) [ -d /proc/sys/net/bridge ] && return 0 ;;
nf_conntrack) [ -e /proc/sys/net/netfilter/nf_conntrack_max ] && return 0 ;;
esac
while read -r word name; do
[ "${name:-$word}" = "$1" ] && return 0
done < /proc/filesystems
grep -q "^$1 " /proc/modules 2>/dev/null && return 0
first_line /proc/sys/kernel/osrelease
grep -q "/$1\.ko" "/lib/modules/$line/modules.builtin" 2>/dev/null
}
want_no_swap() {
in_container && return 0
while read -r name type rest; do
case $name in
Filename) ;;
*)
drift "$1" "$name"
return 0
;;
esac
done < /proc/swaps
if grep -Eqs '^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab; then
drift "$1" "in /etc/fstab"
fi
}
want_mount() {
while read -r device path type rest; do
[ "$path" = "$2" ] || continue
[ "$3" = - ] || [ "$3" = "$device" ] || [ "$(readlink -f -- "$3")" = "$device" ] || continue
[ "$4" = - ] || [ "$4" = "$type" ] || continue
return 0
done < /proc/self/mounts
drift "$1" absent
}
want_no_mount() {
while read -r device path rest; do
if [ "$path" = "$2" ]; then
drift "$1" "$device"
return 0
fi
done < /proc/self/mounts
}
want_hostname() {
first_line /proc/sys/kernel/hostname
[ "$line" = "$2" ] || drift "$1" "$line"
first_line /etc/hostname
[ "$line" = "$2" ] || drift $(($1 + 1)) "${line:-absent}"
}
look_at_packages() {
for name; do
package_index "$name"
eval "p${i}_state= p${i}_version="
done
while IFS='|' read -r name state version; do
[ -n "$name" ] || continue
package_index "$name"
eval "known=\$p${i}_state"
case $known in ?i*) continue ;; esac
eval "p${i}_state=\$state p${i}_version=\$version"
done <<END
$(dpkg-query -W -f '${Package}|${db:Status-Abbrev}|${Version}\n' -- "$@" 2>/dev/null)
END
}
want_package() {
eval "state=\$p${2}_state version=\$p${2}_version"
case $state in
?i*) ;;
'' | ?n* | ?c*) version=absent ;;
*) version=broken ;;
esac
if [ "$3" = any ]; then
case $version in absent | broken) drift "$1" "$version" ;; esac
elif [ "$3" != "$version" ]; then
drift "$1" "$version"
fi
case $4:$state in
1:hi*) ;;
1:?i*) drift $(($1 + 1)) no ;;
esac
return 0
}
look_at_units() {
while IFS='=' read -r key value; do
case $key in
'')
[ $# -gt 1 ] && shift
;;
LoadState) unit_index "$1" && eval "u${i}_load=\$value" ;;
ActiveState) unit_index "$1" && eval "u${i}_active=\$value" ;;
UnitFileState) unit_index "$1" && eval "u${i}_file=\$value" ;;
esac
done <<END
$(systemctl show -p LoadState -p ActiveState -p UnitFileState -- "$@" 2>/dev/null)
END
}
want_unit() {
eval "load=\$u${2}_load active=\$u${2}_active file=\$u${2}_file"
[ "$load" = masked ] && file=masked
case $3:$file in
yes:enabled | yes:static | yes:generated | yes:alias | yes:indirect) ;;
yes:*) drift "$1" "${file:-absent}" ;;
no:enabled | no:enabled-runtime | no:linked*) drift "$1" "$file" ;;
esac
case $4:$active in
active:active | active:reloading) ;;
active:*) drift $(($1 + 1)) "${active:-absent}" ;;
inactive:active | inactive:reloading | inactive:activating | inactive:deactivating) drift $(($1 + 1)) "$active" ;;
esac
return 0
}
file_index() {
stamp=
case $1 in
/etc/sample.conf) i=0 ;;
/etc/sample.key) i=1 ;;
/etc/sysctl.d/60-slipway-sample-only-here.conf) i=2 ;;
esac
}
file_path() {
case $1 in
0) path=/etc/sample.conf ;;
1) path=/etc/sample.key ;;
2) path=/etc/sysctl.d/60-slipway-sample-only-here.conf ;;
esac
}
package_index() {
case $1 in
conntrack) i=0 ;;
socat) i=1 ;;
esac
}
unit_index() {
case $1 in
sample.service) i=0 ;;
esac
}
sysctl_index() {
case $1 in
net/ipv4/ip_forward) i=0 ;;
esac
}
check_0() {
want_file 0 0 5084e40256078dbc16c95464d7fde0ee9d6f24f097e06d92baad98896e6c4e47 644 root root
}
check_1() {
secret=1
want_file 0 1 417e6e2e2999f1fb1e757301d4bf9be42db5ed339f8e64d62d5bcf5f7c3f5647 600 root root
secret=
}
check_2() {
case $fact_virtualization in none|kvm) ;; *) return 0 ;; esac
want_sysctl 0 0 1
want_file 1 2 2f378ff05988f025658b2944bc3a67cc32c329d4ca6d0c69d8d1f8f2381bf498 644 root root
}
check_3() {
want_package 0 0 any 0
want_package 1 1 any 0
}
check_4() {
want_unit 0 0 yes active
}
begin_check
look_at_files /etc/sample.conf /etc/sample.key /etc/sysctl.d/60-slipway-sample-only-here.conf
look_at_packages conntrack socat
look_at_units sample.service
look_at_sysctls net/ipv4/ip_forward
t=0
check_0
t=1
check_1
t=2
check_2
t=3
check_3
t=4
check_4
list_pending daemon-reload restart-sample
echo done
