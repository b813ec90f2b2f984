# SPDX-License-Identifier: MIT
"""Images that are shared or verified: made by veritysetup, and compared by what is in them."""

import hashlib
import os
import re
import subprocess

from rig import MIB, Disk, run


def digest(*disks):
    sums = []
    for disk in disks:
        with open(disk.path, "rb") as file:
            sums.append(hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest")
                        else hashlib.sha256(file.read()).hexdigest())
    return sums


def hash_of(output):
    return re.search(r"Root hash:\s*([0-9a-f]+)", output).group(1)


def verified_disk(rig, disk):
    """One disk with the data (a file system without a partition table) and its hash tree, in partitions whose UUIDs are the
    halves of the root hash. The disk and the hash."""
    tree = rig.path("tree", ".img")
    root_hash = hash_of(run("veritysetup", "format", "--salt=-", disk.path, tree))
    as_uuid = ["%s-%s-%s-%s-%s" % (half[:8], half[8:12], half[12:16], half[16:20], half[20:])
               for half in (root_hash[:32], root_hash[-32:])]
    both = Disk(rig.path("both", ".img"))
    size, tree_size = os.path.getsize(disk.path), -(-os.path.getsize(tree) // MIB) * MIB
    run("truncate", "-s", str(size + tree_size + 2 * MIB), both.path)
    subprocess.run(["sfdisk", "-q", both.path], check=True, stdout=subprocess.DEVNULL, text=True, input=(
        "label: gpt\nstart=2048, size=%d, uuid=%s\nsize=%d, uuid=%s\n" % (size // 512, as_uuid[0], tree_size // 512, as_uuid[1])))
    for at, path in ((1, disk.path), (1 + size // MIB, tree)):
        run("dd", "if=" + path, "of=" + both.path, "bs=1M", "seek=%d" % at, "conv=notrunc,sparse")
    return both, root_hash
