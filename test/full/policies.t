#!/bin/sh
# SPDX-License-Identifier: MIT
# The cases of test/boot/layers.t that take long: more words for a layer in memory, and what is to happen when a block is corrupted.
exec "$(dirname "$0")/../boot/layers.t" words policies
