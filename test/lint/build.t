#!/bin/sh
# SPDX-License-Identifier: MIT
# The build keeps its promises: static, small, reproducible, lazy; the checker refuses what it must refuse.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
native=$(uname -m | sed 's/aarch64/arm64/; s/^armv.*/armhf/')
binary=build/$native/iscsi-init

limit=$(sed -n 's/^LIMIT = //p' Makefile | head -n 1)
check "the binary passes deps/check, with its size" deps/check "$binary" $limit
check "deps/check refuses a program with an interpreter" refuses deps/check "$(command -v env)"
check "deps/check refuses a binary above its limit" refuses deps/check "$binary" 65536
check "but only says so of one that was built with a packager's flags" deps/check "$binary" 65536 warn
check "deps/check refuses a file that is no program" refuses deps/check Makefile

copy_tree()	# folder
{
	mkdir -p "$1" && cp -r ./*.[ch] $folders deps Makefile doc "$1/"
}
build_twice()
{
	copy_tree "$scratch/one" && copy_tree "$scratch/a/longer/name/two" && make -C "$scratch/one" &&
		make -C "$scratch/a/longer/name/two" && cmp "$scratch/one/iscsi-init" "$scratch/a/longer/name/two/iscsi-init"
}
install_into()
{
	make -C "$scratch/one" install DESTDIR="$scratch/root" PREFIX=/usr && test -x "$scratch/root/usr/sbin/iscsi-init"
}
says_nothing_to_do() { make -C "$scratch/one" | grep -q 'Nothing to be done'; }

check "two builds in different folders give the same bytes" build_twice
check "a second make does nothing" says_nothing_to_do
check "a second make has no rule to run" make -C "$scratch/one" -q
# A packager's flags come last. The last of two -D wins; -g keeps the symbols; over the limit is not the end.
takes_packagers_flags()
{
	cp -r "$scratch/one" "$scratch/packager" && rm -f "$scratch/packager/iscsi-init" &&
		make -C "$scratch/packager" V=1 LIMIT=65536 CFLAGS='-O2 -g' CPPFLAGS=-DPACKAGED LDFLAGS=-Wl,-z,now \
			>"$scratch/commands" 2>&1 -W main.c && grep -q -e "-Os .*-O2 -g .*main\.c" "$scratch/commands" &&
		grep -q -e '-DPACKAGED' "$scratch/commands" && grep -q 'more than the limit' "$scratch/commands" &&
		readelf -SW "$scratch/packager/iscsi-init" | grep -q '\.symtab'
}
check "CFLAGS, CPPFLAGS and LDFLAGS of a packager come after ours" takes_packagers_flags
check "make install puts the program below DESTDIR and PREFIX" install_into
check "make help names the goals" sh -c 'make help | grep -q "make test-full"'

# A musl system is its compiler and a pkg-config that knows the libraries: those of our own build stand in for it.
system_config()	# folder: a pkg-config; in it, which libraries it knows
{
	mkdir -p "$1" && cat >"$1/pkg-config" <<END
#!/bin/sh
case \$1 in
--exists) shift; for library; do grep -qx "\$library" "$1/known" || exit 1; done ;;
--cflags) echo "-isystem $PWD/build/$native/libs/include" ;;
--static) echo "-L$PWD/build/$native/libs/lib -lkmod -lz -lzstd -llzma" ;;
esac
END
	chmod +x "$1/pkg-config" && printf '%s\n' libkmod libzstd liblzma zlib >"$1/known"
}
build_with_system()
{
	copy_tree "$scratch/system" && system_config "$scratch/config" &&
		make -C "$scratch/system" SYSTEM_LIBS=1 CC="$PWD/build/$native/libs/bin/musl-gcc" PKG_CONFIG="$scratch/config/pkg-config" &&
		deps/check "$scratch/system/build/system/iscsi-init" && "$scratch/system/build/system/iscsi-init" --version
}
names_missing_library()
{
	sed -i /libkmod/d "$scratch/config/known"
	make -C "$scratch/system" SYSTEM_LIBS=1 PKG_CONFIG="$scratch/config/pkg-config" 2>"$scratch/errors" && return 1
	grep -q 'does not find all of libkmod' "$scratch/errors"
}
check "make SYSTEM_LIBS=1 links the libraries that pkg-config names" build_with_system
check "make SYSTEM_LIBS=1 says so when one is not there" names_missing_library

# A mirror that serves other bytes, or an edited lock, must end the build.
bad_lock()
{
	mkdir -p "$scratch/lock" "$scratch/cache/sources" && cp deps/fetch "$scratch/lock/" &&
		echo "kmod 34.2 kmod.tar.xz $(printf %064d 0)" >"$scratch/lock/lock" &&
		echo tampered >"$scratch/cache/sources/kmod.tar.xz" &&
		refuses env ISCSI_INIT_CACHE="$scratch/cache" DEBIAN_MIRROR=file:/nonexistent "$scratch/lock/fetch"
}
check "deps/fetch refuses a source whose sha256 is not the pinned one" bad_lock
done_testing
