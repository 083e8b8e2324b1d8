#!/usr/bin/env python3
"""What run.sh does with its builds: run.py copy TREE | run.py run FOLDER WORKERS [OPTION | ROOM | BUG | FILE]..."""
import concurrent.futures
import hashlib
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True  # nothing but sources in this folder
import planted  # noqa: E402

enough = 95  # per cent
programs_of = {"core": "tinynn_leaving", "structured": "tinynn_failing_allocation"}  # their rooms' other tests
also = {"autograd": ",gradcheck.*", "ops": ",gradcheck.*"}  # tests of a room under another name


def files_of(root):
    """What a build of the library and its tests needs, no data."""
    folders = [path for name in ("tinynn", "tests") for path in (root / name).rglob("*")]
    data = [path for path in (root / "datasets").iterdir() if path.suffix in (".hpp", ".sh")]
    files = [path.relative_to(root) for path in [root / "CMakeLists.txt", *folders, *data] if path.is_file()]
    return {file for file in files if "planted" not in file.parts and "__pycache__" not in file.parts}


def copy(tree):
    """Makes the tree what the sources are. Files that are the same keep their time, so that little is compiled again."""
    wanted = files_of(planted.root)
    for file in files_of(tree) - wanted if (tree / "datasets").is_dir() else ():
        (tree / file).unlink()
    for file in wanted:
        source, target = planted.root / file, tree / file
        if not target.is_file() or source.read_bytes() != target.read_bytes():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


class Worker:
    """Has a library of its own to plant bugs in; the tests, which link with any, are those of FOLDER/build."""

    def __init__(self, folder, name, seconds, own_room):
        self.own_room = own_room
        self.programs, self.own = folder / "build/tests", folder / name
        self.tree, self.build_folder, self.log = self.own / "tree", self.own / "build", self.own / "last.log"
        empty = folder / "no_data"
        empty.mkdir(exist_ok=True)
        self.environment = {**os.environ, "TINYNN_DATA": str(empty),
                            "LD_LIBRARY_PATH": str(self.build_folder / "tinynn")}
        self.seconds = seconds  # that a program takes without a bug

    def build(self):
        command = ["cmake", "--build", self.build_folder, "--parallel", "1", "--target", "tinynn"]
        with self.log.open("w") as log:
            return subprocess.run(command, stdout=log, stderr=log).returncode == 0

    def tests(self, rooms, first=None):
        """The quick tests for bugs in some rooms, those of one of them first."""
        program = [self.programs / "tinynn_tests", "--abort-after=1"]
        if first is None:
            yield "tinynn_tests", program
        else:
            own = f"{first}.*" + also.get(first, "")
            yield "tinynn_tests", [*program, "--test-case=" + own]
            if self.own_room:
                return
            yield "tinynn_tests", [*program, "--test-case-exclude=" + own]
        yield "tinynn_hostile_files", [self.programs / "tinynn_hostile_files", "500"]
        for room, name in programs_of.items():
            if room in rooms:
                yield name, [self.programs / name]
        if rooms & {"kernels", "program", "export"}:  # exported headers take long to compile
            yield "header_kernels_test.sh", [self.tree / "tests/export/header_kernels_test.sh"]
            yield "header_test.sh", [self.tree / "tests/export/header_test.sh", self.programs / "tinynn_write_headers"]

    def failure(self, rooms, first=None):
        """The name of the first test that fails, or None."""
        for name, command in self.tests(rooms, first):
            limit, start = 60 + 3 * self.seconds.get(name, 600), time.monotonic()
            with self.log.open("wb") as log:
                try:
                    code = subprocess.run(command, stdout=log, stderr=log, env=self.environment, timeout=limit).returncode
                except subprocess.TimeoutExpired:
                    return f"the limit of {limit:.0f} s for {name}"
            if code != 0:
                cases = re.findall(r"TEST CASE:\s+(.+)", self.log.read_text(errors="replace"))
                return f'"{cases[-1].strip()}"' if cases else name
            self.seconds.setdefault(name, time.monotonic() - start)
        return None

    def verdict(self, bug):
        file = self.tree / bug.path
        text = file.read_text()
        file.write_text(bug.planted(text))
        try:
            if not self.build():
                return "ERROR", "it does not compile: " + " ".join(re.findall(r"error: .*", self.log.read_text())[:1])
            caught = self.failure({bug.room}, bug.room)
            return ("caught", "by " + caught) if caught else ("SURVIVED", bug.survives or "not known to")
        finally:
            file.write_text(text)


def chosen(names):
    bugs = planted.all_bugs()
    for name in names:
        if not any(name in (bug.room, bug.name, bug.path.name) for bug in bugs):
            sys.exit(f'planted bugs: there is no "{name}", expected a room, a file or a bug\'s name')
    return [bug for bug in bugs if not names or {bug.room, bug.name, bug.path.name} & set(names)]


class Results:
    """What became of each bug, in a file, for a run that goes on where it was stopped."""

    def __init__(self, file, resume):
        self.file, self.lock = file, threading.Lock()
        self.known = json.loads(file.read_text()) if resume and file.is_file() else {}
        self.counts = {"caught": 0, "SURVIVED": 0, "ERROR": 0}
        self.unexpected = 0

    @staticmethod
    def key(bug):
        return hashlib.sha256(repr((str(bug.path), bug.code, bug.replacement)).encode()).hexdigest()

    def add(self, bug, verdict, why, seconds):
        with self.lock:
            if verdict == "caught":
                self.known[self.key(bug)] = verdict, why
                self.file.write_text(json.dumps(self.known))
            self.counts[verdict] += 1
            self.unexpected += verdict == "ERROR" or (verdict == "SURVIVED") != (bug.survives is not None)
            note = " (said to survive: take that out of its entry)" if verdict == "caught" and bug.survives else ""
            print(f"{bug.name:40} {verdict:8} {seconds:4.0f} s  {why}{note}", flush=True)


def run(folder, workers, arguments):
    bugs = chosen([argument for argument in arguments if not argument.startswith("--")])
    if planted.main() != 0:
        return 1
    results = Results(folder / "results.json", "--resume" in arguments)
    start, seconds = time.monotonic(), {}
    todo = queue.SimpleQueue()
    for bug in bugs:
        todo.put(bug)

    def work(worker):
        while True:
            try:
                bug = todo.get_nowait()
            except queue.Empty:
                return
            began = time.monotonic()
            verdict, why = results.known.get(results.key(bug)) or worker.verdict(bug)
            results.add(bug, verdict, why, time.monotonic() - began)

    team = [Worker(folder, str(k + 1), seconds, "--own-room" in arguments) for k in range(workers)]
    for worker in team:
        if not worker.build():
            sys.exit(f"planted bugs: the library does not compile, see {worker.log}")
    if "--own-room" not in arguments and (failure := team[0].failure({bug.room for bug in bugs})):
        sys.exit(f"planted bugs: without any bug, {failure} fails, see {team[0].log}")
    with concurrent.futures.ThreadPoolExecutor() as pool:
        for done in [pool.submit(work, worker) for worker in team]:
            done.result()
    caught = results.counts["caught"]
    share = 100 * caught / len(bugs)
    print(f"{caught} of {len(bugs)} planted bugs caught ({share:.1f}%) in {time.monotonic() - start:.0f} s;",
          f"{results.unexpected} not as expected")
    return 1 if results.unexpected or share < enough else 0


if __name__ == "__main__":
    action, folder, *rest = sys.argv[1:]
    sys.exit(copy(Path(folder)) if action == "copy" else run(Path(folder), int(rest[0]), rest[1:]))
