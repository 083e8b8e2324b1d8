#!/usr/bin/env python3
"""Grades a file of a lab; grade.sh starts it. The file is compiled beside a pristine copy of the lab, once with
AddressSanitizer and UndefinedBehaviorSanitizer and once for speed, and each check runs in a process of its own."""
import argparse
import concurrent.futures
import csv
import gzip
import hashlib
import io
import json
import os
import platform
import re
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from pathlib import Path

labs = Path(__file__).resolve().parents[1]
ALWAYS, RELEASE, TIMED = "0", "1", "2"  # grading::When
COMMON = ["-std=c++20", "-w", "-g", "-pthread"]  # a warning would hide the error that counts
SANITIZED = ["-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined", "-D_GLIBCXX_ASSERTIONS"]
FAST = ["-O3", "-march=native"]
CHECKS = {"-O1": ["-O0", "-fsanitize=address", "-D_GLIBCXX_ASSERTIONS"], "-O3": ["-O1"]}  # compile in a third of the time
SECONDS = int(os.environ.get("LAB_SECONDS", 60))  # what a check may take
MEMORY, OUTPUT = 4 << 30, 1 << 20
HAND_IN = 16 << 20  # bytes of a hand-in, unpacked
TOOL_SECONDS = 300  # what compiler and linker may take
KEPT = Path(os.environ.get("LAB_CACHE", labs.parents[1] / "build" / "labs"))  # what is compiled once for all


class Unusable(Exception):
    """Why a file cannot be graded."""


def tool(*command):
    """(exit code, what it says) of a compiler, linker or lister on a student's file, which may be anything."""
    def limit():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (256 * OUTPUT, 256 * OUTPUT))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))

    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               start_new_session=True, preexec_fn=limit, env=os.environ | {"LC_ALL": "C.UTF-8"})
    try:
        said = process.communicate(timeout=TOOL_SECONDS)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise Unusable(f"{command[0]} took longer than {TOOL_SECONDS} seconds")
    return process.returncode, said.decode(errors="replace")


class Lab:
    """A lab's own files, compiled once however many hand-ins there are."""

    def __init__(self, name, library=None):
        self.name, self.library, self.objects = name, library, {}
        self.folder = Path(tempfile.mkdtemp(prefix="tinynn-" + name + "-"))
        self.folder.chmod(0o755)
        for part in (name, "support"):
            shutil.copytree(labs / part, self.folder / part, ignore=shutil.ignore_patterns("__pycache__"))
        text = "".join(p.read_text() for p in (self.folder / name).glob("*.[ch]pp"))
        self.uses_library = "#include <tinynn/" in text
        self.digits = None
        if "LAB_DIGITS" in os.environ:  # where nobody may not look, a copy
            self.digits = self.folder / Path(os.environ["LAB_DIGITS"]).name
            shutil.copytree(os.environ["LAB_DIGITS"], self.digits)
        for path in list(self.folder.rglob("*")):  # a hand-in reads them as nobody
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        title = re.search(r"^# (.*)", (self.folder / name / "README.md").read_text())
        self.title = title[1] if title else name

    def compile(self, source, flags, target):
        command = ["g++", *COMMON, *flags, "-I", self.folder / self.name, "-I", labs.parents[1], "-c", source, "-o", target]
        code, said = tool(*command)
        if code != 0:
            errors = "\n".join(said.replace(str(Path(source).parent) + "/", "").splitlines()[:30])
            raise Unusable(f"{Path(source).name} does not compile:\n{errors}")

    def own_objects(self, flags):
        """The lab's own objects. They are kept under a name that says what they were made of, and for which CPU."""
        if flags[0] not in self.objects:
            sources = [p for p in sorted((self.folder / self.name).glob("*.cpp")) if p.stem != self.name]
            sources.append(self.folder / "support" / "grading.cpp")
            made_of = hashlib.sha256(repr((COMMON, flags, CHECKS, versions())).encode())
            for path in sorted(self.folder.rglob("*.[ch]pp")):
                if path != self.folder / self.name / f"{self.name}.cpp":
                    made_of.update(path.relative_to(self.folder).as_posix().encode() + path.read_bytes())
            made_of.update(tool("g++", *flags, "-Q", "--help=target")[1].encode())
            for path in sorted((labs.parents[1] / "tinynn").rglob("*.h*")) if self.uses_library else ():
                made_of.update(path.read_bytes())
            kept = KEPT / f"{self.name}-{made_of.hexdigest()[:16]}"
            if not kept.is_dir():
                kept.parent.mkdir(parents=True, exist_ok=True)
                place = Path(tempfile.mkdtemp(dir=kept.parent))
                place.chmod(0o755)
                with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                    list(pool.map(lambda source: self.compile(
                        source, CHECKS[flags[0]] if source.stem in ("tests", "grading") else flags,
                        place / f"{source.stem}.o"), sources))
                try:
                    place.rename(kept)
                except OSError:  # another grader was faster
                    shutil.rmtree(place)
            self.objects[flags[0]] = [kept / f"{source.stem}.o" for source in sources]
        return self.objects[flags[0]]

    def build(self, source, flags, folder):
        """The checks with the file `source` in them."""
        mine, program = folder / f"{self.name}{flags[0]}.o", folder / f"checks{flags[0]}"
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            theirs = pool.submit(self.own_objects, flags)
            self.compile(source, flags, mine)
            objects = theirs.result()
        libraries = ["-lz"]
        if self.uses_library:
            libraries = [self.library, "-lopenblas", "-lz"]
        code, said = tool("g++", *COMMON, *flags, mine, *objects, *libraries, "-o", program)
        if code != 0:
            missing = sorted(set(re.findall(r"undefined reference to `(?:\w+::)*([^'(]+)", said)))
            twice = sorted(set(re.findall(r"multiple definition of `(?:\w+::)*([^'(]+)", said)))
            raise Unusable(f"{self.name}.cpp does not define " + ", ".join(missing) if missing else
                           f"{self.name}.cpp defines what is the lab's own: " + ", ".join(twice) if twice else
                           "it does not link:\n" + "\n".join(said.splitlines()[:10]))
        return program, mine

    def checks(self):
        """[function, points, when, what] of each, from the checks with the skeleton in them."""
        if not hasattr(self, "listed"):
            program, _ = self.build(self.folder / self.name / f"{self.name}.cpp", SANITIZED, self.folder)
            out = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout
            self.listed = [line.split("\t") for line in out.splitlines()]
        return self.listed

    def wanted(self, timing=True, only=None):
        """[index, function, points, when, what] of those that are to be run."""
        return [(i, *c) for i, c in enumerate(self.checks()) if (timing or c[2] != TIMED) and (not only or c[0] in only)]

    def remove(self):
        shutil.rmtree(self.folder)


def own_symbols(program_object, name, functions):
    """What of the functions the student's own object does not define."""
    _, out = tool("nm", "-C", "--defined-only", program_object)
    return [f for f in functions if not re.search(rf"^[0-9a-f]+ [TW] {name}::(\w+::)*{f}\(", out, re.M)]


def shut_in():
    """The start of a command that runs without network, as nobody."""
    for command in (["unshare", "--net", "--", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"],
                    ["unshare", "--user", "--net", "--"]):
        if subprocess.run([*command, "true"], capture_output=True).returncode == 0:
            return command
    raise Unusable("nobody makes a namespace without network here (unshare --net), which --from wants")


def limits(sanitized):
    resource.setrlimit(resource.RLIMIT_CPU, (2 * SECONDS, 2 * SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * OUTPUT, 64 * OUTPUT))
    if not sanitized:  # AddressSanitizer reserves terabytes
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def run_check(lab, program, index, seed, source, prefix, folder):
    """(share of the points, message or None, notes, what it printed) of one check in one build."""
    sanitized = program.name == "checks-O1"
    place = Path(tempfile.mkdtemp(dir=folder))
    place.chmod(0o777)  # whoever runs the check writes there
    result = place / secrets.token_hex(16)
    environment = {"PATH": os.environ["PATH"], "LAB_DIGITS": str(lab.digits),
                   "TMPDIR": str(place), "HOME": str(place), "OPENBLAS_NUM_THREADS": "1",
                   # handle_abort: where an assertion of the standard library fails, the student's line is said.
                   # tinynn itself is not instrumented, so vectors that cross over look wrong
                   "ASAN_OPTIONS": f"detect_container_overflow={int(not lab.uses_library)}:hard_rss_limit_mb=4096:detect_leaks=0:handle_abort=1"}
    command = [*prefix, program, "run", str(index), str(seed), result, lab.folder / lab.name, source]
    with open(place / "printed", "ab+") as out:
        process = subprocess.Popen(command, cwd=place, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                   start_new_session=True, preexec_fn=lambda: limits(sanitized))
        try:
            process.wait(timeout=SECONDS)
            late = False
        except subprocess.TimeoutExpired:
            late = True
        try:  # with all that it started
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        out.seek(0)
        printed = out.read(OUTPUT).decode(errors="replace").splitlines()[:20]
        out.seek(max(0, os.fstat(out.fileno()).st_size - OUTPUT))
        errors = out.read(OUTPUT).decode(errors="replace")
    if late:
        return 0, f"it took longer than {SECONDS} seconds", [], printed
    lines = result.read_text(errors="replace").splitlines() if result.is_file() and result.stat().st_size < OUTPUT else []
    if process.returncode == 0 and lines and lines[0].startswith("earned "):
        share = float(lines[0].split()[1])
        return share, None if share == 1 else f"earned {share:.0%} of it", lines[1:], printed
    if process.returncode == 0 and lines:
        return 0, lines[0].removeprefix("failed "), lines[1:], printed
    return 0, why_it_ended(process.returncode, errors, lab.name), [], printed


def why_it_ended(code, errors, name):
    found = re.search(r"runtime error: .*|ERROR: AddressSanitizer: .*|Assertion .* failed|terminate called.*", errors)
    if found:
        where = re.search(rf"({name}\.cpp:\d+)", errors)
        return re.sub(r" on (unknown )?address.*| \(pc .*", "", found[0]) + (f" ({where[1]})" if where else "")
    if code == -signal.SIGXFSZ:
        return f"it printed or wrote more than {64 * OUTPUT >> 20} MiB"
    if code < 0:
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it left by itself, with exit code {code}, before the check was over"


def grade(lab, source, seed=1, prefix=(), timing=True, only=None):
    """What a student's file earns: {"lab", "points", "of", "functions", "checks", "seconds"}; "error" where nothing ran."""
    start, source = time.time(), Path(source)
    folder = Path(tempfile.mkdtemp(prefix="tinynn-grade-"))
    folder.chmod(0o755)
    copy = folder / f"{lab.name}.cpp"
    try:
        error, outcomes = None, {}
        checks = lab.wanted(timing, only)
        try:
            if not source.is_file():
                raise Unusable(f"there is no {source}")
            copy.write_bytes(source.read_bytes())
            for flags in (SANITIZED, FAST):
                if flags is FAST and not any(c[3] == RELEASE or outcomes.get(c[0], (1,))[0] > 0 for c in checks):
                    break  # nothing is left to be tried
                program, mine = lab.build(copy, flags, folder)
                missing = own_symbols(mine, lab.name, {c[0] for c in lab.checks()})
                if missing:
                    raise Unusable(f"{lab.name}.cpp does not define " + ", ".join(missing))
                together = [c for c in checks if flags is FAST and c[3] == RELEASE or c[3] == ALWAYS]
                together = [c for c in together if outcomes.get(c[0], (1,))[0] > 0]
                alone = [c for c in checks if flags is FAST and c[3] == TIMED]
                # What is not right earns nothing for its speed.
                wrong = {c[1] for c in checks if c[0] in outcomes and outcomes[c[0]][1]}
                run = lambda c: (c[0], run_check(lab, program, c[0], seed, copy, prefix, folder))
                with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
                    outcomes.update(pool.map(run, together))
                wrong |= {c[1] for c in checks if c[0] in outcomes and outcomes[c[0]][1]}
                for c in alone:
                    outcomes[c[0]] = (0, "not tried, for it is not right yet", [], []) if c[1] in wrong else run(c)[1]
        except Unusable as unusable:
            error, outcomes = str(unusable), {}
        return report(lab, checks, outcomes, error, time.time() - start)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def number(points):
    """Two decimals, none of them for whole points."""
    return int(points) if points == int(points) else round(points, 2)


def report(lab, checks, outcomes, error, seconds):
    functions, rows = {}, []
    for index, function, points, _, what in checks:
        share, message, notes, printed = outcomes.get(index, (0, "not run", [], []))
        row = functions.setdefault(function, {"name": function, "points": 0, "of": 0})
        row["points"] = number(row["points"] + share * int(points))
        row["of"] += int(points)
        rows.append({"function": function, "what": what, "passed": message is None, "points": number(share * int(points)),
                     "of": int(points), "message": message, "notes": notes, "printed": printed})
    result = {"lab": lab.name, "points": number(sum(f["points"] for f in functions.values())),
              "of": sum(f["of"] for f in functions.values()), "functions": list(functions.values()),
              "seconds": round(seconds, 1), "checks": rows}
    return result | ({"error": error} if error else {})


def show(lab, result, prints=False):
    print(f"{lab.title}\n")
    if "error" in result:
        print(result["error"] + "\n")
    for function in result["functions"]:
        print(f"{function['points']:5g} / {function['of']:<3} {function['name']}")
        for check in result["checks"]:
            if check["function"] == function["name"] and "error" not in result:
                if not check["passed"]:
                    print(f"            {check['what']}: {check['message']}")
                print(*(f"            {check['what']}: {note}" for note in check["notes"]), sep="\n", end="\n" if check["notes"] else "")
                for line in check["printed"] if prints else ():
                    print(f"            {check['what']}: prints {line}")
    passed = sum(check["passed"] for check in result["checks"])
    print(f"{result['points']:5g} / {result['of']:<3} points, in {result['seconds']:.0f} s")
    print(f"{passed} passed, {len(result['checks']) - passed} failed")
    return passed == len(result["checks"])


def versions():
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    header = (labs.parents[1] / "CMakeLists.txt").read_text()
    version = re.search(r"project\(\s*tinynn\s+VERSION\s+([0-9.]+)", header)
    return f"tinynn {version[1] if version else '?'}\n{compiler}\n{platform.system()} {platform.machine()}\n"


def pack(lab, source, result, folder):
    """Writes labN-hand-in.tar.gz into the folder."""
    target = folder / f"{lab.name}-hand-in.tar.gz"
    with tempfile.TemporaryDirectory() as place:
        place = Path(place)
        shutil.copy(source, place / f"{lab.name}.cpp")
        (place / f"{lab.name}.json").write_text(json.dumps(result, indent=1) + "\n")
        (place / "versions.txt").write_text(versions())
        with tarfile.open(target, "w:gz") as tar:
            for path in sorted(place.iterdir()):
                tar.add(path, f"{lab.name}/{path.name}")
    return target


def unpack(archive, name, folder):
    """The student's file out of a hand-in, and nothing else of it."""
    try:
        if Path(archive).exists() and not Path(archive).is_file():
            raise Unusable(f"{archive} is no file")
        with open(archive, "rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        with (gzip.open if packed else open)(archive, "rb") as file:
            data = file.read(HAND_IN + 1)  # however much there is
        if len(data) > HAND_IN:
            raise Unusable(f"{archive} holds more than {HAND_IN >> 20} MiB")
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            member = tar.getmember(f"{name}/{name}.cpp")
            if not member.isfile() or member.size > 1 << 20:
                raise Unusable(f"{archive}: {member.name} is no file of at most 1 MiB")
            (folder / f"{name}.cpp").write_bytes(tar.extractfile(member).read())
    except KeyError:
        raise Unusable(f"{archive}: there is no {name}/{name}.cpp in it")
    except tarfile.TarError:
        raise Unusable(f"{archive} is no archive, or a damaged one")
    except (zlib.error, ValueError, OSError, EOFError) as error:
        raise Unusable(f"{archive}: {error}")
    return folder / f"{name}.cpp"


def brief(result):
    """The error in one line."""
    return " ".join(result.get("error", "").splitlines()[:2])


def grade_class(lab, archives, arguments):
    """A line for each hand-in, and a table of them, which is written as it grows."""
    prefix, rows, wanted = shut_in(), [], lab.wanted(arguments.timing, arguments.only)
    if subprocess.run([*prefix, "test", "-r", lab.folder / lab.name / "tests.cpp"]).returncode != 0:
        raise Unusable(f"who is nobody cannot read {lab.folder}; set TMPDIR to a folder that all may enter")
    with open(arguments.csv or os.devnull, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "lab", "points", "of", *dict.fromkeys(c[1] for c in wanted), "seconds", "error"])
        for archive in archives:
            with tempfile.TemporaryDirectory() as place:
                try:
                    source = unpack(archive, lab.name, Path(place))
                    result = grade(lab, source, arguments.seed, prefix, arguments.timing, arguments.only)
                except Exception as error:  # one hand-in shall not cost the others
                    what = str(error) if isinstance(error, Unusable) else f"grade it by hand, the grader has failed: {error!r}"
                    result = report(lab, wanted, {}, what, 0)
            print(f"{result['points']:5g} / {result['of']:<3} {archive}" + ("  " + brief(result) if "error" in result else ""), flush=True)
            rows.append((archive, result))
            table.writerow([archive, result["lab"], result["points"], result["of"], *(f["points"] for f in result["functions"]),
                            result["seconds"], brief(result)])
            file.flush()
    return rows


def main():
    parser = argparse.ArgumentParser(prog="grade.sh", description="Grades one lab: points for each function, and why.")
    parser.add_argument("lab", help="lab1 to lab7")
    parser.add_argument("file", nargs="?", help="the file to grade; by default labN/labN.cpp of the working copy")
    parser.add_argument("--solution", action="store_true", help="grade the solution")
    parser.add_argument("--skeleton", action="store_true", help="grade the skeleton, as nobody has written it")
    parser.add_argument("--no-timing", dest="timing", action="store_false", help="without the points for speed")
    parser.add_argument("--only", metavar="FUNCTION", action="append", help="only the checks of this function")
    parser.add_argument("--prints", action="store_true", help="show what the file prints, the first 20 lines in each check")
    parser.add_argument("--seed", type=int, default=1, help="of the random inputs, from 0 to 999,999,999 (1)")
    parser.add_argument("--json", metavar="FILE", help="write the points there")
    parser.add_argument("--hand-in", action="store_true", help="pack the file and its points into labN-hand-in.tar.gz")
    parser.add_argument("--from", dest="archives", metavar="HAND-IN", nargs="+",
                        help="grade hand-ins, without network and as nobody")
    parser.add_argument("--csv", metavar="FILE", help="with --from: write a table of them there")
    parser.add_argument("--work", metavar="FOLDER", type=Path, default=labs, help=argparse.SUPPRESS)
    parser.add_argument("--library", metavar="FILE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    os.umask(0o022)  # a hand-in is run as nobody
    if not re.fullmatch(r"lab\d", arguments.lab) or not (labs / arguments.lab / "tests.cpp").is_file():
        parser.error(f"there is no {arguments.lab}; there are " + ", ".join(sorted(p.parent.name for p in labs.glob("lab*/tests.cpp"))))
    if not 0 <= arguments.seed < 10**9:
        parser.error(f"the seed is {arguments.seed}, expected 0 to 999,999,999")
    if sum(map(bool, (arguments.file, arguments.solution, arguments.skeleton, arguments.archives))) > 1:
        parser.error("of FILE, --solution, --skeleton and --from there can be one")
    if arguments.hand_in and (arguments.only or arguments.archives or arguments.solution or arguments.skeleton):
        parser.error("--hand-in packs a file of yours with all of its points: leave out --only, --from, --solution and --skeleton")
    if arguments.csv and not arguments.archives:
        parser.error("--csv is for --from")
    for path in (arguments.json, arguments.csv):
        if path and not Path(path).absolute().parent.is_dir():
            parser.error(f"there is no folder for {path}")
    lab = Lab(arguments.lab, arguments.library)
    try:
        functions = dict.fromkeys(check[0] for check in lab.checks())  # in the order of the checks
        for name in arguments.only or ():
            if name not in functions:
                raise Unusable(f"there is no check of {name}; there are " + ", ".join(functions))
        if arguments.archives:
            rows = grade_class(lab, arguments.archives, arguments)
            if len(rows) == 1:
                show(lab, rows[0][1], arguments.prints)
            result = rows[0][1] if len(rows) == 1 else [row[1] for row in rows]
            whole = all(check["passed"] for _, row in rows for check in row["checks"])
        else:
            root = labs / "solution" if arguments.solution else labs / lab.name if arguments.skeleton else arguments.work / lab.name
            source = Path(arguments.file) if arguments.file else root / f"{lab.name}.cpp"
            result = grade(lab, source, arguments.seed, (), arguments.timing, arguments.only)
            if arguments.hand_in and source.is_file():
                print(f"packed into {pack(lab, source, result, Path.cwd())}\n")
            whole = show(lab, result, arguments.prints)
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(result, indent=1) + "\n")
        return 0 if whole else 1
    except Unusable as unusable:
        print(f"{arguments.lab}: {unusable}", file=sys.stderr)
        return 1
    finally:
        lab.remove()


if __name__ == "__main__":
    sys.exit(main())
