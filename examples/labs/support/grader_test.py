#!/usr/bin/env python3
"""What the grader does with files that are not what it hopes for, with hand-ins, and with working copies. On lab 1."""
import csv
import gzip
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

os.environ["LAB_SECONDS"] = "3"  # before grade is read: what a check may take
import grade
import planted
import skeleton
from grade import labs

problems = []


def expect(holds, *what):
    if not holds:
        problems.append(" ".join(str(w) for w in what))


def without(name, code):
    """The skeleton with this code as the body of one function."""
    text = (labs / "lab1" / "lab1.cpp").read_text()
    return "#include <cstdlib>\n#include <cstdio>\n" + text.replace(f'not_written("{name}");', code)


def strange_files(out):
    """Each costs all points of relu_backward and says why."""
    cases = {
        "empty": ("", "lab1.cpp does not define add_backward, backward, "),
        "syntax": ("int x = ;\n", "lab1.cpp:1:9: error: expected"),
        "main": (without("", "") + "int main() {}\n", "lab1.cpp defines what is the lab's own: main"),
        # Prints what the grader would print, and leaves before anything is checked.
        "early": (without("", "") + 'static int early = (std::puts("2 passed, 0 failed"), std::_Exit(0), 0);\n',
                  "it left by itself, with exit code 0"),
        "leaves": (without("relu_backward", "std::exit(0);"), "it left by itself, with exit code 0"),
        "null": (without("relu_backward", "*(volatile int*)8 = 1;"), "(lab1.cpp:"),
        "beyond": (without("relu_backward", "grad_a.values.data()[a.values.size()] = 1;"), "heap-buffer-overflow"),
        "assertion": (without("relu_backward", "grad_a.values[a.values.size()] = 1;"), "failed (lab1.cpp:"),
        "hangs": (without("relu_backward", "for (volatile int i = 0;; i = 1 - i);"), "it took longer than 3 seconds"),
        "throws": (without("relu_backward", 'throw 7;'), "it threw something"),
        "memory": (without("relu_backward", "for (;;) std::memset(std::malloc(1 << 28), 1, 1 << 28);").replace(
            "#include", "#include <cstring>\n#include", 1), ""),
        "prints": (without("relu_backward", 'static char page[1 << 20]; for (;;) std::fwrite(page, sizeof page, 1, stderr);'), "it printed or wrote more than 64 MiB"),
        "nothing": (without("relu_backward", ""), "expected"),
        # The error counts, whatever the compiler warns of before it, and in whatever encoding it is.
        "warns": ("".join(f"int unused{i}() {{ int a; }}\n" for i in range(40)) + "int x = ;\n", "lab1.cpp:41:9: error: expected"),
        "latin-1": (b"#error gr\xfc\xdfe\n", "error: #error gr"),
        "large": (without("", "") + "int table[2000000000] = {1};\n", "does not compile"),
    }
    lab = grade.Lab("lab1")
    for name, (text, reason) in cases.items():
        source = out / f"{name}.cpp"
        source.write_bytes(text if isinstance(text, bytes) else text.encode())
        result = grade.grade(lab, source, only=["relu_backward"])
        said = result.get("error", "") + " ".join(check["message"] or "" for check in result["checks"])
        expect(result["points"] == 0 and result["of"] == 2, name, "has", result["points"], "points")
        expect(reason in said, name, "is said to be:", said)
    result = grade.grade(lab, out / "not-there.cpp", only=["relu_backward"])
    expect(result["points"] == 0 and "there is no" in result["error"], "a file that is not there:", result)
    lab.remove()


def options(out):
    """Those that mean nothing are said so, before anything is graded."""
    for said, *given in (
            ("there is no check of ordr; there are", "--only", "ordr"),
            ("--hand-in packs", "--only", "order", "--hand-in"),
            ("--hand-in packs", "--from", "a.tar.gz", "--hand-in"),
            ("there can be one", "--solution", "--skeleton"),
            ("the seed is -1", "--seed", "-1"),
            ("--csv is for --from", "--csv", "class.csv"),
            ("there is no folder", "--json", "not-there/points.json")):
        code, told = run(labs / "grade.sh", "lab1", *given, cwd=out)
        expect(code != 0 and said in told and "Traceback" not in told, given, "gave", told)
    code, told = run(labs / "grade.sh", "lab1/", cwd=out)
    expect(code == 2 and "there is no lab1/" in told, told)


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def a_student(out):
    """A working copy, one function written, graded, packed."""
    work = out / "my labs"
    expect(run(labs / "new.sh", work, cwd=out)[0] == 0, "no working copy")
    code, said = run(labs / "new.sh", work, cwd=out)
    expect(code == 1 and "is there already" in said, "a working copy over another:", said)
    for link in re.findall(r"]\((.*?)\)", (work / "README.md").read_text()):
        expect((work / link).exists(), "the README of a working copy has a link to what is not there:", link)
    source = work / "lab1" / "lab1.cpp"
    source.write_text(without("relu_backward", "for (std::size_t i = 0; i < a.values.size(); ++i)"
                              " grad_a.values[i] += a.values[i] > 0 ? grad.values[i] : 0;"))
    (work / "lab1" / "tests.cpp").write_text('#error "what is graded is the grader\'s own copy"\n')
    code, said = run(work / "grade.sh", "lab1", "--hand-in", cwd=out)
    expect(code == 1 and "    2 / 2   relu_backward" in said and "    0 / 4   order" in said, said)
    expect(said.splitlines()[-1] == "2 passed, 16 failed", said.splitlines()[-1])
    code, said = run(work / "grade.sh", "lab1", "--only", "relu", cwd=out)
    expect(code == 1 and "there is no check of relu; there are order, backward, " in said, said)
    code, said = run(work / "grade.sh", "lab1", "--hand-in", "--only", "order", cwd=out)
    expect(code == 2 and "leave out --only, --from" in said, said)
    source.write_text(without("relu_backward", 'std::puts("here");'))
    code, said = run(work / "grade.sh", "lab1", "--only", "relu_backward", "--prints", cwd=out)
    expect("prints here" in said, "what is printed is not shown:", said)
    with tarfile.open(out / "lab1-hand-in.tar.gz") as tar:
        names = tar.getnames()
    expect(names == ["lab1/lab1.cpp", "lab1/lab1.json", "lab1/versions.txt"], "the hand-in has", names)


def a_teacher(out):
    """Hand-ins with another seed, shut in; what is none gets 0."""
    (out / "broken.tar.gz").write_text("no archive")
    (out / "lab1").mkdir()
    (out / "lab1" / "lab1.cpp").symlink_to("/etc/passwd")
    with tarfile.open(out / "link.tar.gz", "w:gz") as tar:
        tar.add(out / "lab1", "lab1")
    (out / "folder.tar.gz").mkdir()
    with gzip.open(out / "huge.tar.gz", "wb", 1) as file:
        header = tarfile.TarInfo("lab1/lab1.cpp")
        header.size = 1 << 30
        file.write(header.tobuf())
        for _ in range(64):
            file.write(bytes(1 << 20))
    code, said = run(labs / "grade.sh", "lab1", "--seed", "77", "--csv", "class.csv", "--from", "lab1-hand-in.tar.gz",
                     "broken.tar.gz", "link.tar.gz", "folder.tar.gz", "huge.tar.gz", cwd=out)
    (out / "private").mkdir(0o700)
    _, refused = run("env", f"TMPDIR={out / 'private'}", labs / "grade.sh", "lab1", "--from", "lab1-hand-in.tar.gz", cwd=out)
    expect(os.getuid() != 0 or "set TMPDIR" in refused, "nobody grades in a private folder:", refused)
    if "nobody makes a namespace" in said:
        print("hand-ins were not tried: no namespaces here")
        return
    expect(code == 1 and (out / "class.csv").is_file(), said)
    rows = list(csv.DictReader(open(out / "class.csv")))
    points = [(row["points"], row["relu_backward"], row["order"]) for row in rows]
    expect(points == [("2", "2", "0")] + 4 * [("0", "0", "0")], points, said)
    errors = [row["error"] for row in rows]
    expect(errors[0] == "" and "broken.tar.gz" in errors[1] and "is no file" in errors[2] and
           "is no file" in errors[3] and "more than 16 MiB" in errors[4], errors)


def private_digits(out):
    """Digits that only the teacher may read are read by hand-ins, too."""
    place = out / "generated"
    place.mkdir(0o700)
    (place / "train").write_text("")
    (place / "train").chmod(0o600)
    os.environ["LAB_DIGITS"] = str(place)
    lab = grade.Lab("lab1")
    del os.environ["LAB_DIGITS"]
    for path in (lab.digits, lab.digits / "train", lab.folder / "lab1" / "tests.cpp"):
        expect(path.stat().st_mode & 4, path, "is not for all to read")
    lab.remove()


def shut_in(out):
    """A hand-in reaches no network and is nobody."""
    try:
        prefix = grade.shut_in()
    except grade.Unusable:
        return
    script = "import os, socket, sys; s = socket.socket(); s.settimeout(1); sys.exit(s.connect_ex(('192.0.2.1', 80)) != 101)"
    expect(run(*prefix, "python3", "-c", script, cwd="/")[0] == 0, "a hand-in reaches a network")
    expect(run(*prefix, "id", "-u", cwd="/")[1].strip() == "65534", "a hand-in is not nobody")


def main():
    expect(skeleton.main(["--check"]) == 0, "skeletons are old")
    expect(planted.main(["--check"]) == 0, "planted bugs are old")
    with tempfile.TemporaryDirectory() as out:
        for part in (strange_files, options, a_student, a_teacher, private_digits, shut_in):
            part(Path(out))
    print(*(f"FAILED: {p}" for p in problems), "all is well" if not problems else f"{len(problems)} failed", sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
