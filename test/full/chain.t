#!/bin/sh
# SPDX-License-Identifier: MIT
# The case of test/boot/chain.t that takes long: in front of a dracut that could do the same itself.
exec "$(dirname "$0")/../boot/chain.t" network
