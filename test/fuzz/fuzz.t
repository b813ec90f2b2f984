#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzzer in build/fuzz/run (made from test/fuzz/NAME.c) over its corpus, then FUZZ_SECONDS (2) with new inputs.
# What went wrong is in build/fuzz/NAME-crash-*. What reached new code is kept in the cache, fuzz/NAME, and the next run
# begins with it. Says how many inputs were run.
cd "$(dirname "$0")/../.." || exit 1
seconds=${FUZZ_SECONDS:-2}
found=${ISCSI_INIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iscsi-init}/fuzz

fuzz()	# name
{
	mkdir -p "$found/$1"
	name=$1
	set -- "$found/$name"
	[ ! -d "test/fuzz/corpus/$name" ] || set -- "$@" "test/fuzz/corpus/$name"
	"build/fuzz/run/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-artifact_prefix="build/fuzz/$name-" "$@" >"build/fuzz/$name.log" 2>&1
}

executions()	# name
{
	sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$1.log" 2>/dev/null
}

number=0
total=0
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
	times=$(executions "$name")
	total=$((total + ${times:-0}))
	echo "# $name: ${times:-no} executions"
done
echo "# $total executions of all targets"
[ $number -gt 0 ] && echo "1..$number" || echo "1..0 # SKIP no fuzzers"
exit $failed
