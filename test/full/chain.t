#!/bin/sh
# SPDX-License-Identifier: MIT
# The cases of test/boot/chain.t that take long: initramfs-tools with a target for its root, and in front of a dracut that could do
# the same itself.
exec "$(dirname "$0")/../boot/chain.t" root network
