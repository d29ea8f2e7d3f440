"""Bytes that a fuzzer makes, guided by what they reach; see mail.py for how to run it."""
