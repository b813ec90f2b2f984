#!/bin/bash
# SPDX-License-Identifier: MIT
# The first hour of somebody who has just a fresh system: `make demo` needs nothing that deps/install does not name, and
# neither it nor the tests' packages leave a daemon that runs, or would run at the next boot.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/../lint/tap.sh"

# What a service would be started by, and what runs: before and after. The names of processes are those of this shell's
# own system, where the first is the script itself.
cat >"$scratch/inside" <<'IN'
enabled() { find /etc/systemd/system /etc/rc?.d \( -name 'S*' -o -path '*/systemd/*' \) -type l 2>/dev/null | sort; }
running() { cat /proc/[0-9]*/comm | sort | uniq | grep -v -x -E 'bash|sh|cat|sort|uniq|grep|tee'; }
enabled >/root/share/enabled-before
make demo >/root/share/demo 2>&1
echo $? >/root/share/demo-status
enabled >/root/share/enabled-demo
running >/root/share/running-demo
deps/install build test >/root/share/install 2>&1
echo $? >/root/share/install-status
enabled >/root/share/enabled-test
running >/root/share/running-test
systemctl --root=/ list-unit-files --state=enabled --no-legend >/root/share/units
ls /usr/sbin/policy-rc.d* /run/iscsi-init-services >/root/share/policy 2>/dev/null
: >/root/share/complete
IN
share=$scratch/share
mkdir "$share"
cp "$scratch/inside" "$share/script"

runs() { FRESH_SHARE=$share test/full/fresh bash /root/share/script && [ -e "$share/complete" ]; }
demo_boots()
{
	tail -n 20 "$share/demo"
	[ "$(cat "$share/demo-status")" = 0 ] && tail -n 1 "$share/demo" | grep -q '^The guest booted from its iSCSI disk'
}
no_controls() { ! grep -n '[[:cntrl:]]' "$share/demo" | grep -v '	' | cat -v | grep .; }
says_beforehand()
{
	head -n 12 "$share/demo"
	head -n 8 "$share/demo" | grep -q 'Debian packages and what they need' && head -n 8 "$share/demo" | grep -q 'about [0-9]* minutes' &&
		grep -q '^   Need to get ' "$share/demo"
}
shows_the_boot()
{
	grep -q '| .*iscsi-init: logged in to iqn' "$share/demo" && grep -q '^   login  *[0-9]*  |.*#.*|' "$share/demo"
}
says_libraries()
{
	for library in musl xz zstd kmod; do grep -q -x "   $library" "$share/demo" || return 1; done
}
few_packages()
{
	sed -n 's/^   Need to get //p' "$share/demo"
	[ "$(sed -n 's/^   Need to get \([0-9]*\).* MB.*/\1/p' "$share/demo")" -lt 120 ]
}
nothing_of_ours() # links that are there now and were not: the system's own may be
{
	comm -13 "$share/enabled-before" "$share/enabled-$1" | grep -v -E '/S..(udev|kmod|procps|hwclock.sh)$' |
		while read -r link; do
			case ${link##*/} in
			getty@tty1.service | remote-fs.target | systemd-*) ;;
			*) echo "$link" ;;
			esac
		done | tee "$scratch/ours"
	[ ! -s "$scratch/ours" ]
}
units_of_tests_disabled()
{
	cat "$share/units"
	[ -s "$share/units" ] && ! grep -E '^(tgt|iscsid|open-iscsi|radvd|dnsmasq|lvm2|blk-av|dm-event|dbus-d)' "$share/units"
}
nothing_runs()
{
	cat "$share/running-$1"
	[ ! -s "$share/running-$1" ]
}
test_packages_there() { tail -n 5 "$share/install"; [ "$(cat "$share/install-status")" = 0 ]; }
policy_is_gone() { [ -e "$share/policy" ] && [ ! -s "$share/policy" ]; }

check "make demo and deps/install run on a fresh system" runs
check "the demo boots its guest" demo_boots
check "it says beforehand what it fetches, and how long that takes" says_beforehand
check "it fetches no more than it uses" few_packages
check "it names each library that it builds" says_libraries
check "it shows the boot in our words, and its phases" shows_the_boot
check "no terminal code of the firmware comes through" no_controls
check "after the demo no service is enabled that was not" nothing_of_ours demo
check "and nothing runs" nothing_runs demo
check "the tests' packages are installed" test_packages_there
check "after that no service is enabled that was not" nothing_of_ours test
check "systemd would start none of them" units_of_tests_disabled
check "and nothing runs" nothing_runs test
check "the policy that held them is gone" policy_is_gone
done_testing
