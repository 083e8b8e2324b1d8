#!/usr/bin/env python3
"""Plants bugs in the solutions and looks whether the grader takes points for them: grade.sh planted [labN...] [--check].

planted/labN.txt holds the bugs of a lab. An entry is

    [name] what is wrong with it
    function that has to lose points
    - the text of the solution, which occurs exactly once
    + what stands there instead; several lines of either make one text

Prints the points that each bug costs in its function, and exits with 1 if one costs nothing there, or if fewer than 95%
of all do. --check only looks whether each still applies. Timing points are not looked at."""
import argparse
import re
import sys
import tempfile
from pathlib import Path

import grade
from grade import labs


def read(path):
    bugs = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        head = re.fullmatch(r"\[([a-z0-9-]+)\] (.+)", line)
        if head:
            bugs.append({"name": f"{path.stem}.{head[1]}", "title": head[2], "function": None, "code": [], "instead": []})
        elif not line or line.startswith("#"):
            continue
        elif bugs and line[:2] in ("- ", "+ ", "-", "+"):
            bugs[-1]["code" if line[0] == "-" else "instead"].append(line[2:])
        elif bugs and bugs[-1]["function"] is None and re.fullmatch(r"\w+", line):
            bugs[-1]["function"] = line
        else:
            sys.exit(f"{path.name}:{number}: {line!r} is no part of an entry")
    return bugs


def plant(bug, solution):
    """The solution with the bug in it. Ends the program if it does not apply."""
    code, instead = "\n".join(bug["code"]), "\n".join(bug["instead"])
    if not bug["function"] or not code or code == instead or solution.count(code) != 1:
        sys.exit(f"{bug['name']}: the solution has its text {solution.count(code)} times, expected once, and a change of it")
    return solution.replace(code, instead)


def main(arguments):
    parser = argparse.ArgumentParser(prog="grade.sh planted")
    parser.add_argument("labs", nargs="*", default=sorted(p.stem for p in (labs / "planted").glob("*.txt")))
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--library")
    arguments = parser.parse_args(arguments)
    check, names, library = arguments.check, arguments.labs, arguments.library
    tried = caught = 0
    for name in names:
        solution = (labs / "solution" / f"{name}.cpp").read_text()
        bugs = read(labs / "planted" / f"{name}.txt")
        texts = [plant(bug, solution) for bug in bugs]
        if check:
            continue
        lab = grade.Lab(name, library)
        for bug, text in zip(bugs, texts):
            with tempfile.TemporaryDirectory() as place:
                source = Path(place) / f"{name}.cpp"
                source.write_text(text)
                result = grade.grade(lab, source, timing=False, only=[bug["function"]])
            if "error" in result or not result["functions"]:
                sys.exit(f"{bug['name']}: {result.get('error', 'there is no check of ' + bug['function'])}")
            lost = result["of"] - result["points"]
            tried, caught = tried + 1, caught + (lost > 0)
            print(f"{bug['name']:<32} {bug['function']:<22} {-lost:4g} of {result['of']}" + ("" if lost else "  SURVIVES"), flush=True)
        lab.remove()
    if not check:
        print(f"{caught} of {tried} planted bugs lost points in their function")
    return 0 if caught >= 0.95 * tried else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
