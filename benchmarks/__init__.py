"""Side-by-side measurements against peers: `make bench`. Start with README.md, then run.py."""
