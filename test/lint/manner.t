#!/bin/sh
# SPDX-License-Identifier: MIT
# What the design forbids everywhere in the product, as far as grep can see it.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
# shellcheck disable=SC2046 # a list of words
strip_comments $(product_files)
files=$(product_files)
below_main=$(echo "$files" | grep -v '^main\.c$')
cd "$scratch/code" || exit 1

# shellcheck disable=SC2086 # a list of words
{
	check "nothing sleeps: every wait is for an event" nothing_matches '\b(u|nano|clock_nano)?sleep *\(' $files
	check "nothing is allocated" nothing_matches '\b((m|c|re)alloc|strdup|strndup|asprintf|getline|alloca) *\(' $files
	check "no unbounded string function" nothing_matches '\b(strcpy|strcat|v?sprintf|gets|ato[il]l?|strtok) *\(' $files
	check "no shell" nothing_matches '\b(system|popen) *\(' $files
	check "nothing below main gives up" nothing_matches '(^|[^_[:alnum:]])(exit|abort|assert|errx?) *\(' \
		$below_main
	check "no struct typedefs" nothing_matches '^typedef (struct|union|enum)' $files
}

long_functions()	# limit files...
{
	limit=$1
	shift
	awk -v limit="$limit" '
		FNR == 1 { start = 0 }
		/^[a-z].*\(/ { head = $0 }
		/^{/ { start = FNR }
		/^}/ && start {
			if (FNR - start - 1 > limit) { print FILENAME ":" start ": " FNR - start - 1 " lines: " head; bad = 1 }
			start = 0
		}
		END { exit bad }' "$@"
}
cd "$OLDPWD" || exit 1
for file in $files; do
	check "$file opens with what it owns" sh -c 'head -n 1 "$1" | grep -q "^/[*]"' - "$file"
	case $file in *.c) check "the functions of $file fit a screen" long_functions 80 "$file" ;; esac
done
done_testing
