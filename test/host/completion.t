#!/bin/bash
# SPDX-License-Identifier: MIT
# Bash completion, as bash calls it: sourced, and asked for what can follow.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/../lint/tap.sh"
PATH=$PWD:$PWD/tools:$PATH

complete_line() # words...: what the last of them can become
(
	# shellcheck source=tools/completion
	. tools/completion
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
	"$(complete -p "$1" | sed 's/.*-F \([^ ]*\).*/\1/')"
	printf '%s\n' "${COMPREPLY[@]}"
)
becomes() # expected, words...
{
	expected=$1
	shift
	complete_line "$@" >"$scratch/replies"
	cat "$scratch/replies"
	[ "$(paste -s -d ' ' "$scratch/replies")" = "$expected" ]
}
offers() # an expected line, words...
{
	expected=$1
	shift
	complete_line "$@" | tee "$scratch/replies"
	grep -q -x -F -e "$expected" "$scratch/replies"
}
all_subcommands()
{
	complete_line iscsi-init '' | grep -v -e -- | sort >"$scratch/offered"
	iscsi-init --help | sed -n 's/^  iscsi-init \([a-z]*\)\( .*\)*$/\1/p' | sort >"$scratch/there"
	[ -s "$scratch/there" ] && diff "$scratch/there" "$scratch/offered"
}
all_settings()
{
	complete_line iscsi-init attach '10.0.0.1,iqn.2026-01.org.example:disk,' | sed 's/.*,//; s/=$//' | sort >"$scratch/offered"
	iscsi-init --help | sed -n '/^Options of iscsi=/,/^$/s/^  \([A-Za-z0-9_]*\)  .*/\1/p' | sort >"$scratch/there"
	[ "$(wc -l <"$scratch/there")" -gt 20 ] && comm -23 "$scratch/there" "$scratch/offered" | tee "$scratch/left"
	[ ! -s "$scratch/left" ]
}
every_image_option_is_one()
{
	for option in $(complete_line iscsi-init-image -); do
		iscsi-init-image --help | grep -q -e "$option" || { echo "$option"; return 1; }
	done
}

check "every subcommand is offered" all_subcommands
check "a subcommand is completed" becomes 'detach' iscsi-init det
check "a subcommand's options are offered" offers --help iscsi-init check --h
check "every setting of iscsi= is offered" all_settings
check "a setting is completed behind what stands there" becomes 'x,iqn.2026-01.a:b,HeaderDigest=' \
	iscsi-init attach 'x,iqn.2026-01.a:b,HeaderD'
check "so it is where bash breaks the word at a colon" becomes 'disk,HeaderDigest=' iscsi-init attach 'disk,HeaderD'
check "how a machine is shut down is offered" becomes 'reboot poweroff halt kexec' iscsi-init shutdown ''
check "an option of the image builder is completed" becomes '--boot-files' iscsi-init-image --boot-f
check "every option offered is one of the image builder's" every_image_option_is_one
check "a choice of network drivers is offered" becomes 'common all host' iscsi-init-image --nic ''
check "a file is completed" offers Makefile iscsi-init-image --append Makef
done_testing
