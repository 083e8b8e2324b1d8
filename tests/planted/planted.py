#!/usr/bin/env python3
"""Reads the planted bugs. As a program it checks that each still applies: planted.py

ROOM.txt holds the bugs of tinynn/ROOM/. An entry is

    [name] what is wrong with it
    file.cpp
    - the text of the code, which occurs exactly once in the file
    + what stands there instead; several lines of either make one text

and, if the tests cannot catch it, a last line `survives: why`. Lines with # are comments. Whoever changes a line that
a bug is planted in changes the bug with it, or plants another where its idea no longer applies."""
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]


class Bug:
    def __init__(self, room, name, title):
        self.room, self.name, self.title = room, room + "." + name, title
        self.path, self.code, self.replacement, self.survives = None, [], [], None

    def problem(self, tree=root):
        """What keeps it from being planted in the tree, or None."""
        if self.path is None or not self.code:
            return "it names no file and no code"
        if not (tree / self.path).is_file():
            return f"there is no {self.path}"
        if self.path.suffix != ".cpp" and self.path.parent.name not in ("simd", "kernels"):
            return f"{self.path} is compiled into the tests, too: they would have to be compiled again"
        if self.code == self.replacement:
            return "it changes nothing"
        times = (tree / self.path).read_text().count("\n".join(self.code))
        if times != 1:
            return f"{self.path} has its text {times} times, expected once"
        return None

    def planted(self, text):
        return text.replace("\n".join(self.code), "\n".join(self.replacement))


def read(path):
    """The bugs of one file. What is no entry ends the program with the line that it is in."""
    bugs = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        bug = bugs[-1] if bugs else None
        head = re.fullmatch(r"\[([a-z0-9-]+)\] (.+)", line)
        if head:
            bugs.append(Bug(path.stem, *head.groups()))
        elif not line or line.startswith("#"):
            continue
        elif bug and line.startswith(("- ", "+ ")):
            (bug.code if line[0] == "-" else bug.replacement).append(line[2:])
        elif bug and line.startswith("survives: "):
            bug.survives = line[len("survives: "):]
        elif bug and bug.path is None and " " not in line:
            bug.path = Path("tinynn", path.stem, line)
        else:
            sys.exit(f"{path.name}:{number}: {line!r} is no part of an entry")
    return bugs


def all_bugs():
    return [bug for path in sorted(Path(__file__).parent.glob("*.txt")) for bug in read(path)]


def main():
    bugs = all_bugs()
    problems = [f"{bug.name}: {problem}" for bug in bugs if (problem := bug.problem())]
    names = [bug.name for bug in bugs]
    problems += [f"{name}: the name is taken" for name in sorted({n for n in names if names.count(n) > 1})]
    rooms = {path.parent.name for path in (root / "tinynn").glob("*/*.cpp")} - {"cli", "distributed"}  # their tests take too long
    problems += [f"{room}: no bug is planted there" for room in sorted(rooms - {bug.room for bug in bugs})]
    print(*problems, f"{len(bugs)} planted bugs, {len(problems)} problems", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
