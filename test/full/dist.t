#!/bin/sh
# SPDX-License-Identifier: MIT
# make dist: a tarball with the four programs and a checksum file, the same bytes each time, and of use as it is.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/../lint/tap.sh"
arches='x86_64 arm64 armhf riscv64'
kernel=$(test/boot/kernels 6.12-cloud-arm64)
version=$(cat "$kernel/version")

make_it()
{
	make dist && tarball=$(ls build/dist/*.tar.gz) && cp "$tarball" "$tarball.sha256" "$scratch/"
}
checksum_fits() { (cd "$scratch" && sha256sum -c ./*.sha256); }
unpack()
{
	tar -x -C "$scratch" -f "$scratch"/*.tar.gz || return 1
	cd "$scratch"/iscsi-init-*/ || return 1
}
fits_machine()	# file, machine
{
	readelf -h "$1" | grep -q "Machine: *$2" && deps/check "$1" "$(sed -n 's/^LIMIT = //p' Makefile | head -n 1)"
}
all_machines()
{
	top=$(unpack && pwd)
	fits_machine "$top/x86_64/iscsi-init" 'Advanced Micro Devices X86-64' && fits_machine "$top/arm64/iscsi-init" AArch64 &&
		fits_machine "$top/armhf/iscsi-init" ARM && fits_machine "$top/riscv64/iscsi-init" RISC-V
}
says_version()	# arch, emulator
{
	top=$(unpack && pwd)
	"$2" "$top/$1/iscsi-init" --version | grep -q "^iscsi-init ${top##*-}\$" &&
		"$2" "$top/$1/iscsi-init" check 'iscsi=[2001:db8::1],iqn.2026-01.org.example:disk,lun=0x10 root=LABEL=root' |
		grep -q 'LUN 16 '
}
# Other time, other folder, other mask: nothing of it may be in the tarball.
made_again()
{
	epoch=$(git log -1 --format=%ct)
	mkdir "$scratch/again" && cp -r README.md LICENSE NEWS SECURITY.md ARCHITECTURE.md doc tools deps "$scratch/again/" || return 1
	for arch in $arches; do
		install -D "build/$arch/iscsi-init" "$scratch/again/build/$arch/iscsi-init" || return 1
	done
	(cd "$scratch/again" && umask 077 && find . -exec touch -d '1 hour ago' {} + &&
		TZ=Asia/Tokyo SOURCE_DATE_EPOCH=$epoch deps/dist "$(sed -n 's/^VERSION = //p' "$OLDPWD/Makefile")" $arches) &&
		cmp "$scratch"/again/build/dist/*.tar.gz "$scratch"/iscsi-init-*.tar.gz
}
has_manual_and_tools()
{
	top=$(unpack && pwd)
	for file in README.md ARCHITECTURE.md LICENSE NEWS SECURITY.md licences/musl-COPYRIGHT licences/kmod-COPYING \
		licences/zlib-LICENSE licences/xz-utils-COPYING.0BSD licences/libzstd-LICENSE licences/mbedtls-LICENSE iscsi-init.8 iscsi-init-image.8 iscsi-init-boots.8 doc/recipes.md \
		tools/iscsi-init-image tools/iscsi-init-boots tools/hooks/dracut; do
		[ -e "$top/$file" ] || { echo "no $file"; return 1; }
	done
}
makes_images()
{
	top=$(unpack && pwd)
	"$top/tools/iscsi-init-image" --modules none --list | grep ' /init ' &&
		"$top/tools/iscsi-init-image" --binary "$top/arm64/iscsi-init" --modules "$kernel/lib/modules/$version" \
			-o "$scratch/image" && gzip -dc <"$scratch/image" | cpio -it --quiet | grep 'iscsi_tcp\.ko'
}

check "make dist runs to its end" make_it
check "the checksum file fits" checksum_fits
check "the tarball has the four programs, each static, for its machine, within its size" all_machines
check "that for x86_64 runs" says_version x86_64 env
check "that for arm64 runs" says_version arm64 qemu-aarch64-static
check "that for armhf runs" says_version armhf qemu-arm-static
check "that for riscv64 runs" says_version riscv64 qemu-riscv64-static
check "it has the documents, the licences of the libraries, the manual and the tools" has_manual_and_tools
check "made again elsewhere it has the same bytes" made_again
check "the image builder in it finds the program beside it, and makes an image for another machine" makes_images
done_testing
