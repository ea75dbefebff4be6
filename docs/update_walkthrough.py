"""Keeps docs/Walkthrough.md true: its IR is what the tools print.

    update_walkthrough.py [--check] FILE

A fenced block that follows a line `<!-- run: COMMAND -->` is replaced by what
COMMAND prints (a shell command, run beside FILE; with `| part: NAME` at its
end, the one function or op of that symbol name). With --check nothing is
written, and the exit status is 1 if a block differs.
"""
import argparse
import pathlib
import re
import subprocess
import sys

BLOCK = re.compile(r"<!-- run: (?P<run>.*?) -->\n```(?P<language>\w*)\n(?P<text>.*?)```\n", re.S)


def part(text, name):
    """The top-level op whose symbol is @name: from its line to the matching indent."""
    lines = text.splitlines()
    for start, line in enumerate(lines):
        if re.match(rf"\s*\S+ (private )?@{name}\b", line):
            indent = len(line) - len(line.lstrip())
            end = start
            if line.rstrip().endswith("{"):
                end = next(i for i in range(start + 1, len(lines)) if lines[i].startswith(" " * indent + "}"))
            return "\n".join(l[indent:] for l in lines[start : end + 1]) + "\n"
    sys.exit(f"error: no @{name} in the output")


def output(command, folder):
    command, _, name = command.partition("| part: ")
    run = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"error: {command}\n{run.stderr}")
    return part(run.stdout, name.strip()) if name else run.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true")
    parser.add_argument("file", type=pathlib.Path)
    arguments = parser.parse_args()
    old = arguments.file.read_text()
    folder = arguments.file.resolve().parent

    def replace(match):
        text = output(match["run"], folder)
        return f"<!-- run: {match['run']} -->\n```{match['language']}\n{text}```\n"

    new = BLOCK.sub(replace, old)
    if not arguments.check:
        arguments.file.write_text(new)
    elif new != old:
        import difflib

        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "as it stands", "as printed"))
        sys.exit(1)


if __name__ == "__main__":
    main()
