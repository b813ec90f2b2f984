#!/bin/sh
# SPDX-License-Identifier: MIT
# The build keeps its promises: static, small, reproducible, lazy; the checker refuses what it must refuse.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
native=$(uname -m | sed 's/aarch64/arm64/; s/^armv.*/armhf/')
binary=build/$native/iscsi-init

limit=$(make -s --no-print-directory limit)
check "the binary passes deps/check, with its size" deps/check "$binary" $limit
check "deps/check refuses a program with an interpreter" refuses deps/check "$(command -v env)"
check "deps/check refuses a binary above its limit" refuses deps/check "$binary" 65536
check "but only says so of one that was built with a packager's flags" deps/check "$binary" 65536 warn
check "deps/check refuses a file that is no program" refuses deps/check Makefile

copy_tree()	# folder
{
	mkdir -p "$1" && cp -r ./*.[ch] $folders deps tools Makefile doc "$1/"
}
# With the sources there, a build asks no network: in a namespace without one, and with an empty cache but for them.
build_again()
{
	copy_tree "$scratch/one" && mkdir -p "$scratch/cache-one" && cp -r "$(deps/fetch)" "$scratch/cache-one/" &&
		ISCSI_INIT_CACHE="$scratch/cache-one" && export ISCSI_INIT_CACHE &&
		unshare -n make -C "$scratch/one" && cmp "$binary" "$scratch/one/iscsi-init"
}
install_into()
{
	make -C "$scratch/one" install DESTDIR="$scratch/root" PREFIX=/usr && test -x "$scratch/root/usr/sbin/iscsi-init" &&
		for tool in tools/iscsi-init-*; do
			test -x "$scratch/root/usr/bin/${tool##*/}" && test -e "$scratch/root/usr/share/man/man8/${tool##*/}.8" ||
				{ echo "no ${tool##*/}, or no page of it"; return 1; }
		done
}
says_nothing_to_do() { make -C "$scratch/one" | grep -q 'Nothing to be done'; }

check "a build in another folder, without a network, gives the same bytes" build_again
check "a second make does nothing" says_nothing_to_do
check "a second make has no rule to run" make -C "$scratch/one" -q
# A packager's flags come last. The last of two -D wins; -g keeps the symbols; over the limit is not the end.
takes_packagers_flags()
{
	cp -r "$scratch/one" "$scratch/packager" && rm -f "$scratch/packager/iscsi-init" &&
		make -C "$scratch/packager" V=1 LIMIT=65536 CFLAGS='-O2 -g' CPPFLAGS=-DPACKAGED LDFLAGS=-Wl,-z,now \
			>"$scratch/commands" 2>&1 -W main.c && grep -q -e "-Oz .*-O2 -g .*main\.c" "$scratch/commands" &&
		grep -q -e '-DPACKAGED' "$scratch/commands" && grep -q 'more than the limit' "$scratch/commands" &&
		readelf -SW "$scratch/packager/iscsi-init" | grep -q '\.symtab'
}
check "CFLAGS, CPPFLAGS and LDFLAGS of a packager come after ours" takes_packagers_flags
check "make install puts the program below DESTDIR and PREFIX" install_into
uninstalls()
{
	find "$scratch/root" ! -type d | grep -q completions/iscsi-init-image &&
		make -C "$scratch/one" uninstall DESTDIR="$scratch/root" PREFIX=/usr && find "$scratch/root" ! -type d | tee "$scratch/left"
	[ ! -s "$scratch/left" ]
}
hooks_know_prefix()
{
	make -C "$scratch/one" install DESTDIR="$scratch/elsewhere" PREFIX=/opt/here || return 1
	for hook in initramfs-tools/iscsi-init dracut/90iscsi-init/module-setup.sh mkinitcpio/iscsi-init; do
		grep -q 'installed=/opt/here/sbin/iscsi-init ' "$scratch/elsewhere/opt/here/share/iscsi-init/hooks/$hook" ||
			{ echo "$hook"; return 1; }
	done
}
says_no_such_architecture()	# before it fetches anything: no network, no cache
{
	! unshare -n env ISCSI_INIT_CACHE="$scratch/nowhere" make ARCH="$1" 2>"$scratch/errors" || return 1
	[ ! -e "$scratch/nowhere" ] && grep -q "no architecture '$1': expected ARCH=x86_64|arm64" "$scratch/errors"
}
ends_with_make()
{
	printf '#!/bin/sh\nsleep 300 &\necho $! >%s\nwait\n' "$scratch/pid" >"$scratch/sleeper"
	printf 'all:\n\t@deps/together sh %s\n' "$scratch/sleeper" >"$scratch/makefile"
	mkfifo "$scratch/pid"
	make -f "$scratch/makefile" &
	make=$!
	read -r sleeper <"$scratch/pid"
	kill -0 "$sleeper" && kill "$make"
	wait "$make"
	! grep '^State:.*[^Z] (' "/proc/$sleeper/status" # one that only init has not collected yet has ended
}
all_end_with_make() # each recipe that takes long
{
	make -n V=1 test test-full fuzz lint booted demo fleet bench 2>/dev/null | grep -E '(^|[= ])(prove|test/[a-z/]*(run|demo|fleet.py)|deps/build) ' |
		grep -v deps/together | tee "$scratch/alone"
	[ ! -s "$scratch/alone" ]
}
check "make uninstall takes away all that make install brought" uninstalls
check "the hooks that are installed know the PREFIX" hooks_know_prefix
check "an unknown architecture is said before anything is fetched" says_no_such_architecture mips
check "so is another name of one" says_no_such_architecture aarch64
check "SIGTERM to make leaves no child" ends_with_make
check "each long recipe is run so" all_end_with_make
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
