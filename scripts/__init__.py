"""Programs that are run from a checkout: setting up, the quality gate, the seed. None belongs to the installed package."""
