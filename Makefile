# A thin wrapper: everything is in bootstrap.py, which also runs where there is no make.
# Further arguments: make run ARGS="--as demo.lecturer@example.org"
PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
  "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && exit; done; echo python3)

TARGETS = run demo setup test test-long test-exhaustive test-browser lint format golden lock clean-notebooks

.PHONY: help $(TARGETS)
help:
	@$(PYTHON) bootstrap.py help
$(TARGETS):
	@$(PYTHON) bootstrap.py $@ $(ARGS)
