"""The far sides, for tests and load: each behaves as its platform does and tells the truth about what was heard.

They use the protocol engines but not the call layer, which is checked against them.
"""
