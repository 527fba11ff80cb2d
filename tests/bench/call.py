"""Calls one function of this package with texts, and says in JSON what it returns.

python -m tests.bench.call MODULE:FUNCTION [ARGUMENT]...
"""

import importlib
import json
import sys

if __name__ == "__main__":
    module, _, function = sys.argv[1].partition(":")
    answer = getattr(importlib.import_module(f"tests.bench.{module}"), function)(*sys.argv[2:])
    json.dump(answer, sys.stdout)
