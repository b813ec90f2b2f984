#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs each fuzzer in build/fuzz/run (made from test/fuzz/NAME.c) over its corpus and then over RUNS inputs made from it by a
# fixed seed: what fails here is of the change, not of the day. With FUZZ_SECONDS it explores by chance for so long instead: what
# reached new code is kept in the cache, fuzz/NAME, and the next exploration begins with it.
# What went wrong is in build/fuzz/NAME-crash-*. Says how many inputs were run.
cd "$(dirname "$0")/../.." || exit 1
RUNS=10000
fixed=
! setarch -R true 2>/dev/null || fixed='setarch -R' # addresses are part of what leads to the next input
found=${ISCSI_INIT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/iscsi-init}/fuzz

fuzz()	# name
{
	name=$1
	if [ -n "$FUZZ_SECONDS" ]
	then
		new=$found/$name
		set -- -max_total_time="$FUZZ_SECONDS"
	else
		new=build/fuzz/new/$name
		rm -rf "$new"
		set -- -runs=$RUNS -seed=1 -entropic=0
	fi
	mkdir -p "$new"
	set -- "$@" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" "$new"
	[ ! -d "test/fuzz/corpus/$name" ] || set -- "$@" "test/fuzz/corpus/$name"
	$fixed "build/fuzz/run/$name" "$@" >"build/fuzz/$name.log" 2>&1
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
		{
			echo "not ok $number - no input breaks $name"
			grep -m 4 -E 'does not hold|ERROR:|runtime error:|^SUMMARY' "build/fuzz/$name.log"
			tail -n 40 "build/fuzz/$name.log"
		} 2>&1 | sed 's/^/# /' >&2
	fi
	times=$(executions "$name")
	total=$((total + ${times:-0}))
	echo "# $name: ${times:-no} executions"
done
echo "# $total executions of all targets"
[ $number -gt 0 ] && echo "1..$number" || echo "1..0 # SKIP no fuzzers"
exit $failed
