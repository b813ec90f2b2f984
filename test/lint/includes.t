#!/usr/bin/env python3
"""Includes go down only: proto/ sees proto/, sys/ sees proto/ and sys/, only main.c sees supervisor.h; no cycle; and
proto/ stays pure: no header and no function that reaches a descriptor, the clock, memory or the way out."""
import glob
import os
import re
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
files = sorted(glob.glob("*.[ch]") + glob.glob("proto/*.[ch]") + glob.glob("sys/*.[ch]"))
number = failed = 0


def check(name, troubles):
    global number, failed
    number += 1
    failed += bool(troubles)
    print(("not " if troubles else "") + "ok %d - %s" % (number, name))
    for trouble in troubles:
        print("# " + trouble)


def code(path):
    text = open(path, encoding="utf-8").read()
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', " ", text, flags=re.S)


def includes(path):
    return re.findall(r'^\s*#\s*include\s+"([^"]+)"', open(path, encoding="utf-8").read(), flags=re.M)


def folder(path):
    return os.path.dirname(path)


def edges(allowed, where):
    return ["%s includes %s" % (path, to) for path in files if folder(path) == where
            for to in includes(path) if folder(to) not in allowed]


def cycles():
    done, path, found = set(), [], []

    def visit(name):
        if name in path:
            found.append(" -> ".join(path[path.index(name):] + [name]))
        elif name not in done and os.path.exists(name):
            path.append(name)
            for to in includes(name):
                visit(to)
            path.pop()
            done.add(name)

    for name in files:
        visit(name)
    return found


HEADERS = r"^\s*#\s*include\s+<((?:unistd|fcntl|time|signal|poll|syslog|pthread|sys/(?!types|param|cdefs).*)\.h)>"
CALLS = (r"\b((?:m|c|re)alloc|free|strdup|open|close|read|write|sendto|recvfrom|socket|time|clock_gettime|gettimeofday"
         r"|getrandom|rand|random|exit|_exit|abort|printf|fprintf|perror|syslog|log_\w+)\s*\(")


def impurities(path):
    text = open(path, encoding="utf-8").read()
    return (["%s includes <%s>" % (path, header) for header in re.findall(HEADERS, text, flags=re.M)] +
            ["%s calls %s" % (path, call) for call in re.findall(CALLS, code(path))])


check("proto/ includes only proto/", edges({"proto"}, "proto"))
check("sys/ includes only proto/ and sys/", edges({"proto", "sys"}, "sys"))
check("the top level includes itself, proto/ and sys/", edges({"", "proto", "sys"}, ""))
check("every included file is named from the top", ["%s includes %s, which is not there" % (path, to)
      for path in files for to in includes(path) if not os.path.exists(to)])
check("only main.c and supervisor.c include supervisor.h", [path for path in files
      if path not in ("main.c", "supervisor.c") and "supervisor.h" in includes(path)])
check("no include cycle", cycles())
check("proto/ is pure", [trouble for path in files if folder(path) == "proto" for trouble in impurities(path)])
print("1..%d" % number)
sys.exit(failed > 0)
