"""The work as its users name it: load, run, findings, ledgers; and the command line over it."""
