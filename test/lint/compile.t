#!/bin/sh
# SPDX-License-Identifier: MIT
# No compiler has anything to warn about: gcc and clang on the host, and the product's own compiler against musl.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
warnings='-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Werror'
flags='-std=gnu11 -D_GNU_SOURCE -I. -DISCSI_INIT_VERSION=__FILE__ -O2 -c -o /dev/null'
libraries='-isystem build/host/libs/include'
musl=$(echo build/"$(uname -m | sed s/aarch64/arm64/)"/libs/bin/musl-gcc)
for file in $(product_files | grep '\.c$'); do
	# shellcheck disable=SC2086 # lists of words
	{
		check "gcc has no warning about $file" gcc $flags $warnings $libraries "$file"
		check "clang has no warning about $file" clang -fsyntax-only $flags $warnings $libraries "$file"
		[ ! -x "$musl" ] || check "musl-gcc has no warning about $file" "$musl" $flags -Os $warnings "$file"
	}
done
for file in $(product_files | grep '\.h$'); do
	# shellcheck disable=SC2086
	check "$file can be included by itself" gcc $flags $libraries -Wall -Wextra -Werror -x c -include "$file" /dev/null
done
for file in test/unit/*.c test/fuzz/*.c; do
	[ -e "$file" ] || continue
	# shellcheck disable=SC2086
	check "gcc has no warning about $file" gcc $flags $libraries -Wall -Wextra -Werror "$file"
done
done_testing
