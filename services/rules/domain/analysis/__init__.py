"""Warnings about rules, before they run: which can never match, come too late, undo each other, or go in circles."""
