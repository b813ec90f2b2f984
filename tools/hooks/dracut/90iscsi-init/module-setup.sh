#!/bin/bash
# SPDX-License-Identifier: MIT
# dracut module. A package brings it; by hand: install this folder below /usr/lib/dracut/modules.d/. Run
# dracut --force --add iscsi-init, or write add_dracutmodules+=" iscsi-init " into a file of /etc/dracut.conf.d, and add
# rdinit=/iscsi-init and the iscsi= words to the kernel command line: the distribution's own boot follows unchanged.
# ISCSI_INIT=FILE is a program that stands elsewhere.

check()
{
	return 255 # only when asked for
}

depends()
{
	return 0
}

installkernel()
{
	hostonly='' instmods iscsi_tcp sd_mod crc32c iscsi_ibft af_packet ipv6 8021q bonding bridge \
		virtio_net hv_netvsc vmxnet3 xen-netfront =drivers/net/ethernet =drivers/net/mdio =drivers/net/phy \
		=drivers/net/dsa =net/dsa
}

# shellcheck disable=SC2154 # dracut's own variable
install()
{
	local file candidate program='' installed=/usr/sbin/iscsi-init # as make install had it
	for candidate in "$ISCSI_INIT" "$installed" /usr/local/sbin/iscsi-init /usr/sbin/iscsi-init; do
		[[ $program ]] || [[ ! -x $dracutsysrootdir$candidate ]] || program=$candidate
	done
	if [[ ! $program ]]; then
		dfatal "iscsi-init: there is no program $installed: install it, or set ISCSI_INIT to where it is"
		exit 1 # an image without it would be made in silence
	fi
	inst "$program" /iscsi-init
	for file in /etc/iscsi/initiatorname.iscsi /etc/iscsi-init/secrets; do
		[ ! -r "$dracutsysrootdir$file" ] || inst_simple "$file"
	done
}
