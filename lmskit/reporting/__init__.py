"""Reports: run a notebook with parameters, and export the result as a page that needs no network and shows its provenance."""
