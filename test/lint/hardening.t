#!/bin/sh
# SPDX-License-Identifier: MIT
# What is compiled in against an attacker is there: in the program and in every library, in each binary that is built here
# (make dist builds all four). The layout of the segments is deps/check's; the boot test is test/boot/hardening.t.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"

tool()	# arch, name of a program of binutils
{
	"build/$1/libs/bin/musl-gcc" -print-prog-name="$2"
}

# The functions in whose code a pattern stands.
functions_with()	# arch, pattern
{
	"$(tool "$1" objdump)" -d "build/$1/iscsi-init.symbols" |
		awk -v pattern="$2" '/^[0-9a-f]+ <.*>:$/ { name = $2; gsub(/[<>:]/, "", name) } $0 ~ pattern && name { print name }' |
		sort -u
}

defined_in()	# arch, part: c kmod z lzma zstd mbedcrypto, or ours
{
	case $2 in
	ours) find "build/$1" -name '*.o' -not -path "build/$1/libs/*" ;;
	*) echo "build/$1/libs/lib/lib$2.a" ;;
	esac | xargs "$(tool "$1" nm)" --plugin "$("build/$1/libs/bin/musl-gcc" -print-file-name=liblto_plugin.so)" --defined-only 2>/dev/null | awk '$2 ~ /^[Tt]$/ { print $3 }' | sort -u
}

# Each library that is linked, musl first, and ours have such functions.
every_part_has()	# arch, file with functions
{
	for part in c kmod z lzma zstd mbedcrypto ours; do
		count=$(defined_in "$1" $part | comm -12 - "$2" | wc -l)
		echo "$part: $count functions"
		[ "$count" -gt 0 ] || return 1
	done
}

checks_its_stack()	# arch
{
	functions_with "$1" '<__stack_chk_fail' >"$scratch/checked" && every_part_has "$1" "$scratch/checked"
}
signs_addresses()	# arch
{
	functions_with "$1" 'paciasp' >"$scratch/signing" && every_part_has "$1" "$scratch/signing"
}

without_relro() { "$gcc" -static-pie -Wl,-z,norelro "$scratch/empty.c" -o "$scratch/norelro"; }
with_constants_in_code() { "$gcc" -static-pie -Wl,-z,noseparate-code "$scratch/empty.c" -o "$scratch/mixed"; }

for arch in x86_64 arm64 armhf riscv64; do
	[ -f "build/$arch/iscsi-init.symbols" ] || continue
	gcc=build/$arch/libs/bin/musl-gcc
	check "$arch: segments, relocations and size" deps/check "build/$arch/iscsi-init" "$(sed -n 's/^LIMIT = //p' Makefile | head -n 1)"
	check "$arch: the program and every library check their stacks" checks_its_stack "$arch"
	[ $arch != arm64 ] || check "$arch: the program and every library sign return addresses" signs_addresses $arch
done
echo 'int main(void) { return 0; }' >"$scratch/empty.c"
check "a program without RELRO links" without_relro
check "and is refused" refuses deps/check "$scratch/norelro"
check "a program whose constants are executable links" with_constants_in_code
check "and is refused" refuses deps/check "$scratch/mixed"
done_testing
