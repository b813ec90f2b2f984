#!/bin/sh
# SPDX-License-Identifier: MIT
# iscsi-init-boots: which lines of a log are one boot, what became of it, and what it says of a log that is none.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/../lint/tap.sh"
tool=tools/iscsi-init-boots
log=$scratch/log

line() # severity, seconds of the clock, machine, ms, more structured data, text
{
	printf '<2%s>1 2026-11-29T10:00:%sZ %s iscsi-init 1 - [boot@32473 ms="%s"%s] %s\n' "$@" >>"$log"
}
shown() # expected: machine, state, handover, outages and the last error of each boot
{
	"$tool" "$log" >"$scratch/table" || return 1
	cat "$scratch/table"
	awk 'NR > 1 { print $1, $2, $11, $12, $13 }' "$scratch/table" | sed 's/ *$//' | paste -s -d , >"$scratch/got"
	[ "$(cat "$scratch/got")" = "$1" ]
}
begin() { : >"$log"; }

boots_again_at_once()
{
	begin
	line 8 10.000000 rack1 100 '' 'eth0: address 10.0.0.5/24'
	line 8 10.700000 rack1 800 ' modules="90" handover="800"' 'boot times ms: ...'
	line 8 20.000000 rack1 100 '' 'eth0: address 10.0.0.5/24'
	line 8 20.600000 rack1 700 ' modules="90" handover="700"' 'boot times ms: ...'
	shown 'rack1 up 800 0,rack1 up 700 0'
}
overtaken()
{
	begin
	line 8 10.700000 rack1 800 ' modules="90" handover="800"' 'boot times ms: ...'
	line 8 10.000000 rack1 100 '' 'eth0: address 10.0.0.5/24'
	shown 'rack1 up 800 0'
}
clock_is_set() # hours forward, by NTP
{
	begin
	line 8 10.700000 rack1 800 ' handover="800"' 'boot times ms: ...'
	line 4 50.000000 rack1 30000 '' 'lost x (event=lost sid=1)'
	line 4 50.900000 rack1 30900 '' 'x is back (event=back sid=1)'
	shown 'rack1 up 800 1'
}
lost()
{
	begin
	line 8 10.700000 rack1 800 ' handover="800"' 'boot times ms: ...'
	line 4 20.700000 rack1 10800 '' 'lost x (event=lost sid=1)'
	shown 'rack1 lost 800 1'
}
failed()
{
	begin
	line 7 10.700000 rack1 800 '' 'no-address'
	line 8 10.000000 rack2 100 '' 'eth0: address 10.0.0.6/24'
	shown 'rack1 failed - 0 no-address,rack2 booting - 0'
}
says() # text, command...
{
	text=$1
	shift
	"$@" >"$scratch/said" 2>&1 && return 1
	cat "$scratch/said"
	[ "$(cat "$scratch/said")" = "iscsi-init-boots: $text" ]
}
reader_has_enough()
{
	begin
	for n in $(seq 3000); do line 8 10.000000 "rack$n" 100 '' 'eth0: address 10.0.0.6/24'; done
	"$tool" "$log" 2>"$scratch/said" | head -n 1
	cat "$scratch/said"
	[ ! -s "$scratch/said" ]
}

check "a machine that boots again within a second has two boots" boots_again_at_once
check "a line that was overtaken makes no other boot" overtaken
check "nor does a clock that is set" clock_is_set
check "a disk that is not back is lost" lost
check "a boot that failed has its error, one without an end is booting" failed
check "it draws what it shows" sh -c "$tool $log --svg $scratch/svg >/dev/null && grep -q '>rack2<' $scratch/svg"
check "a log of others is said" says "/dev/null has no line of iscsi-init in the form of RFC 5424" "$tool" /dev/null
check "so is a file that is not there" says "/nothing/log: No such file or directory" "$tool" /nothing/log
check "and a picture that cannot be written" says "/nothing/svg: No such file or directory" "$tool" "$log" --svg /nothing/svg
check "a reader who has seen enough is no failure" reader_has_enough
done_testing
