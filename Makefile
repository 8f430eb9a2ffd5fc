# An alias: `make test` is `./dev test`. Arguments go through ARGS: make test ARGS="-k power"
COMMANDS := demo test unit integration peers lint format coverage sanity simulator docs build ci clean

help:
	@./dev

$(COMMANDS):
	@./dev $@ $(ARGS)

.PHONY: help $(COMMANDS)
