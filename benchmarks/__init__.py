"""Each file asks one question, and answers it twice.

``python -m benchmarks`` (`make bench`) measures every row of every file against its rival in one process and prints one
table. ``python -m pytest benchmarks/test_… --benchmark-enable`` looks at one question closely.
"""
