# SPDX-License-Identifier: MIT
"""Builds and runs driver.c, the login over a plain socket, with the sanitizers on."""

import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
LIBRARIES = ["-Lbuild/host/libs/lib", "-lkmod", "-lz", "-lzstd", "-llzma", "-lmbedcrypto"]


class Driver:
    """The program (or another one beside it), compiled into a folder of the caller's. fast: without the sanitizers."""

    def __init__(self, folder, name="driver", fast=False):
        library, flags = ("build/sim/libproject.a", ["-O2"]) if fast else ("build/host/libproject.a", SANITIZE)
        self.path = os.path.join(folder, name)
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        for command in (["make", "-s", library],
                        ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-I.", "-isystem", "build/host/libs/include", "-Wall",
                         "-Wextra"] + flags + ["-o", self.path, "test/target/%s.c" % name, library] +
                        LIBRARIES):
            subprocess.run(command, check=True, cwd=TOP, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, env=clean)

    def run(self, port, *options, host="127.0.0.1", seconds=30):
        """Its result and behind it what it logged, or what went wrong with it (a sanitizer's report, a leaked descriptor,
        no end)."""
        try:
            done = subprocess.run([self.path] + list(options) + [host, str(port)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds)
        except subprocess.TimeoutExpired:
            return "HANG"
        if done.returncode:
            return "CRASH %d\n%s%s" % (done.returncode, done.stdout.decode("utf-8", "replace"),
                                       done.stderr.decode("utf-8", "replace"))
        return (done.stdout + done.stderr).decode("utf-8", "replace")
