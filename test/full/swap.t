#!/bin/sh
# SPDX-License-Identifier: MIT
# test/boot/swap.t with 20 outages.
exec "$(dirname "$0")/../boot/swap.t" 20
