"""The experiments of `make results`, one a file: `run(seeds)` does it in full and returns what is stored, as JSON can hold it.

    criterion  what was measured, and when it counts as solved
    model      what was trained, and how
    runs       one entry a seed, in their order: {"seed": ..., numbers}
    claims     for each published claim that was tried: {"claim", "source", "criterion", "theirs", "ours", "unit", "verdict"};
               `ours` has one number a seed, `verdict` is "reproduced", "in part" or "not reproduced", by a rule in the code

Each `run` also takes its sizes as arguments, so that a test can run it small.
"""
