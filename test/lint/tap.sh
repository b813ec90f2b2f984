# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For the linters: one TAP line for each thing checked. `. test/lint/tap.sh` first, check ..., done_testing last.
cd "$(dirname "$0")/../.." || exit 1
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES
export LC_ALL=C
number=0
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

check()	# what must hold, command...
{
	number=$((number + 1))
	name=$1
	shift
	if "$@" >"$scratch/output" 2>&1; then
		echo "ok $number - $name"
	else
		failed=$((failed + 1))
		echo "not ok $number - $name"
		# on standard error, as prove keeps the comments on standard output to itself
		{ echo "${0##*/}: not ok $number - $name" && head -n 60 "$scratch/output"; } | sed 's/^/# /' >&2
	fi
}

refuses() { ! "$@"; }

# Holds when no line matches: the lines that do are shown.
nothing_matches()	# extended regular expression, files...
{
	[ $# -gt 1 ] || return 0
	grep -nHE -- "$@" && return 1
	[ $? = 1 ]
}

# C files of ours, without their comments and strings, under $scratch/code: what greps look at.
strip_comments()	# files...
{
	for file; do
		mkdir -p "$scratch/code/$(dirname "$file")"
		gcc -fpreprocessed -dD -E -P -w "$file" 2>/dev/null | sed 's/"\([^"\\]\|\\.\)*"/""/g' >"$scratch/code/$file"
	done
}

folders=$(sed -n 's/^folders = //p' Makefile)

product_files()
{
	for folder in . $folders; do
		ls "$folder"/*.[ch] 2>/dev/null
	done | sed 's#^\./##'
}

done_testing()
{
	[ $number -gt 0 ] && echo "1..$number" || echo "1..0 # SKIP nothing to look at"
	exit $((failed > 0))
}
