"""Conferences: each leg hears the sum of all others, whatever protocol and sample rate its call has.

``inlet`` brings what a leg says to the mixer's ticks, ``mixer`` adds up and takes away, ``voice`` codes what a leg
hears. ``conference`` has the legs and keeps the time, ``conferences`` makes one for each id that is called.
"""
