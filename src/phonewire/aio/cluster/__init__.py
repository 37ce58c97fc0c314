"""What servers share that are one to the outside: which call is where, orders to calls, and signed nonces."""
