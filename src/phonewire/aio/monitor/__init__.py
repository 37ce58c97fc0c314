"""A page on which to see and hear a server's calls while they go on."""
