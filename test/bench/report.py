"""What a bench part leaves in bench/results: figures (TSV), a table (Markdown) and a plot (SVG, by gnuplot)."""

import os
import statistics
import subprocess
import sys
import time

sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "boot"))
from rig import TOP, run  # noqa: E402

RESULTS = os.path.join(TOP, "bench", "results")
PARTS = ("boots", "icount", "rtt", "growth", "throughput", "sweep", "sizes")
COLOURS = ("#4e79a7", "#f28e2b", "#59a14f", "#b07aa1", "#e15759", "#9c755f")


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def number(value, digits=0):
    return "-" if value is None else "%.*f" % (digits, value)


def spread(values, digits=0):
    """Median (smallest to largest)."""
    values = [value for value in values if value is not None]
    if not values:
        return "-"
    return "%s (%s–%s)" % (number(median(values), digits), number(min(values), digits), number(max(values), digits))


def ratio(value, base):
    return "-" if not value or not base else "%.2f" % (value / base) if value / base < 10 else "%.0f" % (value / base)


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


def first_line(*command):
    return run(*command).splitlines()[0].strip()


BEGUN = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
COMMIT = run("git", "-C", TOP, "describe", "--always", "--dirty").strip()  # now: results are files of the tree, too


def machine(kernel):
    """Where and with what the figures were taken."""
    with open("/proc/cpuinfo") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "?")
    with open("/etc/os-release") as file:
        system = next(line.split("=")[1].strip().strip('"') for line in file if line.startswith("PRETTY_NAME"))
    packages = run("dpkg-query", "-W", "-f", "${Package} ${Version}, ", "open-iscsi", "busybox-static",
                   "initramfs-tools-core", "dracut-core", "tgt", "qemu-system-x86").rstrip(", ")
    return "Run of %s UTC, commit %s, %s, %d × %s, guest kernel %s on QEMU's TCG (-smp 1); %s.\n" % (
        BEGUN, COMMIT, system, os.cpu_count(), model, kernel.version, packages)


def join():
    """One page of what the parts have left."""
    text = "# Measured\n\nWhat each figure is, and how to take it again: [test/bench](../../test/bench/README.md).\n"
    for part in PARTS:
        path = os.path.join(RESULTS, part + ".md")
        if os.path.exists(path):
            with open(path) as file:
                text += "\n" + file.read()
    write("README.md", text)
