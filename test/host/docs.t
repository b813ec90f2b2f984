#!/bin/sh
# SPDX-License-Identifier: MIT
# The documents against the program: what it has stands in the manual, what the documents name is there.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/../lint/tap.sh"
page=doc/iscsi-init.8
binary=./iscsi-init
image_tool=tools/iscsi-init-image

all_in()	# file; one word a line on standard input: says which are not in the file
{
	sort -u >"$scratch/words"
	[ -s "$scratch/words" ] || { echo "nothing to look for: has the source changed its form?"; return 1; }
	missing=0
	while read -r word; do
		grep -qwF -e "$word" "$1" || { echo "$word: not in $1"; missing=1; }
	done <"$scratch/words"
	return $missing
}

# ---- the manual

# As a reader sees it, without overstrikes; and in one line, for what is more than a word.
MANWIDTH=200 man -l "$page" 2>/dev/null | col -bx >"$scratch/page"
tr -s ' \n' ' ' <"$scratch/page" >"$scratch/manual"

lint_page()
{
	man --warnings -E UTF-8 -l -Tutf8 -Z "$1" 2>"$scratch/warnings" >/dev/null
	cat "$scratch/warnings"
	[ ! -s "$scratch/warnings" ] && mandoc -T lint -W warning "$1"
}

commands()
{
	sed -n '/^SUBCOMMANDS/,/^FILES/s/^     \([a-z]*\)\( .*\)*$/\1/p' "$scratch/page" >"$scratch/described"
	"$binary" --help | sed -n 's/^  iscsi-init \([a-z]*\)\( .*\)*$/\1/p' |
		all_in "$scratch/described"
}

options()
{
	"$binary" --help | sed -n '/^Options of iscsi=/,/^$/s/^  \([A-Za-z0-9_]*\) .*/\1/p' | grep -v initiator |
		all_in "$scratch/manual"
}

# The program's own list: "<kind> <word>" a line.
"$binary" check --words >"$scratch/known"
known()	# kind
{
	sed -n "s/^$1 //p" "$scratch/known"
}

in_manual()	# kind
{
	known "$1" | all_in "$scratch/manual"
}

help_has_options()
{
	"$binary" --help >"$scratch/help"
	known option | all_in "$scratch/help"
}

own_words()
{
	sed -n 's/^     \(iscsi\.[a-z]*\)=.*/\1/p' "$scratch/page" >"$scratch/described"
	known ours | grep -F . | all_in "$scratch/described"
}

# The manual lists several words with one beginning: "rd.iscsi.target.name=, .ip=".
dracut_words()
{
	for word in $(known dracut); do
		short=${word#rd.iscsi.}
		grep -qwF -e "$word" "$scratch/manual" || grep -qF -e " .${short#target.}=" "$scratch/manual" ||
			{ echo "$word: not in the manual"; lost_word=1; }
	done
	[ -z "${lost_word:-}" ]
}

network_words()
{
	known network | grep -v '^rd.net.timeout' | all_in "$scratch/manual"
}

statuses()
{
	cat login.c login/*.c | grep -o '{0x0[123][0-9a-f]*, RETRY' | sed 's/.*0x\(....\).*/L\U\1/' |
		all_in "$scratch/manual"
}

codes()
{
	cat login.c login/*.c | sed -n '/login_error_code(/,/^}/p' | grep -o '"L[A-Z]\{3,\}"' | tr -d '"' | grep -v LOK |
		all_in "$scratch/manual"
}

events()
{
	sed -n '/event_name(const/,/^}/p' command/monitor.c | grep -o '"[a-z]*"' | tr -d '"' |
		all_in "$scratch/manual"
}

states()
{
	sed -n '/state_names\[SESSION_STATES/,/^};/p' session/session.c | grep -o '"[a-z ]*"' | tr -d '"' |
		all_in "$scratch/manual"
}

phases()
{
	sed -n '/names\[PHASE_COUNT/,/^};/p' boot/times.c | grep -o '"[a-z]*"' | tr -d '"' |
		all_in "$scratch/manual"
}

logged_events()
{
	product_files | xargs grep -oh '(event=[a-z]*' | cut -d = -f 2 |
		all_in "$scratch/manual"
}

kernel_errors()
{
	grep -o '{"ISCSI_ERR_[A-Z0-9_]*"' netlink.c | tr -d '{"' |
		all_in "$scratch/manual"
}

# Each setting's line of the table: its name with the default that the program has.
defaults()
{
	"$binary" --help | sed -n '/^Options of iscsi=/,/^$/s/^  \([A-Za-z0-9_]*\)  *.* (\(-*[A-Za-z0-9]*\)): .*/\1 \2/p' \
		>"$scratch/rows"
	[ "$(wc -l <"$scratch/rows")" -gt 20 ] || return 1
	while read -r setting value; do
		grep -qE "^ *$setting .*[^0-9A-Za-z-]$value( \(.*\))?\$" "$scratch/page" && continue
		echo "$setting: no line that ends in $value"
		failed_row=1
	done <"$scratch/rows"
	[ -z "${failed_row:-}" ]
}

# The options that the manual asks for are those that the kernel without modules was built with (test/full/custom.t).
kernel_options()
{
	sed -n '/^# the list/,/^# the list: end/p' test/full/custom.config | sed -n 's/^\(CONFIG_[A-Z0-9_]*\)=y$/\1/p' |
		sort >"$scratch/built"
	sed -n '/^KERNEL/,/^SUBCOMMANDS/p' "$scratch/page" | grep -o 'CONFIG_[A-Z0-9_]*' | grep -vE 'CONFIG_(MODULE|INITRAMFS_)' | sort -u \
		>"$scratch/asked"
	[ -s "$scratch/built" ] && diff "$scratch/asked" "$scratch/built"
}

check "the page has nothing that groff or mandoc warns about" lint_page "$page"
check "the image builder's page has neither" lint_page doc/iscsi-init-image.8
check "nor has that of iscsi-init-boots" lint_page doc/iscsi-init-boots.8
check "every subcommand is in the manual" commands
check "every setting is in the manual" options
check "every setting's default is in the manual's table" defaults
check "every other option of iscsi= is in the manual" in_manual option
check "every option of iscsi= is in --help" help_has_options

each_subcommand_helps()
{
	for command in $("$binary" --help | sed -n 's/^  iscsi-init \([a-z]*\)\( .*\)*$/\1/p'); do
		"$binary" "$command" --help </dev/null >"$scratch/one" 2>&1 || { echo "$command --help fails"; return 1; }
		"$binary" --help | grep -F -q "$(head -n 1 "$scratch/one")" && [ "$(wc -l <"$scratch/one")" = 2 ] ||
			{ cat "$scratch/one"; return 1; }
	done
}
output_that_is_lost_is_a_failure()
{
	for words in "check root=LABEL=x" "--help" "check --help"; do
		# shellcheck disable=SC2086 # a list of words
		if "$binary" $words >/dev/full 2>"$scratch/lost"; then echo "$words"; return 1; fi
		grep -q 'output cannot be written: No space left' "$scratch/lost" || return 1
	done
}
check "output that cannot be written is a failure" output_that_is_lost_is_a_failure
check "every subcommand explains itself with --help" each_subcommand_helps
check "every iscsi.* word is in the manual" own_words
check "every word of the kernel's that is read is in the manual" in_manual kernel
check "every word of Debian's is in the manual" in_manual debian
check "every word of dracut's about iSCSI is in the manual" dracut_words
check "every word about the network is in the manual" network_words
check "every status of a login is in the manual" statuses
check "every code of a failed login is in the manual" codes
check "every iscsi.onfail= is in the manual" in_manual onfail
check "every error of the kernel's is in the manual" kernel_errors
check "every event of the kernel's is in the manual" events
check "every event of the resident process is in the manual" logged_events
check "every state of a session is in the manual" states
check "every phase of a boot is in the manual" phases
check "the manual's kernel options are those that a kernel was built with" kernel_options

# The page of the image builder and its --help name the same options.
image_page()
{
	"$image_tool" --help | grep -oE '(^|[ ,])--[a-z-]+' | tr -d ' ,' | grep -v -x -e --help | sort -u >"$scratch/helped"
	MANWIDTH=200 man -l doc/iscsi-init-image.8 2>/dev/null | col -bx | sed -n '/^DESCRIPTION/,/^ENVIRONMENT/p' |
		grep -oE '^ +(-o file, )?--[a-z-]+' | grep -oE -e '--[a-z-]+' | grep -v -x -e --help | sort -u >"$scratch/paged"
	[ "$(wc -l <"$scratch/helped")" -gt 15 ] && diff "$scratch/helped" "$scratch/paged"
}
check "the image builder's page has the options of its --help, and no others" image_page

# ---- ARCHITECTURE.md: every room, which is a folder or a pair at the top, has its paragraph

named()
{
	for room in $(product_files | sed -n 's#^\([a-z]*\)/.*#\1/#p; s#^\([a-z]*\.c\)$#\1#p' | sort -u); do
		grep -qE "^\*\*.*\`$room\`.*\*\*" ARCHITECTURE.md || [ "$room" = main.c ] || { echo "$room has no paragraph"; unnamed=1; }
	done
	[ -z "${unnamed:-}" ]
}

exists()
{
	grep -oE '`[A-Za-z0-9_./-]+\.(c|h|t|md|sh)`' "$1" | tr -d '`' | sort -u |
		while read -r file; do
			[ -e "$file" ] || [ -e "test/unit/$file" ] || echo "$file is not there"
		done | tee "$scratch/gone"
	[ ! -s "$scratch/gone" ]
}

links()
{
	for document in README.md ARCHITECTURE.md doc/*.md test/README.md test/bench/results/README.md; do
		[ -e "$document" ] || continue
		grep -oE '\]\([^)#]+' "$document" | cut -c 3- | grep -v '^http' | while read -r to; do
			[ -e "$(dirname "$document")/$to" ] || echo "$document: $to is not there"
		done
	done | tee "$scratch/broken"
	[ ! -s "$scratch/broken" ]
}

check "every room has its paragraph in ARCHITECTURE.md" named
check "every file that ARCHITECTURE.md names is there" exists ARCHITECTURE.md
check "every file that the README names is there" exists README.md
check "no link leads nowhere" links

# ---- the table of boots

booted()
{
	sed -n '/^<!-- booted: written/,/^<!-- booted: end/p' doc/boots.md >"$scratch/table"
	test/boot/kernels --list >"$scratch/kernels" && [ -s "$scratch/kernels" ] || return 1
	while read -r kernel; do
		grep -q "^| $kernel |.* boots | 20" "$scratch/table" || { echo "$kernel: no line, or it fails"; missing_boot=1; }
	done <"$scratch/kernels"
	! grep -F '**fails**' "$scratch/table" && [ -z "${missing_boot:-}" ]
}

check "every kernel that is tested has its line in doc/boots.md, and boots" booted

# ---- the README's commands

make_targets()
{
	cat README.md doc/*.md test/README.md ARCHITECTURE.md | grep -oE '(`|^)make [a-z-]+' | cut -d ' ' -f 2 | sort -u >"$scratch/targets"
	[ -s "$scratch/targets" ] || return 1
	while read -r target; do
		make -n -q "$target" >/dev/null 2>&1
		[ $? -lt 2 ] || { echo "make $target: no such target"; bad_target=1; }
	done <"$scratch/targets"
	[ -z "${bad_target:-}" ]
}

image_options()
{
	"$image_tool" --help >"$scratch/image-help"
	cat README.md doc/recipes.md | sed -n '/iscsi-init-image/,/^```/p' | grep -oE '(^|[ `])--[a-z-]+' | tr -d ' `' | sort -u | all_in "$scratch/image-help"
}

# Each line of the command line's screen, filled in where it has a gap, is one that check takes.
example_lines()
{
	{
		grep -ohE "iscsi=10\.0\.0\.1,iqn\.2026-01\.org\.example:disk[^'\`]*" README.md doc/*.md
		echo 'iscsi=dhcp root=LABEL=root rw'
		sed -n '/^.Bd -literal/,/^.Ed/p' "$page" | grep -E '^(rdinit=/iscsi-init )?iscsi=' | sed 's/\.\.\./x/'
	} | sort -u >"$scratch/lines"
	while read -r line; do
		"$binary" check "$line" || { echo "refused: $line"; bad_line=1; }
	done <"$scratch/lines"
	[ -z "${bad_line:-}" ]
}

licences()
{
	for library in musl kmod xz zstd; do
		grep -q "^| $library" README.md || { echo "no licence of $library"; return 1; }
	done
	grep -q 'Mbed TLS' README.md
}

check "every make target that the documents name is there" make_targets
check "every option of the image builder in the documents is one of its own" image_options
check "every example of a command line is one that check takes" example_lines
check "every linked library has its licence in the README" licences
done_testing
