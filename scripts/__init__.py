"""What is run from a checkout: setting up, the quality gate, the seed. Nothing here belongs to the installed package."""
