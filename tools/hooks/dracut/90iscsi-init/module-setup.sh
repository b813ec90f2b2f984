#!/bin/bash
# SPDX-License-Identifier: MIT
# dracut module: install this folder below /usr/lib/dracut/modules.d/, run dracut --force --add iscsi-init, and add
# rdinit=/iscsi-init and the iscsi= words to the kernel command line. The distribution's own boot follows unchanged.

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
	hostonly='' instmods iscsi_tcp sd_mod crc32c iscsi_ibft 8021q bonding virtio_net =drivers/net/ethernet
}

# shellcheck disable=SC2154 # dracut's own variable
install()
{
	local file
	inst "${ISCSI_INIT:-/usr/sbin/iscsi-init}" /iscsi-init
	for file in /etc/iscsi/initiatorname.iscsi /etc/iscsi-init/secrets; do
		[ ! -r "$dracutsysrootdir$file" ] || inst_simple "$file"
	done
}
