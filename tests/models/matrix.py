#!/usr/bin/python3
"""matrix.py SMELT ORACLE [--shapes] [--name NAME]... [--form FORM]... [--opset N]... [--jobs N] [--keep FOLDER]

Every architecture in every form and opset (architectures.py): exported, recognised, and compared with ONNX Runtime by
architecture_test.sh. Prints a table, a row for each architecture and form: "ok", "-" where PyTorch does not export it
or ONNX Runtime finds that the export breaks the standard, or the number of the remark below the table.

--shapes: instead of those, small ones, models of the sizes that hubs have (architectures.SHAPES), in one form and opset.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import architectures  # it skips where PyTorch is absent

HERE = os.path.dirname(os.path.abspath(__file__))
SKIPPED = 77
SHAPES_OPSET = 14
BROKEN = "This is an invalid model"  # ONNX Runtime's words
LARGEST = re.compile(r"largest difference (\S+)")


def export(cell, folder):
    """In this process, since PyTorch takes seconds to load. Why it cannot be done, or None."""
    try:
        architectures.make_cell(cell, folder)
        return None
    except Exception as problem:  # whatever the exporter thinks of
        return str(problem).split("\n", maxsplit=1)[0]


def check(cell, folder, smelt, oracle):
    """Exit code, the largest difference, the lines that say what is wrong."""
    path = os.path.join(folder, cell)
    build = os.path.dirname(os.path.dirname(os.path.abspath(smelt)))
    environment = {**os.environ, "AGREE_CPU": "native", "SMELT_BUILD": build}
    test = subprocess.run([os.path.join(HERE, "architecture_test.sh"), smelt, oracle, path], capture_output=True, text=True,
                          check=False, env=environment)
    output = test.stdout + test.stderr
    largest = max((float(number) for number in LARGEST.findall(output)), default=0.0)
    remarks = [line for line in output.splitlines() if line.strip() and "difference" not in line and "agree" not in line]
    return test.returncode, largest, "; ".join(dict.fromkeys(line for line in remarks if line != "recognised"))


def cells_of(args):
    for name, (_, forms) in architectures.ARCHITECTURES.items():
        if args.shapes != (name in architectures.SHAPES) or (args.name and name not in args.name):
            continue
        for form in ({"merged", "graph"} & set(forms) if args.shapes else forms):
            if args.form and form not in args.form:
                continue
            yield from ((name, form, opset) for opset in args.opset or ([SHAPES_OPSET] if args.shapes else architectures.OPSETS))


def run_cells(args, folder):
    """{(name, form, opset): (kind, largest difference, remark)}; exporting and testing go on side by side."""
    found = {}

    def test(key, cell):
        code, largest, remark = check(cell, folder, args.smelt, args.oracle)
        if code == SKIPPED:
            os._exit(SKIPPED)
        found[key] = ("ok" if code == 0 else "no export" if BROKEN in remark else "failed", largest, remark)
        if not args.keep:
            shutil.rmtree(os.path.join(folder, cell))
        print(f"{cell}: {found[key][0]} {largest:.2g} {remark if code else ''}", flush=True)

    with ThreadPoolExecutor(args.jobs) as pool:
        for key in cells_of(args):
            cell = "-".join(map(str, key))
            problem = export(cell, folder)
            if problem:
                found[key] = ("no export", 0.0, problem)
                print(f"{cell}: no export {problem}", flush=True)
            else:
                pool.submit(test, key, cell)
    return found


def print_table(found):
    opsets = sorted({opset for _, _, opset in found})
    remarks = {}
    print(f"{'':28}" + "".join(f"{opset:>5}" for opset in opsets) + "  largest difference")
    for name, form in dict.fromkeys((name, form) for name, form, _ in found):
        row, largest = f"{name + ' ' + form:28}", 0.0
        for opset in opsets:
            kind, difference, remark = found.get((name, form, opset), ("", 0.0, ""))
            largest = max(largest, difference)
            number = remarks.setdefault(remark, len(remarks) + 1) if kind not in ("", "ok") else None
            row += f"{'-' if kind == 'no export' else 'ok' if kind == 'ok' else number or '':>5}"
        print(f"{row}  {largest:.2g}")
    for remark, number in remarks.items():
        print(f"{number}: {remark}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("smelt")
    parser.add_argument("oracle")
    parser.add_argument("--shapes", action="store_true")
    parser.add_argument("--name", action="append")
    parser.add_argument("--form", action="append")
    parser.add_argument("--opset", action="append", type=int)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", metavar="FOLDER")
    args = parser.parse_args()
    if args.keep:
        found = run_cells(args, args.keep)
    else:
        with tempfile.TemporaryDirectory() as folder:
            found = run_cells(args, folder)
    print_table(found)
    counts = {kind: sum(cell[0] == kind for cell in found.values()) for kind in ("ok", "failed", "no export")}
    print(f"{counts['ok']} ok, {counts['failed']} failed, {counts['no export']} without an export; "
          f"largest difference {max((cell[1] for cell in found.values()), default=0):.2g}")
    sys.exit(not found or counts["failed"] > 0)


if __name__ == "__main__":
    main()
