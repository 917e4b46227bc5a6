"""MiniStack, with what it lacks for this template: `stack.py` starts it by this file.

Each addition is a module beside this one with a function `install()`, and stands in docs/EMULATOR.md.
"""

import keys
import recorder
import versions
from ministack.app import main

if __name__ == "__main__":
    recorder.install()
    keys.install()
    versions.install()
    main()
