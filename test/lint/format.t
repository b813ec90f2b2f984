#!/bin/sh
# SPDX-License-Identifier: MIT
# .clang-format decides the layout of C; nothing else has an opinion.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
for file in $(product_files) test/*/*.[ch]; do
	[ ! -e "$file" ] || check "$file is laid out as .clang-format says" clang-format --dry-run -Werror "$file"
done
done_testing
