"""What an operator sees of calls: counters, spans and log lines."""
