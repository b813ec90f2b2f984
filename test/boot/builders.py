# SPDX-License-Identifier: MIT
"""Initrds as distributions' own builders make them, for a kernel that is not installed: the builders read /lib/modules
and /boot, so they run in a mount namespace where these are the unpacked kernel's. With a hook of ours, or without."""

import os

from rig import TOP, cached, digest_of, run

HOOKS = os.path.join(TOP, "tools", "hooks")
BUILD = """
set -e
kernel=$1 version=$2 builder=$3 hook=$4 out=$5 more=$6
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p /lib/modules
mount --bind "$kernel/lib/modules" /lib/modules
mount -t tmpfs none /boot
cp "$kernel/config" /boot/config-"$version"
case $builder in
initramfs-tools)
	cp -R /etc/initramfs-tools "$work/conf"
	[ -z "$hook" ] || cp "$hook" "$work/conf/hooks/"
	mkinitramfs -d "$work/conf" -o "$out" "$version"
	;;
dracut)
	cp -R /usr/lib/dracut/modules.d "$work/modules.d"
	[ -z "$hook" ] || cp -R "$hook" "$work/modules.d/"
	mount --bind "$work/modules.d" /usr/lib/dracut/modules.d
	dracut --quiet --force --no-hostonly ${hook:+--add iscsi-init} ${more:+--add "$more"} --kver "$version" --kernel-image "$kernel/vmlinuz" "$out"
	umount /usr/lib/dracut/modules.d
	;;
mkinitcpio)
	"$STAND_IN" "$hook" "$version" "$out"
	;;
esac
"""
OUR_HOOKS = {"initramfs-tools": "initramfs-tools/iscsi-init", "dracut": "dracut/90iscsi-init",
             "mkinitcpio": "mkinitcpio/iscsi-init"}
# Debian has no mkinitcpio, so this is not the builder, but what it promises to an install file
STAND_IN = os.path.join(TOP, "test", "full", "mkinitcpio-stand-in")


def hook_of(builder, hooks=HOOKS):
    return os.path.join(hooks, OUR_HOOKS[builder])


def build(builder, kernel, hook, path, program="", more=""):
    """program: what the hook is told to take; "": it has to find one. more: modules of dracut's."""
    run("unshare", "-m", "sh", "-c", BUILD, "build", kernel.folder, kernel.version, builder, hook, path, more,
        env=dict(os.environ, ISCSI_INIT=program, STAND_IN=STAND_IN))


def distribution_initrd(builder, kernel, binary=None, more=""):
    """The builder's initrd; with a binary also our hook for that builder, with more also these of dracut's modules."""
    hook = hook_of(builder) if binary else ""
    stands_in = builder == "mkinitcpio"
    parts = [builder, kernel.version, str(os.path.exists("/sbin/mdadm")), digest_of(STAND_IN) if stands_in else run("dpkg-query", "-W", builder + "-core"),
             digest_of(__file__), more]
    if binary:
        script = hook if os.path.isfile(hook) else os.path.join(hook, "module-setup.sh")
        parts += [digest_of(binary), digest_of(script)]
    return cached(" ".join(parts), ".initrd", lambda path: build(builder, kernel, hook, path, binary or "", more))
