"""The edge to the terminal: options, progress, one-line errors, exit codes, summary.

The only place in `shared` that knows click, tqdm, print and exit codes.
"""
