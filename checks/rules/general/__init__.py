"""Rules for all industries."""
