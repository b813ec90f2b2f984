# SPDX-License-Identifier: MIT
"""A fork bomb that is sustained, counted, and ends by itself: bomb.c, built as hardening.t builds, for the lab's guest."""

import os

from rig import HERE, TOP, run


class SustainedBomb:
    """Of a user without rights (bomb.c): as many processes as he may have, each of which begins others as fast as it can. The lab's
    shell waits until it is over: at the kernel's limit it could begin no process either."""

    def __init__(self, lab, patience):
        self.lab, self.patience = lab, patience

    @staticmethod
    def files(rig):
        program = rig.path("bomb", "")
        flags = run(os.path.join(TOP, "deps", "flags"), "x86_64").split()
        run(os.path.join(TOP, "build", "x86_64", "libs", "bin", "musl-gcc"), *flags, "-D_GNU_SOURCE", "-fPIE", "-static-pie",
            "-o", program, os.path.join(HERE, "bomb.c"))
        with open(program, "rb") as file:
            return {"/bin/bomb": file.read()}

    def explode(self, returns, seconds, processes=0, pages=0):
        """Until it is full: processes 0 is what the kernel allows the user; pages are each process's own. It ends when the session
        has returned so often, or after so many of the guest's seconds: the shell waits for that."""
        self.lab.guest.send("bomb %d %d %d %d >/dev/console 2>&1\n" % (processes, pages, returns, seconds))
        if not self.lab.guest.expect("BOMB-IS-FULL", self.patience):
            raise RuntimeError("the bomb does not become full")

    def ended(self):
        """How it went: returns, least and most processes, begun in_ms, looks, and how often root's own fork was refused."""
        said = self.lab.guest.expect(r"BOMB (returned .* refused \d+)", self.patience)
        if not said or not self.lab.guest.expect("^did ", self.patience):
            raise RuntimeError("the guest's shell does not answer after the bomb")
        words = said.group(1).split()
        return {name: int(value) for name, value in zip(words[::2], words[1::2])}
