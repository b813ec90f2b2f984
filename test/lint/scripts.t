#!/bin/sh
# SPDX-License-Identifier: MIT
# The shell scripts pass shellcheck, and Python can read the Python programs.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
files() # those that git knows or would add; in an unpacked tarball all but what was built
{
	git ls-files -co --exclude-standard 2>/dev/null || find . -path ./build -prune -o -type f -print | sed 's,^\./,,'
}
scripts()	# interpreters, as a regular expression
{
	files | while read -r file; do
		[ ! -f "$file" ] || ! head -n 1 "$file" | grep -qE "^#!.*/(env )?($1)( |\$)" || echo "$file"
	done
}
for file in $(scripts 'sh|bash|dash') test/lint/tap.sh; do
	check "shellcheck has no complaint about $file" shellcheck -x -S warning -e SC1090,SC1091 "$file"
done
for file in $(scripts python3); do
	check "python3 can read $file" python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file"
done
enough() # a list that comes out short would be a pass of what nobody looked at
{
	shell=$(scripts 'sh|bash|dash' | wc -l) python=$(scripts python3 | wc -l)
	echo "$shell shell scripts, $python Python programs"
	[ "$shell" -ge 20 ] && [ "$python" -ge 40 ]
}
check "all scripts were found" enough
without_git()
{
	mkdir "$scratch/tarball" && files | tar -c -T - | tar -x -C "$scratch/tarball" || return 1
	files | sort >"$scratch/here"
	(cd "$scratch/tarball" && GIT_DIR=/nonexistent files) | sort | diff "$scratch/here" -
}
check "without git the same files are found" without_git
done_testing
