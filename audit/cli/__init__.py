"""The command line: parse, call, print, exit. No audit logic lives here."""
