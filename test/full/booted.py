# SPDX-License-Identifier: MIT
"""The table in doc/boots.md of what was booted, and when: each test that boots a line of it holds it to that, and with
UPDATE=1 writes it."""

import fcntl
import os
import re
import time

from rig import TOP

BOOTS = os.path.join(TOP, "doc", "boots.md")
BEGIN, END = "<!-- booted: written by test/full/matrix.t, custom.t and firmware.t, by make booted -->\n", "<!-- booted: end -->\n"
HEAD = ["kernel", "version", "modules", "iscsi-init for", "started by", "result", "on", "s"]
KEY = (0, 3, 4)  # kernel, architecture, way


def cells(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def line_of(row):
    return "| %s |\n" % " | ".join(row)


def key_of(row):
    return tuple(row[column] for column in KEY)


def form_of(kernel):
    """How its modules are compressed."""
    with open(os.path.join(kernel.modules, "modules.dep")) as file:
        return ".ko" + re.match(r"[^:]*\.ko([^:]*):", file.readline()).group(1)


class Booted:
    """What one test saw; to be ended with finish()."""

    def __init__(self, rig):
        self.rig, self.rows = rig, []

    def add(self, kernel, version, modules, arch, way, reached, seconds):
        self.rows.append([kernel, version, modules, arch, way, "boots" if reached else "**fails**",
                          time.strftime("%Y-%m-%d"), "%.0f" % seconds])

    def finish(self):
        with open(BOOTS, "r+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            text = file.read()
            old = [cells(line) for line in re.search(BEGIN + "(.*?)" + END, text, re.S).group(1).splitlines()[2:]]
            if os.environ.get("UPDATE"):
                new = {key_of(row): row for row in self.rows}
                rows = [new.pop(key_of(row), row) for row in old] + list(new.values())
                table = line_of(HEAD) + "|" + "---|" * len(HEAD) + "\n" + "".join(map(line_of, rows))
                file.seek(0)
                file.write(re.sub(BEGIN + ".*?" + END, lambda _: BEGIN + table + END, text, flags=re.S))
                file.truncate()
                return
        shown = {key_of(row): row[5] for row in old}
        wrong = [line_of(row) for row in self.rows if shown.get(key_of(row)) != row[5]]
        self.rig.ok(not wrong, "the table in doc/boots.md says the same", "make booted writes it\n" + "".join(wrong))
