#!/bin/sh
# SPDX-License-Identifier: MIT
# Lines as other systems have them in their images, installers and tests: what they name is understood. test/boot/dialects.t boots such.
# shellcheck source=test/lint/tap.sh
. "$(dirname "$0")/../lint/tap.sh"

understands()	# line, what check says of it, each in a line
{
	./iscsi-init check "$1" >"$scratch/said" 2>&1 || { cat "$scratch/said"; return 1; }
	shift
	for text; do
		grep -qF -- "$text" "$scratch/said" || { echo "'$text' is not said:" && cat "$scratch/said"; return 1; }
	done
}

check "Fedora CoreOS, installed on a target" understands \
	"ip=dhcp rd.neednet=1 ignition.platform.id=metal rd.iscsi.initiator=iqn.2026-01.test.coreos:machine \
netroot=iscsi:10.0.2.15::::iqn.2026-01.test.coreos:0 root=UUID=01234567-89ab-cdef-0123-456789abcdef rw" \
	"target 1: 10.0.2.15:3260 (dracut's words)" "LUN: every one" "initiator iqn.2026-01.test.coreos:machine" \
	"root: UUID=01234567-89ab-cdef-0123-456789abcdef"
check "Fedora CoreOS, on several paths" understands \
	"netroot=iscsi:10.0.2.15::::iqn.2026-01.test.coreos:0 netroot=iscsi:10.0.2.16::::iqn.2026-01.test.coreos:0 rd.multipath=default \
root=/dev/disk/by-label/dm-mpath-root rw" "target 1: 10.0.2.15:3260" "target 2: 10.0.2.16:3260" "root: /dev/disk/by-label/dm-mpath-root"
check "Fedora CoreOS, by the firmware's table" understands \
	"rd.iscsi.firmware=1 ip=ibft root=UUID=01234567-89ab-cdef-0123-456789abcdef rw" "those of the firmware's table (iBFT)"
check "Oracle's cloud, without credentials before the @" understands \
	"ip=dhcp netroot=iscsi:@169.254.0.2::::iqn.2026-01.test.cloud:uefi iscsi_initiator=iqn.2026-01.test.cloud:instance root=/dev/sda1" \
	"target 1: 169.254.0.2:3260" "name iqn.2026-01.test.cloud:uefi" "initiator iqn.2026-01.test.cloud:instance" "authentication: none"
check "Oracle Linux, both families and a LUN" understands \
	"ip=dhcp,dhcp6 rd.net.timeout.dhcp=10 netroot=iscsi:169.254.0.2:::1:iqn.2026-01.test.cloud:uefi rd.iscsi.bypass rd.iscsi.param=node.session.timeo.replacement_timeout=6000" \
	"target 1: 169.254.0.2:3260" "LUN 1"
check "dracut's own test, a server for the installer's words" understands \
	"root=LABEL=singleroot netroot=iscsi:192.168.51.1::::iqn.2026-01.test.dracut:target0 ip=192.168.51.101::192.168.51.1:255.255.255.0:iscsi-1:ens2:off \
rd.iscsi.firmware rd.iscsi.initiator=iqn.2026-01.test.dracut:me" \
	"interface ens2: static 192.168.51.101/24" "target 1: 192.168.51.1:3260"
check "dracut's own test, two targets on two cards" understands \
	"root=LABEL=sysroot ip=192.168.51.101:::255.255.255.0::ens2:off ip=192.168.52.101:::255.255.255.0::ens3:off \
netroot=iscsi:192.168.51.1::::iqn.2026-01.test.dracut:target1 netroot=iscsi:192.168.52.1::::iqn.2026-01.test.dracut:target2 rd.iscsi.waitnet=0 rd.iscsi.testroute=0 default GW=192.168.51.1" \
	"target 1: 192.168.51.1:3260" "target 2: 192.168.52.1:3260" "192.168.51.101/24" "192.168.52.101/24"
check "Ubuntu's and MAAS's words" understands \
	"ip=::::node:BOOTIF BOOTIF=01-52-54-00-12-34-56 iscsi_target_name=iqn.2026-01.test.maas:image iscsi_target_ip=10.0.0.1 iscsi_target_port=3260 \
iscsi_initiator=node ro cc:{'datasource_list': ['MAAS']}end_cc root=/dev/disk/by-path/ip-10.0.0.1:3260-iscsi-iqn.2026-01.test.maas:image-lun-1 --- console=ttyS0" \
	"target 1: 10.0.0.1:3260" "initiator node"
done_testing
