#!/bin/sh
# SPDX-License-Identifier: MIT
# Each source, script and test says near its top under which licence it is; the one that LICENSE has.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/tap.sh"
line='SPDX-License-Identifier: MIT'

names_licence() { head -n 20 "$1" | grep -q -E "$line( \\*/)?\$" || refuses echo "$1: no '$line' in its first 20 lines"; }

check "LICENSE is MIT's, with a year" sh -c 'head -n 1 LICENSE | grep -qx "MIT License" && grep -qE "^Copyright \(c\) 20[0-9]{2}" LICENSE'
# not: documents, measurements and fuzzers' inputs, which are data, and files with a format that has no comments
for file in $(git ls-files | grep -vE '\.md$|^(LICENSE|NEWS)$|^test/bench/results/|^doc/.*\.svg$|^test/fuzz/corpus/|(^|/)\.(git|clang-format)'); do
	[ ! -f "$file" ] || check "$file names its licence" names_licence "$file"
done
done_testing
