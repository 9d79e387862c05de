"""Rules as suites of Great Expectations: a second judge of what the engine found, with pages as evidence.

Great Expectations takes seconds to import: nothing but the command that asks for a suite imports
:mod:`checks.suites.judge` and :mod:`checks.suites.cursor`. Rows of ledgers never come from here.
"""
