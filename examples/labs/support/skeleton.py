#!/usr/bin/env python3
"""Writes the skeletons labN/labN.cpp from solution/labN.cpp: skeleton.py [--check] [labN...].

What stands between `// BEGIN SOLUTION name` and `// END SOLUTION` is replaced by `not_written("name");`, or by nothing
where no name is given. --check writes nothing and fails where a skeleton is not what its solution gives."""
import re
import sys
from pathlib import Path

labs = Path(__file__).resolve().parents[1]


def skeleton(solution):
    """The text of a student's file. What has no end, or no beginning, is an error."""
    lines, inside = [], False
    for number, line in enumerate(solution.splitlines(), 1):
        begin = re.fullmatch(r"( *)// BEGIN SOLUTION ?(\w*)", line)
        end = line.strip() == "// END SOLUTION"
        if bool(begin) and inside or end and not inside:
            sys.exit(f"line {number}: {line.strip()!r} does not fit what is before it")
        if begin:
            inside = True
            if begin[2]:
                lines.append(f'{begin[1]}not_written("{begin[2]}");')
        elif end:
            inside = False
        elif not inside:
            lines.append(line)
    if inside:
        sys.exit("the last solution has no // END SOLUTION")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def main(arguments):
    check = "--check" in arguments
    names = [name for name in arguments if name != "--check"]
    wrong = []
    for solution in sorted((labs / "solution").glob("lab*.cpp")):
        if names and solution.stem not in names:
            continue
        path, text = labs / solution.stem / solution.name, skeleton(solution.read_text())
        if not check:
            path.write_text(text)
        elif not path.is_file() or path.read_text() != text:
            wrong.append(f"{path.relative_to(labs)} is not what its solution gives; run support/skeleton.py")
    print(*wrong, sep="\n", end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
