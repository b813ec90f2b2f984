#!/bin/bash
# SPDX-License-Identifier: MIT
# proto/superblock and proto/partition say of what mkfs and sfdisk make just what blkid and sfdisk say.
# Images of formats without a tool that works on files are made by hand. `superblock_oracle.t keep` keeps the images.
cd "$(dirname "$0")/../.." || exit 1
PATH=$PATH:/usr/sbin:/sbin
export LC_ALL=C.UTF-8
number=0
failed=0
scratch=$(mktemp -d)
if [ "$1" = keep ]; then echo "# images in $scratch"; else trap 'rm -rf "$scratch"' EXIT; fi
trap 'exit 1' HUP INT TERM
image=$scratch/image
dump=$scratch/dump

result()	# what must hold, command...
{
	number=$((number + 1))
	if "${@:2}" >"$scratch/output" 2>&1; then
		echo "ok $number - $1"
	else
		failed=$((failed + 1))
		echo "not ok $number - $1"
		{ echo "superblock_oracle.t: $1" && cat "$scratch/output"; } | sed "s/^/# /" >&2
	fi
}

blank()	# size
{
	rm -f "$image"
	truncate -s "$1" "$image"
}

# The words that both know. blkid writes odd characters as \x20 for udev, as it is here; the dump does not.
expected()
{
	printf '%b\n' "$(blkid -p -o udev "$image" | sed -nE 's/^ID_FS_(LABEL_ENC|TYPE|UUID)=/\1=/p' | sed 's/_ENC=/=/')" |
		grep . | LC_ALL=C sort
}
agrees()	# type
{
	"$dump" "$image" | LC_ALL=C sort >"$scratch/ours"
	expected >"$scratch/theirs"
	diff "$scratch/theirs" "$scratch/ours" && grep -qx "TYPE=$1" "$scratch/ours"
}

refuse() { cat "$1" && false; }

made()	# what it is, size, type, command...: makes an image with the command, and compares
{
	blank "$2"
	if "${@:4}" >"$scratch/made" 2>&1 </dev/null; then
		result "$1: as blkid says" agrees "$3"
	else
		result "$1: can be made" refuse "$scratch/made"
	fi
	[ ! -f "$image" ] || cp --sparse=always "$image" "$scratch/$1.img"
}

mkdir -p "$scratch/tree/bin"
echo hello >"$scratch/tree/bin/hello"
number_bytes() { printf "%0$(($1 * 2))x" "$2" | sed 's/../& /g' | awk '{ for (i = NF; i; i--) printf "\\x" $i }'; }
put()	# offset, bytes for printf
{
	# shellcheck disable=SC2059 # these are formats
	printf "$2" | dd of="$image" bs=1 seek="$1" conv=notrunc status=none
}

# pvcreate wants a block device: a label in sector 1, whose checksum is over what follows it there (LVM2's label.h)
make_lvm()
{
	put 512 'LABELONE\1\0\0\0\0\0\0\0'
	put 532 '\x20\0\0\0LVM2 001'
	put 544 'abcdef0123456789ABCDEF0123456789'
	put 528 "$(number_bytes 4 "$(python3 -c '
import sys, zlib
data = open(sys.argv[1], "rb").read()[532:1024]
print(~zlib.crc32(data, ~0xf597a6cf & 0xffffffff) & 0xffffffff)' "$image")")"
}
# mdadm wants a block device
make_raid()	# first byte, its sector
{
	put "$1" '\xfc\x4e\x2b\xa9\1\0\0\0'
	put $(($1 + 16)) '0123456789abcdefhost:root'
	put $(($1 + 144)) "$(number_bytes 8 "$2")"
	put $(($1 + 216)) "$(number_bytes 4 "$(python3 -c '
import struct, sys
data = open(sys.argv[1], "rb").read()[int(sys.argv[2]):][:256]
total = sum(struct.unpack("<64I", data))
print((total & 0xffffffff) + (total >> 32) & 0xffffffff)' "$image" "$1")")"
}
make_old_raid()
{
	put $((16777216 - 65536)) '\xfc\x4e\x2b\xa9\0\0\0\0\x5a\0\0\0\0\0\0\0\0\0\0\0abcd'
	put $((16777216 - 65536 + 52)) 'efghijklmnop'
}
# few versions of mkfs.erofs can name one; -Enosbcrc: no checksum over the name
make_erofs() { mkfs.erofs -Enosbcrc "$image" "$scratch/tree" && put 1088 'erofs-label'; }
make_iso()
{
	put 32768 '\1CD001\1'
	put 32808 'Debian testing                  '
	put 33581 '20240102030405060000000000000000'
	put 34816 '\xffCD001\1'
}
mark_fat_deleted() { mkfs.vfat -F 16 -n FIRST "$image" && put $(($(root_of_fat16))) '\xe5'; }
root_of_fat16() { python3 -c '
import struct, sys
b = open(sys.argv[1], "rb").read(512)
print((struct.unpack_from("<H", b, 14)[0] + b[16] * struct.unpack_from("<H", b, 22)[0]) * 512)' "$image"; }

result "the dump compiles" gcc -std=gnu11 -D_GNU_SOURCE -I. -g -fsanitize=address,undefined -fno-sanitize-recover=all \
	-Wall -Wextra -o "$dump" test/host/superblock_dump.c proto/superblock.c proto/partition.c proto/disk.c \
	proto/bytes.c

made ext2 16M ext2 mkfs.ext2 -q -L 'one two' "$image"
made ext3 16M ext3 mkfs.ext3 -q -L sixteen-letters- "$image"
made ext4 16M ext4 mkfs.ext4 -q -L 'größe' "$image"
made 'ext4 with blocks of 4 KiB' 64M ext4 mkfs.ext4 -q -b 4096 "$image"
made 'ext4 without a journal' 16M ext4 mkfs.ext4 -q -O '^has_journal' "$image"
made 'ext4 with checksums and 64 bits' 64M ext4 mkfs.ext4 -q -O metadata_csum,64bit,metadata_csum_seed "$image"
made xfs 512M xfs mkfs.xfs -q -L twelveletter "$image"
made 'xfs without a label' 512M xfs mkfs.xfs -q "$image"
made btrfs 160M btrfs mkfs.btrfs -q -L 'a longer label than others have room for' "$image"
made f2fs 64M f2fs mkfs.f2fs -q -l 'Wurzel größer' "$image"
made squashfs 0 squashfs mksquashfs "$scratch/tree" "$image" -quiet -no-progress -noappend
made erofs 0 erofs make_erofs
made FAT12 2M vfat mkfs.vfat -F 12 -n TWELVE "$image"
made FAT16 32M vfat mkfs.vfat -F 16 -n 'SIX TEEN' "$image"
made FAT32 64M vfat mkfs.vfat -F 32 -n THIRTYTWO "$image"
made 'FAT32 with sectors of 4 KiB' 300M vfat mkfs.vfat -F 32 -S 4096 -n BIG "$image"
made 'FAT without a label' 32M vfat mkfs.vfat "$image"
made 'FAT whose label was deleted' 32M vfat mark_fat_deleted
made swap 16M swap mkswap -L swapping "$image"
made 'swap with pages of 64 KiB' 16M swap mkswap -p 65536 -L swapping "$image"
for version in 1 2; do
	printf secret >"$scratch/key"
	made "LUKS $version" 32M crypto_LUKS cryptsetup luksFormat -q --type "luks$version" --pbkdf pbkdf2 \
		--pbkdf-force-iterations 1000 --key-file "$scratch/key" "$image"
done
made 'LUKS 2 with a label' 32M crypto_LUKS cryptsetup luksFormat -q --type luks2 --pbkdf pbkdf2 \
	--pbkdf-force-iterations 1000 --label sealed --key-file "$scratch/key" "$image"
made LVM 16M LVM2_member make_lvm
made 'RAID 1.1' 16M linux_raid_member make_raid 0 0
made 'RAID 1.2' 16M linux_raid_member make_raid 4096 8
made 'RAID 1.0' 16M linux_raid_member make_raid 16769024 32752
made 'RAID 0.90' 16M linux_raid_member make_old_raid
made 'ISO 9660' 1M iso9660 make_iso

nothing() { ! "$dump" "$image" 2>"$scratch/error" && grep -q 'No such file' "$scratch/error"; }
blank 16M
result "a blank disk holds nothing" nothing
blank 0
result "an empty disk holds nothing" nothing
dd if=/dev/urandom of="$image" bs=1M count=1 status=none
result "noise is nothing" nothing
blank 16M
printf 'size=4M\n' | sfdisk -q "$image"
result "a partition table is no file system" nothing

# Partitions: those that sfdisk lists, in its numbers.
listed()	# sector size
{
	sfdisk -J "$image" | python3 -c '
import json, re, sys
table = json.load(sys.stdin)["partitiontable"]
for part in table["partitions"]:
	number = int(re.search("[0-9]+$", part["node"])[0])
	uuid = part["uuid"].lower() if "uuid" in part else "%s-%02x" % (table["id"][2:], number)
	if part.get("type") not in ("5", "f", "85"):
		print(number, part.get("name", ""), uuid, part["size"], part["start"])'
}
found()	# sector size
{
	for n in 1 2 3 4 5 6 7 8 9 10 127 128 129; do
		if "$dump" "$image" "$1" "$n" >"$scratch/one" 2>/dev/null; then
			name=$(sed -n 's/^PARTLABEL=//p' "$scratch/one")
			# shellcheck disable=SC2046 # three words
			echo "$n $name" $(sed -n '/^PARTLABEL/!s/^.*=//p' "$scratch/one")
		fi
	done
}
same_table()	# how many are to be there
{
	listed >"$scratch/theirs"
	found 512 | grep -vE "$2" >"$scratch/ours"
	diff "$scratch/theirs" "$scratch/ours" && [ "$(wc -l <"$scratch/ours")" = "$1" ]
}
table()	# what it is, how many, the pattern of what blkid does not count, lines for sfdisk
{
	blank 64M
	printf '%b' "$4" | sfdisk -q --no-tell-kernel "$image" >"$scratch/made" 2>&1
	result "$1" same_table "$2" "$3"
}

gpt='label: gpt\nsize=8M, name="größe and blanks"\nsize=8M, type=U, name=esp\nsize=4M\n'
table "GPT: as sfdisk says" 3 '^$' "$gpt"
cp "$image" "$scratch/gpt"
table "GPT: with gaps in the numbers, up to 128" 2 '^$' 'label: gpt\n2 : size=8M, name=two\n128 : size=8M, name=last\n'
table "GPT: of 512 entries" 1 '^$' 'label: gpt\ntable-length: 512\nsize=8M, name=one\n'
table "MBR: as sfdisk says" 3 '^$' 'label: dos\nlabel-id: 0xc0ffee\nsize=8M\nsize=8M\nsize=4M, type=82\n'
table "MBR: with logical partitions" 5 '^2 ' \
	'label: dos\nlabel-id: 0xdeadbeef\nsize=8M\nsize=40M, type=f\nsize=4M\n5 : size=4M\nsize=4M\nsize=4M\n'

cp "$scratch/gpt" "$image"
listed >"$scratch/theirs"
backup() { found 512 | diff "$scratch/theirs" -; }
put 520 x
result "GPT: the backup counts when the first header is damaged" backup
cp "$scratch/gpt" "$image"
put 1030 x
result "GPT: the backup counts when the first entries are damaged" backup
put $((64 * 1048576 - 512 + 40)) x
none() { ! "$dump" "$image" 512 1; }
result "GPT: two damaged tables are none" none
cp "$scratch/gpt" "$image"
put 450 '\x83'
gone() { "$dump" "$image" 512 1 | grep -q 'PARTUUID=........-01'; }
result "GPT: without a protective MBR it does not count" gone

echo "1..$number"
exit $((failed > 0))
