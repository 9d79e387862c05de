"""Rules for single industries."""
