#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzzer in build/fuzz/run (made from test/fuzz/NAME.c) over its corpus, then FUZZ_SECONDS (2) with new inputs.
# What is found stays in build/fuzz: NAME-crash-* for what went wrong, and found/NAME for what reached new code.
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-2}

fuzz()	# name
{
	mkdir -p "build/fuzz/found/$1"
	name=$1
	set -- "build/fuzz/found/$name"
	[ ! -d "test/fuzz/corpus/$name" ] || set -- "$@" "test/fuzz/corpus/$name"
	"build/fuzz/run/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=0 \
		-artifact_prefix="build/fuzz/$name-" "$@" >"build/fuzz/$name.log" 2>&1
}

number=0
failed=0
for source in test/fuzz/*.c; do
	[ -e "$source" ] || break
	number=$((number + 1))
	name=$(basename "$source" .c)
	if [ -x "build/fuzz/run/$name" ] && fuzz "$name"; then
		echo "ok $number - no input breaks $name"
	else
		failed=$((failed + 1))
		echo "not ok $number - no input breaks $name"
		tail -n 40 "build/fuzz/$name.log" 2>/dev/null | sed 's/^/# /' >&2
	fi
done
[ $number -gt 0 ] && echo "1..$number" || echo "1..0 # SKIP no fuzzers"
exit $failed
