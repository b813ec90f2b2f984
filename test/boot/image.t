#!/bin/bash
# SPDX-License-Identifier: MIT
# tools/iscsi-init-image without a boot: what goes in, what is refused, that the same inputs give the same bytes.
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=$PWD/tools/iscsi-init-image
work=$(mktemp -d /tmp/iscsi-init-test.XXXXXX)
trap 'rm -rf "$work"' EXIT
kernels=$(test/boot/kernels 6.12-amd64) || exit 1
tree=$kernels/lib/modules/$(cat "$kernels/version")
binary=/bin/busybox # any static program of this architecture
count=0

ok()
{
	count=$((count + 1))
	if [ "$1" = 0 ]; then echo "ok $count - $2"; else
		echo "not ok $count - $2"
		{ echo "image.t: not ok $count - $2" && cat "$work/out"; } | sed 's/^/# /' >&2
	fi
}

image()
{
	"$tool" --binary "$binary" --modules "$tree" --nic virtio_net "$@" >"$work/out" 2>&1
}

# $1: 0 when the last output (not) matches
says()
{
	grep -q -E -e "$1" "$work/out"
}

refused()
{
	local said=$1
	shift
	! image -o "$work/refused" "$@" && says "$said" && [ ! -e "$work/refused" ]
	ok $? "refused, and nothing is written: $*"
}

names()
{
	cpio -it --quiet <"$1" 2>&1
}

image --compress none -o "$work/first" && names "$work/first" >"$work/out"
says '^init$' && says '/iscsi_tcp\.ko\.xz$' && says '/ext4\.ko\.xz$' && says '/modules\.dep\.bin$'
ok $? 'an image has /init, the modules and their index'
says '/crc32c_generic\.ko\.xz$' && says '/libiscsi_tcp\.ko\.xz$' && says '/net_failover\.ko\.xz$'
ok $? 'dependencies and soft dependencies are in'
! says '/e1000\.ko\.xz$' && ! says '/xfs\.ko\.xz$'
ok $? 'and what was not asked for is not'
! cpio -itv --quiet <"$work/first" 2>&1 | grep -v -E '^[^ ]+ +[0-9]+ root +root .* Jan  1  1970 ' >"$work/out"
ok $? 'everything is root'\''s, with one time stamp'

mkdir "$work/elsewhere"
cp -R "$tree" "$work/elsewhere/" && cp "$tool" "$work/elsewhere/tool"
(cd "$work/elsewhere" && umask 077 && TZ=Asia/Tokyo ./tool --binary "$binary" --modules "${tree##*/}" --nic virtio_net \
	--compress none -o "$work/second") >"$work/out" 2>&1
cmp "$work/first" "$work/second" >>"$work/out" 2>&1
ok $? 'the same inputs give the same bytes, whoever, wherever and whenever'
SOURCE_DATE_EPOCH=86400 image --compress none -o "$work/dated"
! cmp -s "$work/first" "$work/dated"
ok $? 'SOURCE_DATE_EPOCH is the time stamp'

for how in gzip xz zstd; do
	image --compress $how -o "$work/compressed" && $how -dc <"$work/compressed" 2>>"$work/out" | cmp - "$work/first"
	ok $? "--compress $how holds the same archive"
done

rm "$work/elsewhere/${tree##*/}"/modules.dep*
"$tool" --binary "$binary" --modules "$work/elsewhere/${tree##*/}" --nic virtio_net --compress none \
	-o "$work/indexed" >"$work/out" 2>&1
cmp "$work/first" "$work/indexed" >>"$work/out" 2>&1 && [ ! -e "$work/elsewhere/${tree##*/}/modules.dep" ]
ok $? 'a tree without modules.dep is indexed, in a copy'

image --list --nic tg3 --fs ext4,vfat --add-module loop
says 'tg3\.ko\.xz +--nic' && says 'loop\.ko\.xz +--add-module' && says 'nls_cp437\.ko\.xz +file names of vfat' &&
	says 'libphy\.ko\.xz +needed by' && says '^ +[0-9]+ +in [0-9]+ files'
ok $? '--list says why each file goes in, and how large all is'
[ ! -e "$work/refused" ] && image --nic all --list && says '/mlx5_core\.ko' && says '/e1000\.ko'
ok $? '--nic all takes every Ethernet driver'
board=$work/elsewhere/${tree##*/}/kernel # a switch and its tags: any modules do
mkdir -p "$board/drivers/net/dsa/mv88e6xxx" "$board/net/dsa"
cp "$board/drivers/net/virtio_net.ko.xz" "$board/drivers/net/dsa/mv88e6xxx/mv88e6xxx.ko.xz"
cp "$board/drivers/net/virtio_net.ko.xz" "$board/net/dsa/tag_dsa.ko.xz"
"$tool" --binary "$binary" --modules "${board%/kernel}" --nic all --list >"$work/out" 2>&1
says '/mv88e6xxx\.ko' && says '/tag_dsa\.ko' && says '/mlx5_core\.ko'
ok $? '--nic all takes the switches of boards, too'
# shellcheck disable=SC2016 # another shell's
unshare -m sh -ec 'mount -t tmpfs none /sys && cd /sys
	for device in card:tg3 power:loop phy:dummy; do
		mkdir -p "devices/${device%:*}/driver" "module/${device#*:}"
		ln -s "/sys/module/${device#*:}" "devices/${device%:*}/driver/module"
	done
	mkdir -p class/net/eth0 devices/card/supplier:power
	ln -s /sys/devices/card class/net/eth0/device
	ln -s /sys/devices/phy class/net/eth0/phydev
	ln -s /sys/devices/power devices/card/supplier:power/supplier
	exec "$@"' sh "$tool" --binary "$binary" --modules "$tree" --nic host --list >"$work/out" 2>&1
says '/tg3\.ko\.xz +--nic host' && says '/loop\.ko\.xz +--nic host' && says '/dummy\.ko\.xz +--nic host'
ok $? '--nic host takes the drivers of this machine'\''s cards and of what they need'
mkdir -p "$work/firmware/tigon"
echo firmware >"$work/firmware/tigon/tg3.bin"
image --nic tg3 --firmware "$work/firmware" --list
says ' /lib/firmware/tigon/tg3\.bin +firmware of tg3'
ok $? 'firmware that a module names goes in when it is there'

echo secret >"$work/secrets"
image --config secrets="$work/secrets" --compress none -o "$work/config" &&
	cpio -itv --quiet <"$work/config" >"$work/out" 2>&1
says '^-rw------- .* etc/iscsi-init/secrets$' && [ "$(stat -c %a "$work/config")" = 600 ]
ok $? '--config secrets= is readable by root only, and so is the image'

image --archive --compress none -o "$work/archive" && names "$work/archive" >"$work/out"
says '^iscsi-init$' && ! says '^init$' && ! says '^(lib|etc|\.)$' && ! says '^lib/modules'
ok $? 'an archive to append replaces nothing of a distribution'\''s'
printf odd >"$work/theirs"
image --append "$work/theirs" --compress none -o "$work/appended"
says 'rdinit=/iscsi-init' && { printf 'odd\0' && cat "$work/archive"; } | cmp - "$work/appended"
ok $? '--append: theirs, padding to a multiple of four, ours; and the word to add'

"$tool" --binary "$binary" --modules none --list >"$work/out" 2>&1 && says ' /init ' && ! says '\.ko'
ok $? '--modules none: for a kernel with everything built in'

refused 'no module "nosuch"' --nic nosuch
refused 'no module "reiser9"' --fs reiser9
refused "unknown option '--nics'" --nics all
refused '--nic: expected a value' --nic
refused "'lzma': expected gzip" --compress lzma
refused "'/nonexistent'.*module tree" --modules /nonexistent
refused "cannot read '/nonexistent'" --binary /nonexistent
refused "'secrets=/nonexistent'.*file" --config secrets=/nonexistent
refused "'color'.*expected" --config color=/etc/hostname
arm=$(test/boot/kernels 6.12-cloud-arm64 2>/dev/null)
refused 'ELF machine 62\) is not for .*ELF machine 183' --modules "$arm/lib/modules/$(cat "$arm/version")"
# ---- what is said before anything is made

kernel=$kernels/vmlinuz
binary=$PWD/iscsi-init # reads words
wrong=iscsi=10.0.0.1,iqn.2026-01.org.example:disk,queue_dept=64
refused "word 1 'iscsi', character 45" --cmdline "$wrong root=LABEL=root"
echo "$wrong" >"$work/words"
refused "character 45" --config cmdline="$work/words" --cmdline root=LABEL=root
"$tool" --modules none --binary "$kernels/vmlinuz" --cmdline "$wrong" -o "$work/refused" >"$work/out" 2>&1
[ $? = 1 ] && says 'character 45' && [ ! -e "$work/refused" ]
ok $? 'words for an image of another machine are read by the program of this one'
image --cmdline 'iscsi=10.0.0.1,iqn.2026-01.org.example:disk root=LABEL=root' -o "$work/good" && [ ! -s "$work/out" ]
ok $? 'good words pass, and nothing is said of them'
echo 'iqn.2026-01.org.example:disk me' >"$work/table"
refused 'secrets.*line 1.*expected target, user, secret' --config secrets="$work/table" \
	--cmdline 'iscsi=10.0.0.1,iqn.2026-01.org.example:disk root=LABEL=root'
echo 'iqn.2026-01.org.example:disk me a-long-secret-of-ours' >"$work/table"
image --config secrets="$work/table" --cmdline 'iscsi=10.0.0.1,iqn.2026-01.org.example:disk root=LABEL=root' -o "$work/good"
ok $? 'good secrets pass'
image --cmdline 'iscsi=10.0.0.1,iqn.2026-01.org.example:disk root=sda1' -o "$work/good" && says '^iscsi-init-image: note: '
ok $? 'what is probably not meant is said, and the image is made'
refused '--boot-script needs' --boot-script --cmdline quiet
refused 'single quote or a backslash' --boot-files "$work/folder" --boot-script --kernel "$kernel" --cmdline "iscsi.init='x'"
[ ! -e "$work/folder" ]
ok $? 'and no folder was begun'

mkdir "$work/path" # all programs but those of u-boot
for program in /bin/* /sbin/* /usr/sbin/*; do
	case ${program##*/} in mkimage | dtc) ;; *) ln -sf "$program" "$work/path/" ;; esac
done
PATH=$work/path image --boot-files "$work/pc" --kernel "$kernel" --cmdline quiet && [ -s "$work/pc/boot.ipxe" ] &&
	[ -s "$work/pc/initrd.img" ] && [ ! -e "$work/pc/boot.scr" ]
ok $? 'a boot folder for a PC needs no program of u-boot'
! PATH=$work/path image --boot-files "$work/board" --boot-script --kernel "$kernel" --cmdline quiet &&
	says 'mkimage is missing; install u-boot-tools' && [ ! -e "$work/board" ]
ok $? 'where one is needed and missing, nothing is begun'
binary=/bin/busybox

mkdir -p "$work/bare/5.0/kernel" && : >"$work/bare/5.0/modules.dep"
! image --modules "$work/bare/5.0" --nic host --fs '' -o "$work/refused" && says 'no iscsi_tcp.*CONFIG_ISCSI_TCP'
ok $? 'a kernel without iscsi_tcp is refused'
echo "1..$count"
