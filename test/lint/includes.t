#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The layout is the architecture: a .c/.h pair is one room; includes go down only, by the table below; no circle of rooms;
and what claims to be pure stays pure: no header and no function that reaches a descriptor, the clock, memory or the way out."""
import glob
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
FOLDERS = re.search(r"^folders = (.*)$", open("Makefile").read(), flags=re.M).group(1).split()

# Who may include whom. A folder is named by itself, a pair at the top by its name, one header of a folder by its path.
MAY = {
    "proto": ["proto"],
    "cmdline": ["proto"],
    "login": ["login", "proto"],
    "sys": ["sys", "proto"],
    "plan": ["plan", "cmdline", "proto"],
    "netlink": ["sys", "proto"],
    "blockdev": ["plan/plan.h", "sys", "proto"],
    "net": ["net", "plan", "sys", "proto"],
    "root": ["root", "plan/plan.h", "sys", "proto"],
    "session": ["session", "login", "netlink", "plan", "root/init.h", "sys", "proto"],
    "boot": ["boot", "session", "root", "net", "blockdev", "netlink", "login", "plan", "cmdline", "sys", "proto"],
}
MAY["supervisor"] = ["supervisor"] + MAY["boot"]
MAY["command"] = ["command"] + MAY["supervisor"]
MAY["main"] = MAY["command"]
PURE = ["proto", "cmdline", "login", "plan"]
TOP_MAX = 16

number = failed = 0


def check(name, troubles):
    global number, failed
    number += 1
    failed += bool(troubles)
    print(("not " if troubles else "") + "ok %d - %s" % (number, name))
    for trouble in troubles:
        print("# " + trouble, file=sys.stderr)


def read(path):
    return open(path, encoding="utf-8").read()


def code(path):
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', " ", read(path), flags=re.S)


def includes(path):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', read(path), flags=re.M)


def room(path):
    """The part of the house that a file belongs to: its folder, at the top its name; login.c is the door of login/."""
    return os.path.dirname(path) or os.path.splitext(path)[0]


def pair(path):
    return os.path.splitext(path)[0]


def arrows():
    return {(pair(path), pair(to)) for path in files for to in includes(path) if pair(path) != pair(to)}


def circles():
    """The groups of pairs that include each other (Tarjan)."""
    after = {}
    for a, b in sorted(arrows()):
        after.setdefault(a, []).append(b)
    index, low, stack, found = {}, {}, [], []

    def visit(name):
        index[name] = low[name] = len(index)
        stack.append(name)
        for to in after.get(name, []):
            if to not in index:
                visit(to)
            if to in stack:
                low[name] = min(low[name], low[to])
        if low[name] == index[name]:
            group = stack[stack.index(name):]
            del stack[stack.index(name):]
            if len(group) > 1:
                found.append("circle: " + " ".join(sorted(group)))

    for name in sorted(after):
        if name not in index:
            visit(name)
    return found


HEADERS = r"^\s*#\s*include\s+<((?:unistd|fcntl|time|signal|poll|syslog|pthread|sys/(?!types|param|cdefs).*)\.h)>"
CALLS = (r"(?<![.>])\b((?:m|c|re)alloc|free|strdup|open|close|read|write|sendto|recvfrom|socket|time|clock_gettime|gettimeofday"
         r"|getrandom|rand|random|exit|_exit|abort|printf|fprintf|perror|syslog|log_(?!level|safe)\w+)\s*\(")


def impurities(path):
    return (["%s includes <%s>" % (path, header) for header in re.findall(HEADERS, read(path), flags=re.M)] +
            ["%s calls %s" % (path, call) for call in re.findall(CALLS, code(path))])


files = sorted(glob.glob("*.[ch]") + [path for folder in FOLDERS for path in glob.glob(folder + "/*.[ch]")])
top = {pair(path) for path in files if not os.path.dirname(path)}
check("every room of the top level has a rule", ["no rule for %s" % name for name in sorted({room(path) for path in files})
                                                 if name not in MAY])
check("the top level has at most %d rooms" % TOP_MAX, ["%d: %s" % (len(top | set(FOLDERS)), " ".join(sorted(top | set(FOLDERS))))]
      if len(top | set(FOLDERS)) > TOP_MAX else [])
for name in sorted(MAY):
    check("%s includes only what is below it" % name, [
        "%s includes %s" % (path, to) for path in files if room(path) == name for to in includes(path)
        if pair(path) != pair(to) and to not in MAY[name] and room(to) not in MAY[name]])
check("every included file is named from the top", ["%s includes %s, which is not there" % (path, to)
      for path in files for to in includes(path) if not os.path.exists(to)])
check("no circle of pairs", circles())
for name in PURE:
    check("%s is pure" % name, [trouble for path in files if room(path) == name for trouble in impurities(path)])
print("# %d rooms at the top, %d pairs, %d arrows between rooms, %d between pairs" % (
    len(top | set(FOLDERS)), len({pair(path) for path in files}),
    len({(room(a), room(b)) for a, b in arrows() if room(a) != room(b)}), len(arrows())))
print("1..%d" % number)
sys.exit(failed > 0)
