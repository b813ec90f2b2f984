# SPDX-License-Identifier: MIT
"""What a bench part leaves in test/bench/results: figures (TSV), a table (Markdown) and a plot (SVG, by gnuplot)."""

import os
import re
import statistics
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot"))
from rig import TOP, run  # noqa: E402

RESULTS = os.path.join(TOP, "test", "bench", "results")
PARTS = ("boots", "icount", "rtt", "growth", "throughput", "sweep", "sizes", "storm", "floor", "grid", "logins",
         "recovery", "stalls", "paths")
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#9c755f")


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def number(value, digits=0):
    return "-" if value is None else "%.*f" % (digits, value)


def bounds(values, digits=0):
    """Smallest to largest."""
    values = [value for value in values if value is not None]
    return "%s–%s" % (number(min(values), digits), number(max(values), digits)) if values else "-"


def spread(values, digits=0):
    """Median (smallest to largest); of a single one, that."""
    if len(values) < 2:
        return number(median(values), digits)
    return "%s (%s)" % (number(median(values), digits), bounds(values, digits))


def ratio(value, base):
    return "-" if not value or not base else "%.2f" % (value / base) if value / base < 10 else "%.0f" % (value / base)


def best(values):
    """Of the peers' figures, by the candidates' names: the smallest."""
    values = [value for name, value in values.items() if value and not name.startswith("iscsi-init")]
    return min(values) if values else None


def beside(values, digits=0):
    """Each figure as text, its ratio to the best peer's behind it."""
    least = best(values)
    return {name: number(value, digits) + (" (× %s)" % ratio(value, least) if value and least else "")
            for name, value in values.items()}


def slope(points):
    """Least squares: y for each x more."""
    mean_x = statistics.mean(x for x, _ in points)
    mean_y = statistics.mean(y for _, y in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows]) + "\n"


def write(name, text):
    os.makedirs(RESULTS, exist_ok=True)
    with open(os.path.join(RESULTS, name), "w") as file:
        file.write(text)


def write_tsv(name, head, rows):
    write(name, "".join("\t".join(map(str, row)) + "\n" for row in [head] + rows))


def cell(value):
    """gnuplot takes what stands in quotes for text."""
    try:
        return "%g" % float(value)
    except ValueError:
        return '"%s"' % value


def plot(name, script, blocks):
    """blocks: name -> rows; in the script they are the data blocks $name."""
    os.makedirs(RESULTS, exist_ok=True)
    text = "set terminal svg size 900,420 font 'sans-serif,13' background '#ffffff'\nset output '%s'\n" % os.path.join(
        RESULTS, name)
    text += "".join("set linetype %d linecolor rgb '%s' linewidth 2\n" % (index + 1, colour)
                    for index, colour in enumerate(COLOURS))
    for block, rows in blocks.items():
        text += "$%s <<END\n%s\nEND\n" % (block, "\n".join(" ".join(map(cell, row)) for row in rows))
    subprocess.run(["gnuplot"], input=(text + script).encode(), check=True)


def commit():
    """What the run is of; what a run itself writes does not make it another one."""
    try:
        changed = run("git", "-C", TOP, "status", "--porcelain", "-uno", "--", ".", ":!test/bench/results", ":!README.md")
        return run("git", "-C", TOP, "describe", "--always").strip() + ("-dirty" if changed.strip() else "")
    except RuntimeError:
        return "unknown"


BEGUN = time.strftime("%Y-%m-%d %H:%M", time.gmtime())  # names the run: all its pages say it
COMMIT = commit()
HEADER = re.compile(r"^Run of (.*?) UTC, commit (\S+), (.*?), (\d+) minutes: ", re.M)


def machine(kernel):
    """Where and with what the figures were taken."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    with open("/etc/os-release") as file:
        system = next(line.split("=")[1].strip().strip('"') for line in file if line.startswith("PRETTY_NAME"))
    packages = run("dpkg-query", "-W", "-f", "${Package} ${Version}, ", "open-iscsi", "busybox-static",
                   "initramfs-tools-core", "dracut-core", "tgt", "qemu-system-x86").rstrip(", ")
    return "%s, %d × %s, guest kernel %s on QEMU's TCG (-smp 1); %s" % (
        system, os.cpu_count(), model, kernel.version, packages)


def header(kernel, settings, seconds):
    """The line under the title of a part's page; join() reads it again."""
    return "Run of %s UTC, commit %s, %s, %d minutes: %s.\n" % (
        BEGUN, COMMIT, settings, round(seconds / 60), machine(kernel))


def join():
    """One page of what the parts have left; it says which of them are of one run."""
    pages, rows = {}, []
    for part in PARTS:
        path = os.path.join(RESULTS, part + ".md")
        if os.path.exists(path):
            with open(path) as file:
                pages[part] = file.read()
            found = HEADER.search(pages[part])
            rows.append([part] + list(found.groups() if found else ("not said", "-", "-", "-")))
    text = "# Measured\n\nWhat each figure is, and how to take it again: [test/bench](../README.md).\n\n"
    text += table(["part", "run of (UTC)", "commit", "settings", "minutes"], rows)
    if len({tuple(row[1:3]) for row in rows}) > 1:
        text += "\n**The parts are of different runs**: compare figures of the same one only.\n"
    write("README.md", text + "".join("\n" + page for page in pages.values()))


MEASURED = os.path.join(TOP, "doc", "measured.md")
BEGIN = "<!-- measured: written by test/bench/run when all parts were run, by make bench -->\n"
END = "<!-- measured: end -->\n"


def show(text):
    """In doc/measured.md, between its marks."""
    with open(MEASURED, encoding="utf-8") as file:
        old = file.read()
    with open(MEASURED, "w", encoding="utf-8") as file:
        file.write(re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: BEGIN + text + END, old, flags=re.S))
