"""The far sides, for tests and load: each behaves as its platform does and tells the truth about what was heard.

Twilio's, das-Peak's and Genesys' speak through the protocol engines, VoIPBIN's and Asterisk's are a second reading of
what the platforms say. No `Call` carries any of them, so that calls are checked against them.
"""
