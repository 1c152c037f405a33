#!/usr/bin/python3
"""most_memory.py FILE COMMAND...: runs it, writes the most memory that was resident, in kB, and ends as it did."""
import os
import sys

child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, usage = os.wait4(child, 0)
with open(sys.argv[1], "w", encoding="ascii") as file:
    print(usage.ru_maxrss, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
