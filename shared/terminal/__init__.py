"""How do I say it? Options, progress, signals, one-line errors, exit codes, summaries.

The only place in `shared` that knows click, tqdm, print and exit codes; it decides nothing else.
"""
