"""Asking a learning management system over the network: what all systems have in common."""
