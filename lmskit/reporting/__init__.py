"""Reports: a notebook is run with parameters, its result exported as a page that needs no network, with its provenance."""
