"""The compiled core's twin in plain Python: the specification, the oracle of the tests, and the fallback."""
