#!/bin/sh
# SPDX-License-Identifier: MIT
# What the subcommands say where people get lost: each names the thing, and what to do.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/../lint/tap.sh"
chmod 711 "$scratch"
cp iscsi-init "$scratch/program"

says() # exit code, text, command...
{
	wanted=$1 text=$2
	shift 2
	"$@" >"$scratch/said" 2>&1
	got=$?
	cat "$scratch/said"
	[ $got -eq "$wanted" ] && [ "$(cat "$scratch/said")" = "$text" ]
}

as_nobody()
{
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$scratch/program" "$@"
	else
		"$scratch/program" "$@"
	fi
}

needs_root()
{
	for words in "attach 127.0.0.1,iqn.2026-01.test:t" "detach 1" events monitor supervise; do
		# shellcheck disable=SC2086 # words
		says 1 "iscsi-init: ${words%% *}: Operation not permitted (this needs root)" as_nobody $words || return 1
	done
}

with_sys() # what there is in /sys
{
	unshare -rm sh -c 'mount -t tmpfs none /sys && mkdir -p "/sys/$2" && "$1" list' sh "$scratch/program" "$1"
}

as_process_1() # of a container
{
	timeout 20 unshare -rpf "$scratch/program" "$@"
}

check "the first process of a container does what it is asked, and boots nothing" says 0 \
	"$("$scratch/program" --version)" as_process_1 --version
check "what needs root says so at once" needs_root
check "what is used wrongly says that first" says 2 \
	"iscsi-init: expected: iscsi-init detach [--force] <session>" as_nobody detach
check "a file is no disk" says 1 "iscsi-init: /etc/passwd is no disk; expected a whole one, such as /dev/sda" \
	"$scratch/program" partitions /etc/passwd
check "a portal that refuses is named with its port" says 1 \
	"iscsi-init: 127.0.0.1:1: cannot connect: Connection refused (nothing listens there: is the target running?)" \
	"$scratch/program" discover 127.0.0.1:1
check "a kernel without iSCSI has no sessions, and that is said" says 0 \
	"no sessions (the kernel has no iSCSI: its modules are not loaded)" with_sys class
check "a kernel with it has none yet" says 0 "no sessions" with_sys class/iscsi_transport
done_testing
