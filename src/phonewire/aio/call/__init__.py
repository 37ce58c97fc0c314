"""A call: one object for every protocol, and what makes it go on."""
