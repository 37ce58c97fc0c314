"""What calls cost a server, how many it carries, and how evenly it speaks, in real time: ``make bench-calls``."""
