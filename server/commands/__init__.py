"""The subcommands of `facewire`: a module each, with `add_parser(subparsers)` and `run(arguments)`."""
