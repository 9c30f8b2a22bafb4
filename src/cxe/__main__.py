"""`python -m cxe` is `cxe`."""

from cxe.cli import main

main(prog_name="cxe")
