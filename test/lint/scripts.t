#!/bin/sh
# SPDX-License-Identifier: MIT
# The shell scripts pass shellcheck, and Python can read the Python programs.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
scripts()	# interpreters, as a regular expression
{
	git ls-files -co --exclude-standard 2>/dev/null | while read -r file; do
		[ ! -f "$file" ] || ! head -n 1 "$file" | grep -qE "^#!.*/(env )?($1)( |\$)" || echo "$file"
	done
}
for file in $(scripts 'sh|bash|dash') test/lint/tap.sh; do
	check "shellcheck has no complaint about $file" shellcheck -x -S warning -e SC1090,SC1091 "$file"
done
for file in $(scripts python3); do
	check "python3 can read $file" python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file"
done
done_testing
