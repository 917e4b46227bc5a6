"""MiniStack with the features that this template needs and MiniStack lacks: `stack.py` starts it through this file.

Each addition is a module beside this one with a function `install()`, listed in docs/EMULATOR.md.
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
