#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""deps/install names a package for each program that our scripts call: what they call is looked up on this machine, and the
package that has it must be in the group that is installed for them, or come along with one that is."""

import ast
import os
import re
import shutil
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
os.chdir(TOP)
ENVIRONMENT = dict(os.environ, LC_ALL="C", PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
# Which groups are there when a file is used.
PLACES = [("test/full/", ["build", "cross", "test", "full"]), ("test/bench/", ["build", "test", "bench"]),
          ("test/boot/demo", ["build", "demo"]), ("test/boot/rig.py", ["build", "demo"]),
          ("test/boot/before-demo", ["build"]),
          ("test/boot/fleet.py", ["build", "fleet"]), ("test/boot/layers.py", ["build", "fleet"]),
          ("test/boot/syslogd.py", ["build", "fleet"]), ("test/boot/kernels", ["build", "demo"]),
          ("test/", ["build", "test"]), ("packaging/", ["build", "package"]), ("deps/", ["build"]),
          ("tools/iscsi-init-image", ["build", "test", "full"])]
# Words that only look like a program, and programs that are used where they are.
BUILTIN = {"kill", "test", "echo", "printf", "true", "false", "pwd"}
OTHERS = {"test/boot/image.t": {"mkimage", "dtc"}, "deps/dist": {"git"}, "packaging/deb": {"git"}, "packaging/rpm": {"git"},
          "deps/install": {"systemd", "flex"}}
# They are on each Debian, or it is not one; sudo is used where it is there.
EVERYWHERE = {"apt", "sudo", "login", "passwd", "init-system-helpers"}
SHELL_WORD = re.compile(r"(?:^|[|;&(!`{]|\$\(|\b(?:then|do|else|exec|if|while|until|env|unshare -[a-z]+|xargs)\s)\s*"
                        r"([a-z][a-z0-9_.+-]{1,30})(?=\s|$|\))", re.M)


def say(condition, number, name, lines=()):
    print("%sok %d - %s" % ("" if condition else "not ", number, name))
    for line in lines if not condition else ():
        print("# " + line)
    return condition


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT).stdout


def installed():
    """Package -> the names of what it depends on, and what each name is provided by."""
    needs, provides = {}, {}
    for line in output("dpkg-query", "-W", "-f",
                       "${Package}\t${db:Status-Status}\t${Essential}\t${Pre-Depends}, ${Depends}\t${Provides}\n").splitlines():
        name, status, essential, depends, provided = line.split("\t")
        if status != "installed":
            continue
        needs[name] = [word for word in re.split(r"[,|]\s*", re.sub(r"\([^)]*\)|:any|\s+", "", depends).replace("|", ",")) if word]
        for other in [name] + re.sub(r"\([^)]*\)|\s+", "", provided).split(","):
            provides.setdefault(other, set()).add(name)
        if essential == "yes":
            provides.setdefault("essential", set()).add(name)
    return needs, provides


NEEDS, PROVIDES = installed()


def closure(names):
    found, todo = set(), list(names)
    while todo:
        for package in PROVIDES.get(todo.pop(), ()):
            if package not in found:
                found.add(package)
                todo += NEEDS[package]
    return found


def packages_of(groups):
    script = "set -- ; . /dev/stdin; for group in %s; do packages $group; done" % " ".join(groups)
    with open("deps/install") as file:
        functions = re.search(r"^packages\(\)\n\{.*?^\}\n", file.read(), re.M | re.S).group(0)
    native = "native=$(uname -m | sed 's/aarch64/arm64/; s/^armv.*/armhf/')\n"
    return subprocess.run(["sh", "-ec", script], input=native + functions, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.split()


def shell_words(text):
    text = re.sub(r"(?m)(^|\s)#.*$", "", text)
    text = re.sub(r"\\\n\s*", " ", text)  # a line that goes on
    text = re.sub(r"(?s)<<-?'?(\w+)'?.*?^\s*\1$", "", text, flags=re.M)
    text = re.sub(r"(?s)\bawk\b[^']*'[^']*'|'[^'\n]*'", "''", text)
    functions = set(re.findall(r"(?m)^([a-z_][a-z0-9_-]*)\(\)", text))
    return set(SHELL_WORD.findall(text)) - functions


def python_words(text):
    """The first word of each list or call that begins with a string; strings of several lines are shell."""
    words = set()
    for node in ast.walk(ast.parse(text)):
        first = node.elts[:1] if isinstance(node, ast.List) else node.args[:1] if isinstance(node, ast.Call) and \
            getattr(node.func, "id", getattr(node.func, "attr", "")) in ("run", "output", "inside") else []
        words |= {item.value for item in first if isinstance(item, ast.Constant) and isinstance(item.value, str)}
    return words


def files():
    listed = output("git", "ls-files", "-co", "--exclude-standard").splitlines() or [
        os.path.join(folder, name)[2:] for folder, _, names in os.walk(".") for name in names if not folder.startswith("./build")]
    for path in listed:
        if os.path.isfile(path):
            with open(path, errors="replace") as file:
                text = file.read()
            if path.endswith(".py") or text.startswith("#!/usr/bin/env python3"):
                yield path, python_words(text)
            elif re.match(r"#!/bin/(ba)?sh\b", text):
                yield path, shell_words(text)


def owners():
    """Program -> the package that has it; which of several is the one that an alternative's link leads to."""
    found = {}
    for name in os.listdir(INFO):
        if name.endswith(".list"):
            with open(os.path.join(INFO, name)) as file:
                for path in file.read().splitlines():
                    found[path] = name[:-5].split(":")[0]
    return found


INFO = "/var/lib/dpkg/info"
OWNERS = owners()


def owner_of(word):
    """The package with that program, or None where this machine has no such program."""
    path = shutil.which(word, path=ENVIRONMENT["PATH"]) if re.fullmatch(r"[\w.+-]+", word) else None
    for name in (path, os.path.realpath(path)) if path else ():
        for other in (name, name.replace("/usr/", "/", 1), "/usr" + name):
            if other in OWNERS:
                return OWNERS[other]
    return None


def missing(path, words, groups, have):
    for word in sorted(words - BUILTIN - OTHERS.get(path, set())):
        owner = owner_of(word)
        if owner and owner not in have and owner not in EVERYWHERE:
            yield "%s calls %s: %s is in none of the groups %s" % (path, word, owner, ", ".join(groups))


def main():
    seen, calls, wrong = 0, set(), []
    here = closure({"essential", "make", "perl-base"})
    for path, words in files():
        groups = next((groups for place, groups in PLACES if path.startswith(place)), None)
        if groups is None:
            continue
        seen += 1
        calls |= {word for word in words if owner_of(word)}
        wrong += missing(path, words, groups, here | closure(packages_of(groups)))
    good = say(seen > 60 and {"tgtd", "dnsmasq", "lz4", "mkfs.ext4", "cpio"} <= calls, 1,
               "the scripts are read, and what they call is seen", ["%d scripts: %s" % (seen, " ".join(sorted(calls)))])
    good &= say(not wrong, 2, "deps/install names a package for each program that they call", wrong)
    print("1..2")
    return 0 if good else 1


raise SystemExit(main())
