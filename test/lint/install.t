#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command that a test, a tool or the build calls comes with a package that deps/install names, with what one of these
depends on, or with every Debian. Commands are found as words: in Python at the head of a list, or of a call that runs one;
in shell scripts where a command begins. A word of Python that is no command on this machine counts as missing."""
import ast
import functools
import glob
import os
import re
import shutil
import subprocess
import sys

os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
WORD = re.compile(r"[a-z][a-z0-9_.+-]*\Z")
RUNNERS = ("run", "Popen", "Process", "check_output", "check_call", "call")
GROUPS = {"deps/dist": ["build", "cross", "test"], "deps": ["build"], "test/bench": ["build", "test", "bench"], "test/full": ["build", "cross", "test", "full"],
          "test": ["build", "test"], "tools": ["build", "test", "full"]}
BEGINS = r"(?:^|[|;&(`!]|\$\(|\b(?:then|do|else|exec|if|while|env|xargs)\b)\s*([a-z][a-z0-9_.+-]*)(?=[\s)]|$)"


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def packages(group):
    text = open("deps/install").read()
    body = re.search(r"^\t%s\)\n(.*?)\n\t\t;;" % group, text, flags=re.M | re.S).group(1)
    return re.findall(r"[a-z0-9][a-z0-9.+-]+", body.replace("\\\n", " ").split("echo ")[1])


INSTALLED = {}
PROVIDERS = {}
for line in output("dpkg-query", "-W", "-f",
                   "${Package}|${Essential}|${Priority}|${Depends}, ${Pre-Depends}|${Provides}\n").splitlines():
    name, essential, priority, depends, provides = line.split("|", 4)[:3] + line.split("|", 3)[3].rsplit("|", 1)
    INSTALLED[name] = (essential == "yes" or priority == "required", re.findall(r"[a-z0-9][a-z0-9.+-]+(?=[ :,|(]|$)", depends))
    for virtual in re.findall(r"(?:^|, )([a-z0-9.+-]+)", provides):
        PROVIDERS.setdefault(virtual, []).append(name)


def closure(names):
    """These packages and all that they depend on, as installed here."""
    found, left = set(), list(names)
    while left:
        name = left.pop()
        if name in found:
            continue
        found.add(name)
        left += INSTALLED.get(name, (False, []))[1] + PROVIDERS.get(name, [])
    return found


@functools.lru_cache(maxsize=None)
def allowed(groups):
    always = [name for name, (needed, _) in INSTALLED.items() if needed]
    return closure(always + [name for group in groups for name in packages(group)])


def bin_files():
    """Where a command is -> its packages, with /bin as /usr/bin."""
    found = {}
    for path in glob.glob("/var/lib/dpkg/info/*.list"):
        name = os.path.basename(path)[:-len(".list")].split(":")[0]
        for line in open(path, encoding="utf-8", errors="replace"):
            match = re.match(r"(?:/usr)?(/s?bin/[^/\n]+)\n", line)
            if match:
                found.setdefault(match.group(1), set()).add(name)
    return found


OWNERS = bin_files()


@functools.lru_cache(maxsize=None)
def owners(command):
    """The packages that a command here belongs to; empty for one of nobody's."""
    path = shutil.which(command, path="/usr/sbin:/usr/bin:/sbin:/bin")
    ways = {path, os.path.realpath(path)} if path else ()
    return set().union(*(OWNERS.get(re.sub("^/usr", "", way), set()) for way in ways))


def texts(nodes):
    return [node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else "" for node in nodes]


def python_words(source):
    """(word, whether it is surely a command)"""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.List):
            words = texts(node.elts)
            if len(words) > 1 and WORD.match(words[0]):
                yield words[0], re.match(r"-[a-zA-Z-]", words[1]) is not None
        elif isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            words = texts(node.args)
            if name in RUNNERS and words and WORD.match(words[0]):
                yield words[0], len(words) > 1 and re.match(r"-[a-zA-Z-]", words[1]) is not None


def shell_words(source):
    source = source.replace("\\\n", " ")
    source = re.sub(r"<<-?'?(\w+)'?.*?^\s*\1$", "", source, flags=re.M | re.S)  # another program's text
    source = re.sub(r"'[^']*'|(^|\s)#[^\n]*", r"\1", source, flags=re.S)
    own = set(re.findall(r"^(\w+)\s*\(\)", source, flags=re.M))
    for word in re.findall(BEGINS, source, flags=re.M):
        if word not in own:
            yield word, False


def scripts():
    for path in output("git", "ls-files", "deps", "test", "tools").split():
        if os.path.isfile(path) and not os.path.islink(path):
            head = open(path, "rb").read(100)
            if path.endswith(".py") or b"python3" in head.split(b"\n")[0]:
                yield path, python_words
            elif head.startswith((b"#!/bin/sh", b"#!/bin/bash")):
                yield path, shell_words


number = failed = 0
for path, words in scripts():
    groups = tuple(next(GROUPS[start] for start in sorted(GROUPS, reverse=True) if (path + "/").startswith(start + "/")))
    troubles = set()
    for word, surely in words(open(path, encoding="utf-8").read()):
        if owners(word) and not owners(word) & allowed(groups):
            troubles.add("%s is of %s" % (word, ", ".join(sorted(owners(word)))))
        elif surely and not shutil.which(word):
            troubles.add("%s is not there: name its package" % word)
    number += 1
    failed += bool(troubles)
    print("%sok %d - deps/install %s has what %s calls" % ("not " if troubles else "", number, " ".join(groups), path))
    for trouble in sorted(troubles):
        print("# %s: %s" % (path, trouble), file=sys.stderr)
print("1..%d" % number)
sys.exit(1 if failed else 0)
